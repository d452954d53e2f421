"""The stories of `stories.toml`: what people asked, and what was done about it.

A story begins `days` days ago, at `at` o'clock in the desk's zone or else that
many days before now. Each step of `then` says what happens, by whom, and how
many hours after the step before; it goes through the real action.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.projects.models import Project
from portal.seeding.files import send_file
from portal.tickets import actions, comments, links, moving, participants, rating
from portal.tickets.deadlines import set_due
from portal.tickets.models import Comment, ExternalTicket, Priority, Ticket, TicketType, WaitingFor
from portal.tickets.relations import Relation
from portal.tickets.tagging import change_tags
from portal.tickets.tags import tag_names

FILE = Path(__file__).parent / "stories.toml"
People = Mapping[str, User]


@dataclass(frozen=True)
class Step:
    verb: str
    by: str
    after: float = 0.3  # hours
    to: str = ""
    text: str = ""
    reason: WaitingFor | None = None
    priority: Priority | None = None
    score: int = 0  # of 5
    file: str = ""  # what comes with a reply or note: one of the demo files
    days: float = 0  # until it is due

    def happen(self, ticket: Ticket, people: People) -> None:
        VERBS[self.verb](self, ticket, people[self.by], people)


@dataclass(frozen=True)
class Story:
    """A ticket and what became of it. `name` is its id in the world: written once, never changed."""

    name: str
    by: str
    days: float
    title: str
    text: str = ""
    project: str = "IT"
    topic: str | None = None
    priority: Priority = Priority.MEDIUM
    type: TicketType = TicketType.INCIDENT
    at: str | None = None
    confidential: bool = False
    files: tuple[str, ...] = ()  # of the demo files
    then: tuple[Step, ...] = ()


def all_stories() -> list[Story]:
    return [_story(name, told) for name, told in tomllib.loads(FILE.read_text()).items()]


def _story(name: str, told: dict[str, Any]) -> Story:
    steps = tuple(_step(step) for step in told.pop("then", ()))
    priority = Priority(told.pop("priority", Priority.MEDIUM))
    kind = TicketType(told.pop("type", TicketType.INCIDENT))
    return Story(name, priority=priority, type=kind, then=steps, **told)


def _step(told: dict[str, Any]) -> Step:
    """`{ waits = "hana", for = "requester", after = 0.1 }`: the verb is the key that is one."""
    verb = next(key for key in told if key in VERBS)
    by = told.pop(verb)
    reason, priority = told.pop("for", None), told.pop("priority", None)
    return Step(
        verb,
        by,
        reason=WaitingFor(reason) if reason else None,
        priority=Priority(priority) if priority else None,
        **told,
    )


def _takes(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """An agent makes the ticket theirs and begins."""
    actions.assign(ticket, who, actor=who)
    actions.walk_to(ticket, Category.ACTIVE, actor=who)


def _gives(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.assign(ticket, people[step.to], actor=who)


def _replies(step: Step, ticket: Ticket, who: User, people: People) -> None:
    _bring_file(step, ticket, who, comments.reply(ticket, step.text, author=who))


def _notes(step: Step, ticket: Ticket, who: User, people: People) -> None:
    _bring_file(step, ticket, who, comments.add_note(ticket, step.text, author=who))


def _bring_file(step: Step, ticket: Ticket, who: User, comment: Comment) -> None:
    if step.file:
        send_file(step.file, ticket, who, comment)


def _waits(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """An agent blocks the ticket until somebody else has done their part."""
    actions.walk_to(ticket, Category.ACTIVE, actor=who)
    blocked = next(s for s in ticket.status.next if s.category == Category.WAITING)
    actions.change_status(ticket, blocked, actor=who, waiting_for=step.reason)


def _rates(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.edit(ticket, actor=who, priority=step.priority)


def _tags(step: Step, ticket: Ticket, who: User, people: People) -> None:
    change_tags(ticket, tag_names(step.text), actor=who)


def _dates(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """By when it is to be done: so many days after the step."""
    set_due(ticket, (clock.now() + timedelta(days=step.days)).replace(second=0, microsecond=0), actor=who)


def _watches(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.watch(ticket, who)


def _adds(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """A colleague takes part from now on."""
    participants.add_participant(ticket, people[step.to], actor=who)


def _moves(step: Step, ticket: Ticket, who: User, people: People) -> None:
    project = db.session.scalars(select(Project).where(Project.key == step.to)).one()
    moving.move(ticket, project, actor=who)


def _links(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """`text` is how it belongs to the ticket of the story `to`, where that is told."""
    told = select(Ticket).join(ExternalTicket, ExternalTicket.ticket_id == Ticket.id)
    other = db.session.scalar(told.where(ExternalTicket.external_id == step.to))
    if other:
        links.link(ticket, Relation(step.text), other, actor=who)


def _closes(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.settle(ticket, actor=who)


def _reopens(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.reopen(ticket, actor=who)


def _judges(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """The requester says how satisfied they are."""
    rating.rate(ticket, step.score, step.text, by=who)


VERBS: dict[str, Callable[[Step, Ticket, User, People], None]] = {
    "takes": _takes,
    "gives": _gives,
    "replies": _replies,
    "notes": _notes,
    "waits": _waits,
    "rates": _rates,
    "tags": _tags,
    "dates": _dates,
    "watches": _watches,
    "adds": _adds,
    "moves": _moves,
    "links": _links,
    "closes": _closes,
    "reopens": _reopens,
    "judges": _judges,
}
