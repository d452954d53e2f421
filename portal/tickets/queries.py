from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, undefer

from portal.accounts.models import User
from portal.accounts.queries import WITH_DEPUTY
from portal.errors import NotAllowed
from portal.events.kinds import CHANGES
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.tickets.models import Comment, Part, Ticket, TicketKey, TicketPerson
from portal.tickets.policy import visible_to, works_on

SHOWN = 100  # events of a timeline; the earlier ones come when asked for


@dataclass(frozen=True)
class Entry:
    """One line of a timeline: the event, and what was written where something was."""

    event: Event
    comment: Comment | None

    @property
    def template(self) -> str:
        return f"tickets/events/{self.event.kind}.html"


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    earlier_than: int | None  # the event before which there are more


@dataclass(frozen=True)
class FieldChange:
    """What a field was before somebody changed it, what it became, by whom and when."""

    old: dict[str, Any]
    new: dict[str, Any]
    actor: User | None
    at: datetime


class Moved(Exception):
    """The ticket has another key by now, and whoever asks may know it. Answers 301."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def get_work_or_404(key: str, *, seen_by: User, to_change: bool = False) -> Ticket:
    """`get_ticket_or_404`, of one that this user works on. Raises NotAllowed for one they only follow."""
    ticket = get_ticket_or_404(key, seen_by=seen_by, to_change=to_change)
    if not works_on(seen_by, ticket):
        raise NotAllowed(_("You take part in this ticket, but you do not work in its project."))
    return ticket


def get_ticket_or_404(key: str, *, seen_by: User, to_change: bool = False) -> Ticket:
    """Find the ticket; one that this user may not see does not exist for them.

    By a key that it had before it was moved, a change finds it too, so that nothing
    that was typed is lost; whoever only looks is led to its present key: raises Moved.
    With `to_change` its row is locked until the commit, and read afresh.
    Changes to one ticket then happen one after the other, and the ids of its
    events are in the order of their commits: "after event 7" misses nothing.
    """
    found = _held(key, seen_by) if to_change else _whole(key, seen_by)
    if ticket := db.session.scalar(found, execution_options=KEEPS_PLAN):
        return ticket
    moved_to = _key_since_moved_or_404(key, seen_by=seen_by)
    if to_change:
        return get_ticket_or_404(moved_to, seen_by=seen_by, to_change=True)
    raise Moved(moved_to)


def _whole(key: str, seen_by: User) -> Select[Ticket]:
    return select(Ticket).where(Ticket.key == key, visible_to(seen_by)).options(*_WHOLE)


def _held(key: str, seen_by: User) -> Select[Ticket]:
    """With the little that most changes need, joined to the row only once it is locked.

    Joined beside the lock, PostgreSQL would keep to the status that the row had before
    whoever was waited for changed it, which is then not its status: none would be found.
    """
    locked = select(Ticket).where(Ticket.key == key, visible_to(seen_by)).with_for_update(of=Ticket)
    held = aliased(Ticket, locked.subquery())
    little = (joinedload(held.status), joinedload(held.project))
    return select(held).options(*little).execution_options(populate_existing=True)


def _key_since_moved_or_404(key: str, *, seen_by: User) -> str:
    """The key that the ticket of this former key has now, if this user may see it."""
    now = select(Ticket.key).join(TicketKey, TicketKey.ticket_id == Ticket.id)
    return db.one_or_404(now.where(TicketKey.key == key, visible_to(seen_by)))


_WHOLE = (
    joinedload(Ticket.project),
    joinedload(Ticket.status),
    joinedload(Ticket.category),
    joinedload(Ticket.team),
    joinedload(Ticket.organization),
    joinedload(Ticket.requester),
    joinedload(Ticket.assignee).options(WITH_DEPUTY),
    undefer(Ticket.description),
    undefer(Ticket.description_html),
)


def timeline(ticket: Ticket, *, works: bool, before: int | None = None) -> Timeline:
    """What happened to the ticket, as far as its reader may know, who works on it or follows it:
    the last `SHOWN` events before event `before`, the oldest first."""
    events = select(Event).where(Event.ticket_id == ticket.id)
    if not works:
        events = events.where(Event.is_public.is_(True))
    if before is not None:
        events = events.where(Event.id < before)
    events = events.options(joinedload(Event.actor)).order_by(Event.id.desc()).limit(constant(SHOWN + 1))
    found = list(db.session.scalars(events, execution_options=KEEPS_PLAN))
    more, found = len(found) > SHOWN, found[:SHOWN][::-1]
    comments = _comments_of(found)
    entries = [Entry(event, comments.get(event.data.get("comment_id", 0))) for event in found]
    return Timeline(entries, found[0].id if more else None)


def _comments_of(events: list[Event]) -> dict[int, Comment]:
    ids = [event.data["comment_id"] for event in events if "comment_id" in event.data]
    if not ids:
        return {}
    written = select(Comment).where(Comment.id.in_(ids)).options(joinedload(Comment.author))
    return {comment.id: comment for comment in db.session.scalars(written, execution_options=KEEPS_PLAN)}


def changed_since(ticket: Ticket, version: int) -> dict[str, FieldChange]:
    """Which fields others have changed since that version, with what each was then and is now."""
    changed: dict[str, FieldChange] = {}
    later = (
        select(Event)
        .where(
            Event.ticket_id == ticket.id,
            Event.kind.in_(CHANGES),
            Event.data["version"].as_integer() > version,
        )
        .options(joinedload(Event.actor))
        .order_by(Event.id)
    )
    for event in db.session.scalars(later):
        for name, change in event.data["changes"].items():
            first = changed[name].old if name in changed else change["old"]
            changed[name] = FieldChange(first, change["new"], event.actor, event.created_at)
    return changed


def people_of(ticket: Ticket) -> list[TicketPerson]:
    """Who is concerned by the ticket, by name."""
    concerned = (
        select(TicketPerson)
        .join(TicketPerson.user)
        .where(TicketPerson.ticket_id == ticket.id)
        .options(contains_eager(TicketPerson.user))
        .order_by(User.sort_name, User.id)
    )
    return list(db.session.scalars(concerned, execution_options=KEEPS_PLAN))


def is_watching(people: list[TicketPerson], user: User) -> bool:
    return any(row.user_id == user.id and row.part == Part.WATCHER for row in people)


def ids_by_key(keys: Sequence[str], *, seen_by: User) -> dict[str, int]:
    """The ids of those tickets that this user may see, by key, or by the former key that was asked for."""
    if not keys:
        return {}
    found = select(Ticket.key, Ticket.id).where(Ticket.key.in_(keys), visible_to(seen_by))
    ids = dict(db.session.execute(found).all())
    if len(ids) == len(set(keys)):
        return ids
    former = select(TicketKey.key, Ticket.id).join(Ticket, Ticket.id == TicketKey.ticket_id)
    return ids | dict(db.session.execute(former.where(TicketKey.key.in_(keys), visible_to(seen_by))).all())


def last_project_id(user: User) -> int | None:
    """The project this person asked last: most people ask the same one again."""
    latest = select(Ticket.project_id).where(Ticket.requester_id == user.id)
    return db.session.scalar(latest.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(1))


def last_organization_id(user: User) -> int | None:
    """The organization this person asked for last."""
    latest = select(Ticket.organization_id).where(Ticket.requester_id == user.id)
    return db.session.scalar(latest.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(1))
