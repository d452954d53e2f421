"""What rules and macros do to tickets, each by the action that a person's click takes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.models import Status
from portal.organizations.models import Team
from portal.projects.models import TicketCategory
from portal.projects.policy import is_shut
from portal.rules.choosing import least_loaded, next_in_turn
from portal.rules.inputs import Choose, LongText, Number, Somebody, Tags
from portal.rules.registry import Effect, Values
from portal.tickets import actions, called, comments, deadlines, tagging
from portal.tickets.models import Priority, Ticket, TicketType, WaitingFor
from portal.tickets.vocabulary import Named, vocabulary

NOTE_LIMIT = 20_000
YEAR = 24 * 366  # hours


def teams() -> list[tuple[str, str]]:
    return [(str(team.id), team.label) for team in vocabulary().teams]


def _statuses() -> Iterable[tuple[str, str]]:
    """Of all lifecycles; those of one name are one."""
    known: dict[str, Named] = {}
    for status in vocabulary().statuses:
        known.setdefault(status.name, status)
    return [(name, status.label) for name, status in known.items()]


def _reasons() -> list[tuple[str, str]]:
    return [(each.value, each.label) for each in WaitingFor]


def _categories() -> list[tuple[str, str]]:
    keys = {project.id: project.name for project in vocabulary().projects}
    return [
        (str(each.id), f"{each.label} ({keys[each.project_id]})" if each.project_id in keys else each.label)
        for each in vocabulary().categories
        if each.is_current
    ]


TEAM = Choose(
    "team", _l("Team"), teams, gone=_l("The team “%(name)s” is not there any more."), names_rows=True
)


class SetPriority(Effect):
    name, label = "priority", _l("Set the priority")
    inputs = (Choose("priority", _l("Priority"), lambda: [(p.value, p.label) for p in Priority]),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, priority=Priority(values["priority"]["id"]))


class SetType(Effect):
    name, label = "type", _l("Set the type")
    inputs = (Choose("type", _l("Type"), lambda: [(kind.value, kind.label) for kind in TicketType]),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, type=TicketType(values["type"]["id"]))


class SetCategory(Effect):
    name, label = "category", _l("Set the category")
    inputs = (
        Choose(
            "category",
            _l("Category"),
            _categories,
            gone=_l("The category “%(name)s” is archived or not there any more."),
            names_rows=True,
        ),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, category=row(TicketCategory, values["category"]))


class TakeFromCategory(Effect):
    name, label = "no_category", _l("Take from its category")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.edit(ticket, actor=actor, category=None)


class SetDue(Effect):
    name, label = "due", _l("Set when it is due")
    inputs = (
        Number(
            "hours",
            _l("Hours from then"),
            least=1,
            most=YEAR,
            is_optional=True,
            hint=_l("Empty: no due date."),
        ),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        hours = values.get("hours")
        minute = clock.now().replace(second=0, microsecond=0)
        deadlines.set_due(ticket, minute + timedelta(hours=hours) if hours else None, actor=actor)

    def said(self, values: Values) -> str:
        hours = values.get("hours")
        return _("in %(hours)s hours", hours=hours) if hours else _("no due date")


class Assign(Effect):
    name, label = "assign", _l("Assign to a person")
    inputs = (Somebody("person", _l("Person"), hint=_l("Name or mail address")),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.assign(ticket, row(User, values["person"]), actor=actor)


class Unassign(Effect):
    name, label = "unassign", _l("Take from its assignee")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.assign(ticket, None, actor=actor)


class AssignTeam(Effect):
    name, label = "team", _l("Give to a team")
    inputs = (TEAM,)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.assign_team(ticket, row(Team, values["team"]), actor=actor)


class TakeFromTeam(Effect):
    name, label = "no_team", _l("Take from its team")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.assign_team(ticket, None, actor=actor)


class AssignInTurn(Effect):
    name, label = "in_turn", _l("Assign to a team’s people in turn")
    inputs = (TEAM,)
    hint = _l("Whoever is there and was given one the longest ago. Is nobody there, it waits in the team.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        team = row(Team, values["team"])
        actions.assign_team(ticket, team, actor=actor)
        if person := next_in_turn(team, ticket):
            actions.assign(ticket, person, actor=actor)


class AssignLeastLoaded(Effect):
    name, label = "least_loaded", _l("Assign to whoever has least to do in a team")
    inputs = (TEAM,)
    hint = _l("Whoever is there with the fewest open tickets. Is nobody there, it waits in the team.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        team = row(Team, values["team"])
        actions.assign_team(ticket, team, actor=actor)
        if person := least_loaded(team, ticket):
            actions.assign(ticket, person, actor=actor)


class MoveStatus(Effect):
    """The status is known by its name: tickets of several lifecycles have different ones of it."""

    name, label = "status", _l("Change the status")
    inputs = (
        Choose("status", _l("Status"), _statuses, gone=_l("The status “%(name)s” is not there any more.")),
        Choose(
            "waiting_for",
            _l("Waits for"),
            _reasons,
            is_optional=True,
            hint=_l("Where it is a status of waiting."),
        ),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        wanted, reason = values["status"], values.get("waiting_for")
        its_own = Status.lifecycle_id == ticket.project.lifecycle_id
        status = db.session.scalar(select(Status).where(its_own, Status.name == wanted["id"]))
        if status is None:
            raise DomainError(_("There is no status “%(status)s” in its project.", status=wanted["label"]))
        waiting_for = WaitingFor(reason["id"]) if reason else None
        actions.change_status(ticket, status, actor=actor, waiting_for=waiting_for)


class WaitFor(Effect):
    name, label = "waiting_for", _l("Change what it waits for")
    inputs = (Choose("waiting_for", _l("Waits for"), _reasons),)
    hint = _l("Of a ticket in a status of waiting")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        actions.wait_for(ticket, WaitingFor(values["waiting_for"]["id"]), actor=actor)


class AddTags(Effect):
    name, label = "add_tags", _l("Put tags on it")
    inputs = (Tags("tags", _l("Tags"), hint=_l("With commas between them")),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        now = tagging.living(ticket.tag_ids).values()
        tagging.change_tags(ticket, list(dict.fromkeys([*now, *values["tags"]])), actor=actor)


class RemoveTags(Effect):
    name, label = "remove_tags", _l("Take tags off it")
    inputs = (Tags("tags", _l("Tags"), hint=_l("With commas between them")),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        now = tagging.living(ticket.tag_ids)
        meant = called.tags(values["tags"]).values()
        gone = {tag_id for found in meant for tag in found for tag_id in tag.meaning}
        tagging.change_tags(ticket, [name for tag_id, name in now.items() if tag_id not in gone], actor=actor)


class AddWatcher(Effect):
    name, label = "watcher", _l("Add a watcher")
    inputs = (Somebody("person", _l("Person"), hint=_l("Name or mail address")),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        person = row(User, values["person"])
        if not actions.works_here(person) or is_shut(ticket.project, person):
            raise DomainError(_("%(name)s does not work on tickets of its project.", name=person.name))
        actions.watch(ticket, person, actor=actor)


class AddNote(Effect):
    name, label = "note", _l("Add an internal note")
    inputs = (LongText("body", _l("Note"), most=NOTE_LIMIT),)

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        comments.add_note(ticket, values["body"], author=actor)


def row(model: Any, value: dict[str, Any]) -> Any:
    """The row that was meant. Raises DomainError where it is not there any more."""
    found = db.session.get(model, int(value["id"]))
    if found is None:
        raise DomainError(_("“%(name)s” is not there any more.", name=value["label"]))
    return found


EFFECTS_ON_FIELDS = (
    SetPriority(),
    SetType(),
    SetCategory(),
    TakeFromCategory(),
    SetDue(),
    Assign(),
    AssignTeam(),
    AssignInTurn(),
    AssignLeastLoaded(),
    Unassign(),
    TakeFromTeam(),
    MoveStatus(),
    WaitFor(),
    AddTags(),
    RemoveTags(),
    AddWatcher(),
    AddNote(),
)
