"""The stories of `stories.toml`: what people asked, and what was done about it.

A story begins `days` days ago, at `at` o'clock in the desk's zone or else that
many days before now. Each step of `then` says what happens, by whom, and how
many hours after the step before; it goes through the real action.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.projects.models import Project
from portal.tickets import actions, comments, moving, participants
from portal.tickets.models import Priority, Ticket, TicketType, WaitingFor

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
    comments.reply(ticket, step.text, author=who)


def _notes(step: Step, ticket: Ticket, who: User, people: People) -> None:
    comments.add_note(ticket, step.text, author=who)


def _waits(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """An agent blocks the ticket until somebody else has done their part."""
    actions.walk_to(ticket, Category.ACTIVE, actor=who)
    blocked = next(s for s in ticket.status.next if s.category == Category.WAITING)
    actions.change_status(ticket, blocked, actor=who, waiting_for=step.reason)


def _rates(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.edit(ticket, actor=who, priority=step.priority)


def _watches(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.watch(ticket, who)


def _adds(step: Step, ticket: Ticket, who: User, people: People) -> None:
    """A colleague takes part from now on."""
    participants.add_participant(ticket, people[step.to], actor=who)


def _moves(step: Step, ticket: Ticket, who: User, people: People) -> None:
    project = db.session.scalars(select(Project).where(Project.key == step.to)).one()
    moving.move(ticket, project, actor=who)


def _closes(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.settle(ticket, actor=who)


def _reopens(step: Step, ticket: Ticket, who: User, people: People) -> None:
    actions.reopen(ticket, actor=who)


VERBS: dict[str, Callable[[Step, Ticket, User, People], None]] = {
    "takes": _takes,
    "gives": _gives,
    "replies": _replies,
    "notes": _notes,
    "waits": _waits,
    "rates": _rates,
    "watches": _watches,
    "adds": _adds,
    "moves": _moves,
    "closes": _closes,
    "reopens": _reopens,
}
