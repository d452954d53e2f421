"""Two tickets about one thing become one, and can be taken apart again. Nothing here commits.

No row moves: what was written on the merged ticket stays with it, and the ticket in which it goes
on shows it. So its reply count, its files and its history are as they were, before and afterwards.
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, String, column, func, or_, select, table, update

from portal.accounts.models import User, about
from portal.errors import DomainError, NotAllowed
from portal.events.kinds import Kind
from portal.events.record import caused_by, record
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.permissions import STAFF
from portal.projects.policy import works_in
from portal.tickets.actions import walk_back, walk_to
from portal.tickets.audience import reasons
from portal.tickets.family import above, below
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.policy import Verb, may
from portal.tickets.relations import TicketMerge
from portal.tickets.unsent import Draft

# What somebody is to the ticket in which theirs goes on.
BECOMES = {
    Part.REQUESTER: Part.PARTICIPANT,
    Part.PARTICIPANT: Part.PARTICIPANT,
    Part.ASSIGNEE: Part.WATCHER,
    Part.WATCHER: Part.WATCHER,
}
PLACES = ("reply", "note")
NAMED = 12  # people; of more, only the number is told
_FILES = table("attachments", column("draft", String))


@dataclass(frozen=True)
class Some:
    """People of whom the first are named, and how many there are."""

    people: list[User]
    number: int

    @property
    def more(self) -> int:
        return self.number - len(self.people)


def merge(source: Ticket, into: Ticket, *, actor: User | None) -> None:
    """Let the source go on in the other ticket, under whose key it is found for ever, and close it.

    Its people take part there; what they were before, they stay. Whoever calls this holds both, and
    what was merged into them (`held_together_or_404`). Merged there already, nothing changes.
    Raises DomainError where that would show somebody what is kept from them, and for a source that
    has no way to be closed; NotAllowed for an actor who does not work on both.
    """
    if source.merged_into_id is not None and source.merged_into_id == into.id:
        return
    refuse_to_merge(source, into, actor=actor)
    before = (source.status_id, source.waiting_for)
    merging = record(Kind.TICKET_MERGED, actor=actor, ticket=source, into=_known(into))
    db.session.flush()
    with caused_by(merging):
        walk_to(source, Category.DONE, actor=actor)
    _note(source, into, before, actor=actor)
    absorbing = record(Kind.TICKET_ABSORBED, actor=actor, ticket=into, merged=_known(source))
    db.session.flush()
    with caused_by(absorbing):
        _bring_people(source, into, actor=actor)
    _bring_drafts(source, into)


def refuse_to_merge(source: Ticket, into: Ticket, *, actor: User | None) -> None:
    """Raises DomainError, with the reason, where `merge` would."""
    if source.id == into.id:
        raise DomainError(_("These are one ticket already: %(key)s.", key=into.key))
    for each in (source, into):
        if each.merged_into_id is not None:
            raise DomainError(_("%(key)s was merged into another ticket.", key=each.key))
        if actor and not may(actor, Verb.WORK, each):
            raise NotAllowed(_("You do not work on %(key)s.", key=each.key))
    _refuse_to_show(source, into)


def _refuse_to_show(source: Ticket, into: Ticket) -> None:
    """Of what is confidential, or for the members of a project alone, nobody learns by a merge."""
    is_other_project = source.project.members_only and source.project_id != into.project_id
    if is_other_project:
        raise DomainError(
            _(
                "%(key)s belongs to %(project)s, which is for its members only: it cannot go on elsewhere.",
                key=source.key,
                project=source.project.name,
            )
        )
    if source.is_confidential and newcomers(source, into).number:
        raise DomainError(
            _("%(key)s is confidential, and more people see %(into)s.", key=source.key, into=into.key)
        )
    if into.is_confidential and (some := joining(source, into)).number:
        raise DomainError(
            _(
                "%(into)s is confidential, and %(name)s would see it by that.",
                into=into.key,
                name=some.people[0].name,
            )
        )


def newcomers(source: Ticket, into: Ticket) -> Some:
    """Who does not see the source now, and reads its public replies once it goes on in the other."""
    return _some(_sees(into), ~_sees(source))


def joining(source: Ticket, into: Ticket) -> Some:
    """Who does not see the other ticket now, and does once the source goes on there."""
    return _some(_comes_along(source, into), ~_sees(into))


def losing(source: Ticket, into: Ticket) -> Some:
    """Who sees the source now, and not the ticket in which it would go on."""
    return _some(_sees(source), ~_sees(into), ~_comes_along(source, into))


def _sees(ticket: Ticket) -> ColumnElement[bool]:
    return or_(*reasons(ticket).values())


def _comes_along(source: Ticket, into: Ticket) -> ColumnElement[bool]:
    parts = select(TicketPerson.user_id).where(TicketPerson.ticket_id == source.id)
    asked = parts.where(TicketPerson.part.in_([Part.REQUESTER, Part.PARTICIPANT]))
    works = User.role.in_(STAFF) & works_in(into.project)
    return or_(User.id.in_(asked), User.id.in_(parts) & works)


def _some(*whom: ColumnElement[bool]) -> Some:
    found = select(User, func.count().over()).where(*whom, User.is_active.is_(True))
    rows = db.session.execute(found.order_by(User.sort_name, User.id).limit(NAMED)).all()
    return Some([user for user, _ in rows], rows[0][1] if rows else 0)


def _note(source: Ticket, into: Ticket, before: tuple[int, Any], *, actor: User | None) -> None:
    """What was merged into the source before goes on in the other one too."""
    status_id, waiting_for = before
    db.session.add(
        TicketMerge(
            ticket_id=source.id,
            into_id=into.id,
            status_id=status_id,
            waiting_for=waiting_for,
            merged_by_id=actor.id if actor else None,
        )
    )
    source.merged_into_id = into.id
    db.session.flush()
    _lead(below(source.id), into.id)


def _lead(ids: list[int], into_id: int) -> None:
    """These go on in that ticket."""
    for each in db.session.scalars(select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id)):
        each.merged_into_id = into_id
    db.session.flush()


def _bring_people(source: Ticket, into: Ticket, *, actor: User | None) -> None:
    """They take part, and the audit trail has it; whoever has that part there keeps their own."""
    there = {(row.user_id, row.part) for row in _parts(into.id)}
    coming = _users(_comes_along(source, into))
    for user_id, part in sorted({(row.user_id, BECOMES[row.part]) for row in _parts(source.id)}):
        if user_id not in coming or (user_id, part) in there or user_id == into.requester_id:
            continue
        row = TicketPerson(user_id=user_id, ticket_id=into.id, part=part, merged_from_id=source.id)
        db.session.add(row)
        if part == Part.PARTICIPANT:
            record(Kind.PARTICIPANT_ADDED, actor=actor, ticket=into, **about(coming[user_id]))
    db.session.flush()


def _parts(ticket_id: int) -> list[TicketPerson]:
    found = select(TicketPerson).where(TicketPerson.ticket_id == ticket_id)
    return list(db.session.scalars(found.order_by(TicketPerson.user_id, TicketPerson.part)))


def _users(*which: ColumnElement[bool]) -> dict[int, User]:
    return {user.id: user for user in db.session.scalars(select(User).where(*which))}


def _bring_drafts(source: Ticket, into: Ticket) -> None:
    """What people have half written, and the files they have sent for it, is for where they go on now."""
    for place in PLACES:
        old, new = f"{source.key}:{place}", f"{into.key}:{place}"
        begun = {draft.user_id: draft for draft in _drafts(new)}
        for draft in _drafts(old):
            if draft.user_id in begun:
                _append(begun[draft.user_id], draft)
                db.session.delete(draft)
            else:
                draft.scope = new
        sent = update(_FILES).where(_FILES.c.draft == f"{source.id}:{place}")
        db.session.execute(sent.values(draft=f"{into.id}:{place}"))
    db.session.flush()


def _drafts(scope: str) -> list[Draft]:
    return list(db.session.scalars(select(Draft).where(Draft.scope == scope).with_for_update()))


def _append(draft: Draft, other: Draft) -> None:
    texts = (draft.content.get("body", ""), other.content.get("body", ""))
    draft.content = draft.content | {"body": "\n\n".join(filter(None, texts))}


# And apart again.


def unmerge(source: Ticket, *, actor: User | None) -> None:
    """Make it a ticket of its own again, with the status that it had.

    What was merged into it goes with it, and whoever takes part in the other only by that, does no
    more. What was said there since stays there. Whoever calls this holds the ticket in which it
    goes on, and all that was merged into that (`held_with_merged_or_404`). A ticket that was not
    merged stays as it is.
    """
    merged = db.session.get(TicketMerge, source.id)
    if merged is None:
        return
    into = db.session.get_one(Ticket, source.merged_into_id)
    if actor and not may(actor, Verb.WORK, into):
        raise NotAllowed(_("You do not work on %(key)s.", key=into.key))
    former, status, waiting_for = above(source.id), merged.status, merged.waiting_for
    db.session.delete(merged)
    source.merged_into_id = None
    db.session.flush()
    _lead(below(source.id), source.id)

    parting = record(Kind.TICKET_UNMERGED, actor=actor, ticket=source, into=_known(into))
    db.session.flush()
    with caused_by(parting):
        walk_back(source, status, actor=actor, waiting_for=waiting_for)
    releasing = record(Kind.TICKET_RELEASED, actor=actor, ticket=into, merged=_known(source))
    db.session.flush()
    with caused_by(releasing):
        for ticket_id in former:
            _let_go(ticket_id, into, actor=actor)


def _let_go(ticket_id: int, shown: Ticket, *, actor: User | None) -> None:
    """Take from that ticket those who came along with none of what is merged into it now."""
    given = [row for row in _parts(ticket_id) if row.merged_from_id is not None]
    by_whom = _givers(below(ticket_id))
    people = _users(User.id.in_({row.user_id for row in given}))
    for row in given:
        giver = by_whom.get((row.user_id, row.part))
        if giver is not None:
            row.merged_from_id = giver
            continue
        db.session.delete(row)
        if row.part == Part.PARTICIPANT and ticket_id == shown.id:
            record(Kind.PARTICIPANT_REMOVED, actor=actor, ticket=shown, **about(people[row.user_id]))
    db.session.flush()


def _givers(ids: list[int]) -> dict[tuple[int, Part], int]:
    """Which of these tickets brings somebody along, by who that is and as what."""
    own = select(TicketPerson).where(TicketPerson.ticket_id.in_(ids), TicketPerson.merged_from_id.is_(None))
    rows = db.session.scalars(own.order_by(TicketPerson.ticket_id.desc()))
    return {(row.user_id, BECOMES[row.part]): row.ticket_id for row in rows}


def _known(ticket: Ticket) -> dict[str, Any]:
    return {"id": ticket.id, "label": ticket.key}
