"""What can be done to many tickets: to each of them by the same actions as in its own menus.

An act knows its values (`what`: plain enough to be kept), how a ticket is held for it, what it will
have changed (`before`), and the way back. Nothing here commits.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from werkzeug.exceptions import NotFound

from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Team
from portal.rules.macros import apply_macro, macro_or_none
from portal.tickets import actions, comments, merging, spam, tagging, wishes
from portal.tickets.hiding import Hidden
from portal.tickets.lists import is_open
from portal.tickets.models import Priority, Ticket, WaitingFor
from portal.tickets.policy import refuse_spam
from portal.tickets.queries import get_work_or_404, held_together_or_404, held_with_merged_or_404
from portal.tickets.tags import Tag
from portal.tickets.vocabulary import vocabulary

What = dict[str, Any]
GONE = _l("It is not merged any more.")


class Act(ABC):
    """One of them. `key` presses its button; what has no undo says so before it is done."""

    name: str
    label: Any
    glyph: str
    key = ""
    has_undo = True
    no_undo = _l("A note cannot be taken back.")  # what is said where there is none
    counts_always = False  # that it was done shows in no field of the ticket
    is_of_spam = False  # of tickets that are marked as such: nothing else is done to them

    def hold(self, key: str, what: What, *, by: User) -> Ticket:
        """The ticket of that key, locked. Raises NotFound, or DomainError for one they do not work on."""
        return get_work_or_404(key, seen_by=by, to_change=True)

    def hold_again(self, ticket_id: int, *, by: User) -> Ticket:
        """The same ticket, to be given back what it had: whoever gave it to a team by mistake may not
        see it just now, so whether they work on it is asked afterwards."""
        ticket = _held(ticket_id)
        refuse_spam(ticket)
        return ticket

    @abstractmethod
    def before(self, ticket: Ticket) -> What:
        """What it is about to change, as the ticket has it."""

    @abstractmethod
    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        """Raises DomainError where the single menu would."""

    @abstractmethod
    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        """Raises DomainError where what it had is not to be had any more."""

    def is_so(self, what: What) -> ColumnElement[bool]:
        """The tickets on which it would change nothing."""
        return false()


class Assign(Act):
    name, label, glyph, key = "assign", _l("Assign"), "user", "a"

    def before(self, ticket: Ticket) -> What:
        return {"assignee_id": ticket.assignee_id}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        actions.assign(ticket, _row(User, what["assignee_id"]), actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        self.apply(ticket, before, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return Ticket.assignee_id.is_not_distinct_from(what["assignee_id"])


class GiveToTeam(Act):
    name, label, glyph, key = "team", _l("Team"), "users", "t"

    def before(self, ticket: Ticket) -> What:
        return {"team_id": ticket.team_id}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        actions.assign_team(ticket, _row(Team, what["team_id"]), actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        self.apply(ticket, before, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return Ticket.team_id.is_not_distinct_from(what["team_id"])


class SetPriority(Act):
    name, label, glyph, key = "priority", _l("Priority"), "is-high", "p"

    def before(self, ticket: Ticket) -> What:
        return {"priority": ticket.priority.value}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, priority=Priority(what["priority"]))

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        self.apply(ticket, before, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return Ticket.priority == Priority(what["priority"])


class _OfStatus(Act):
    """The way back leads to the status at once, also where the lifecycle has no such step: an undo
    moves nothing along, it restores what was."""

    def before(self, ticket: Ticket) -> What:
        return {
            "status_id": ticket.status_id,
            "waiting_for": ticket.waiting_for,
            "closed_at": ticket.closed_at.isoformat() if ticket.closed_at else None,
        }

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        waiting_for, closed_at = before["waiting_for"], before["closed_at"]
        actions.put_back(
            ticket,
            db.session.get_one(Status, before["status_id"]),
            actor=actor,
            waiting_for=WaitingFor(waiting_for) if waiting_for else None,
            closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
        )


class ChangeStatus(_OfStatus):
    """The status is known by its name: tickets of several lifecycles have different ones of it."""

    name, label, glyph, key = "status", _l("Status"), "is-active", "s"

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        called = select(Status).where(
            Status.lifecycle_id == ticket.project.lifecycle_id, Status.name == what["status"]
        )
        status = db.session.scalar(called)
        if status is None:
            raise DomainError(
                _("There is no status “%(status)s” in its project.", status=status_called(what["status"]))
            )
        reason = WaitingFor(what["waiting_for"]) if what["waiting_for"] else None
        actions.change_status(ticket, status, actor=actor, waiting_for=reason)

    def is_so(self, what: What) -> ColumnElement[bool]:
        waits = Ticket.waiting_for == what["waiting_for"] if what["waiting_for"] else true()
        called = select(Status.id).where(Status.name == what["status"]).correlate(None)
        return and_(Ticket.status_id.in_(called), waits)


class Close(_OfStatus):
    """By whatever steps its lifecycle has that are the actor's."""

    name, label, glyph = "close", _l("Close"), "check"

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        wishes.walk(ticket, Category.DONE, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return ~is_open()


class ChangeTags(Act):
    name, label, glyph, key = "tags", _l("Tags"), "label", "l"

    def before(self, ticket: Ticket) -> What:
        return {"tag_ids": list(ticket.tag_ids)}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        now = tagging.living(ticket.tag_ids)
        gone = tagging.living(db.session.scalars(_tags(what["remove"])))
        kept = [name for tag_id, name in now.items() if tag_id not in gone]
        tagging.change_tags(ticket, list(dict.fromkeys([*kept, *what["add"]])), actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        """As far as there are those tags still."""
        tagging.change_tags(ticket, list(tagging.living(before["tag_ids"]).values()), actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        added = list(db.session.scalars(_tags(what["add"])))
        if len(added) < len(what["add"]):
            return false()  # some are yet to be made
        gone = list(db.session.scalars(_tags(what["remove"])))
        lacks = ~Ticket.tag_ids.overlap(gone) if gone else true()
        return and_(Ticket.tag_ids.contains(added), lacks)


class AddNote(Act):
    """What is written stays written: there is no way back."""

    name, label, glyph, key = "note", _l("Note"), "lock", "n"
    has_undo = False
    counts_always = True

    def before(self, ticket: Ticket) -> What:
        return {}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        comments.add_note(ticket, what["body"], author=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        raise DomainError(_("A note cannot be taken back."))


class Merge(Act):
    """Each of them goes on in one other ticket. All that were merged into either are held together."""

    name, label, glyph, key = "merge", _l("Merge"), "merge", "m"
    counts_always = True

    def hold(self, key: str, what: What, *, by: User) -> Ticket:
        into_key = db.session.scalar(select(Ticket.key).where(Ticket.id == what["into_id"]))
        if into_key is None:
            raise DomainError(_("%(key)s was deleted meanwhile.", key=what["label"]))
        return held_together_or_404(key, into_key, seen_by=by)[0]

    def hold_again(self, ticket_id: int, *, by: User) -> Ticket:
        ticket = super().hold_again(ticket_id, by=by)
        if ticket.merged_into_id is None:
            raise DomainError(str(GONE))
        into_key = db.session.scalars(select(Ticket.key).where(Ticket.id == ticket.merged_into_id)).one()
        db.session.rollback()  # they are held by ascending id, so that nobody waits for each other
        held_with_merged_or_404(into_key, seen_by=by)
        return super().hold_again(ticket_id, by=by)

    def before(self, ticket: Ticket) -> What:
        return {"merged_into_id": None}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        merging.merge(ticket, db.session.get_one(Ticket, what["into_id"]), actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        if ticket.merged_into_id is None:
            raise DomainError(str(GONE))
        merging.unmerge(ticket, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return or_(Ticket.id == what["into_id"], Ticket.merged_into_id.is_not_distinct_from(what["into_id"]))


class ApplyMacro(Act):
    """What it says is too many things to be taken back at once."""

    name, label, glyph = "macro", _l("Macro"), "bolt"
    has_undo = False
    no_undo = _l("What a macro did cannot be taken back at once.")
    counts_always = True

    def before(self, ticket: Ticket) -> What:
        return {}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        macro = macro_or_none(what["rule_id"])
        if macro is None:
            raise DomainError(_("The macro “%(name)s” is not there any more.", name=what["label"]))
        apply_macro(macro, ticket, actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        raise DomainError(str(self.no_undo))


class MarkSpam(Act):
    """Marked by somebody else already, it is theirs: an undo would take it from them."""

    name, label, glyph = "spam", _l("Spam"), "stop"

    def hold(self, key: str, what: What, *, by: User) -> Ticket:
        return get_work_or_404(key, seen_by=by, to_change=True, even_spam=True)

    def hold_again(self, ticket_id: int, *, by: User) -> Ticket:
        return _held(ticket_id)

    def before(self, ticket: Ticket) -> What:
        return {}

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        spam.mark(ticket, actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        spam.unmark(ticket, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return Ticket.hidden_as.is_not(None)


class UnmarkSpam(Act):
    """The only act on spam. An undo marks it as whoever had marked it, and when."""

    name, label, glyph = "not_spam", _l("Not spam"), "undo"
    is_of_spam = True

    def hold(self, key: str, what: What, *, by: User) -> Ticket:
        return get_work_or_404(key, seen_by=by, to_change=True, even_spam=True)

    def before(self, ticket: Ticket) -> What:
        return spam.mark_of(ticket)

    def apply(self, ticket: Ticket, what: What, *, actor: User) -> None:
        spam.unmark(ticket, actor=actor)

    def restore(self, ticket: Ticket, before: What, *, actor: User) -> None:
        spam.mark_again(ticket, before, actor=actor)

    def is_so(self, what: What) -> ColumnElement[bool]:
        return Ticket.hidden_as.is_(None)


ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Assign(),
        ChangeStatus(),
        SetPriority(),
        ChangeTags(),
        GiveToTeam(),
        AddNote(),
        ApplyMacro(),
        Merge(),
        Close(),
        MarkSpam(),
        UnmarkSpam(),
    )
}


def acts_on(*, spam: bool) -> list[Act]:
    """What a list offers: of spam, nothing but the way back; elsewhere nothing is to be brought back."""
    return [act for act in ACTS.values() if act.is_of_spam is spam]


def _held(ticket_id: int) -> Ticket:
    """Raises NotFound for one that is deleted for good."""
    held = select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket)
    ticket = db.session.scalar(held.execution_options(populate_existing=True))
    if ticket is None or ticket.hidden_as is Hidden.DELETED:
        raise NotFound
    return ticket


def status_called(name: str) -> str:
    """How people read the status of that name."""
    return next((status.label for status in vocabulary().statuses if status.name == name), name)


def _row(model: Any, row_id: int | None) -> Any:
    """The row of that id; None for no id at all."""
    return None if row_id is None else db.session.get_one(model, row_id)


def _tags(names: list[str]) -> Any:
    """The ids of the tags that these names mean, as far as there are any."""
    return select(func.coalesce(Tag.merged_into_id, Tag.id)).where(Tag.name.in_(names))
