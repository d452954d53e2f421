"""A ticket and those that were merged into it: what they are together, and who reads which notes of them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, false, func, literal_column, or_, select
from sqlalchemy.orm import aliased, joinedload, undefer, with_expression

from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.projects.policy import shut_to
from portal.tickets.models import Comment, Ticket
from portal.tickets.relations import TicketLink, TicketMerge

_other = aliased(Ticket)
_merged_ids = func.coalesce(
    select(func.array_agg(_other.id)).where(_other.merged_into_id == Ticket.id).scalar_subquery(),
    literal_column("'{}'::bigint[]"),
)
_ends = TicketLink.id, or_(TicketLink.from_id == _other.id, TicketLink.to_id == _other.id)
_has_links = or_(
    select(TicketLink.id).where(or_(TicketLink.from_id == Ticket.id, TicketLink.to_id == Ticket.id)).exists(),
    select(_ends[0]).join(_other, _ends[1]).where(_other.merged_into_id == Ticket.id).exists(),
)
# For the statement that loads a page's ticket: most tickets have neither, and then nobody asks further.
WITH_RELATIVES = (
    with_expression(Ticket.merged_ids, _merged_ids),
    with_expression(Ticket.has_links, _has_links),
)


@dataclass(frozen=True)
class Family:
    """`merged` are the tickets that go on in this one, the oldest first; `readable` are the ids of those
    of all whose internal notes the reader may read."""

    ticket: Ticket
    merged: list[Ticket] = field(default_factory=list)
    readable: frozenset[int] = frozenset()

    @property
    def ids(self) -> list[int]:
        return [self.ticket.id, *(each.id for each in self.merged)]

    def source(self, ticket_id: int | None) -> Ticket | None:
        """The merged one of that id; None of the ticket itself."""
        return next((each for each in self.merged if each.id == ticket_id), None)


def merged_ids(ticket: Ticket) -> list[int]:
    """The ids of the tickets that go on in this one."""
    if ticket.merged_ids is None:
        found = select(Ticket.id).where(Ticket.merged_into_id == ticket.id)
        return sorted(db.session.scalars(found))
    return sorted(ticket.merged_ids)


def family_ids(ticket: Ticket) -> list[int]:
    return [ticket.id, *merged_ids(ticket)]


def family_of(ticket: Ticket, *, reader: User, works: bool) -> Family:
    """The ticket with what was merged into it, for somebody who sees it, and works on it or follows it.

    The notes of a project that is shut to them stay shut, wherever its ticket goes on.
    """
    readable = {ticket.id} if works else set()
    if not (ids := merged_ids(ticket)):
        return Family(ticket, [], frozenset(readable))
    is_open = Ticket.project_id.not_in(shut_to(reader)).label("is_open")
    found = select(Ticket, is_open).where(Ticket.id.in_(ids)).order_by(Ticket.id)
    rows = db.session.execute(found.options(*_SHOWN)).all()
    if works:
        readable |= {each.id for each, is_open in rows if is_open}
    return Family(ticket, [each for each, _ in rows], frozenset(readable))


_SHOWN = (
    joinedload(Ticket.requester),
    joinedload(Ticket.status),
    undefer(Ticket.description_html),
)


def events_of_one(ticket_id: Any, *, works: bool) -> Select[Event]:
    """What happened to a ticket into which none was merged, as far as somebody may know who works on it
    or follows it."""
    events = select(Event).where(Event.ticket_id == ticket_id)
    return events if works else events.where(Event.is_public.is_(True))


def events_of(family: Family) -> Select[Event]:
    """What happened to all of them, as far as the reader may know.

    That it was merged, and closed by that, is not told twice where it goes on.
    """
    events = select(Event).where(Event.ticket_id.in_(family.ids), ~_is_of_merging(family.ids[1:]))
    return events.where(or_(Event.is_public.is_(True), Event.ticket_id.in_(family.readable)))


def _is_of_merging(ids: Collection[int]) -> ColumnElement[bool]:
    kinds, cause = [Kind.TICKET_MERGED, Kind.TICKET_UNMERGED], aliased(Event)
    merging = select(cause.id).where(cause.ticket_id.in_(ids), cause.kind.in_(kinds))
    closing = (Event.kind == Kind.STATUS_CHANGED) & func.coalesce(Event.cause_id.in_(merging), false())
    return Event.ticket_id.in_(ids) & or_(Event.kind.in_(kinds), closing)


def comments_of(family: Family) -> Select[Comment]:
    """What was written on all of them, as far as the reader may read it."""
    readable = or_(~Comment.is_internal, Comment.ticket_id.in_(family.readable))
    return select(Comment).where(Comment.ticket_id.in_(family.ids), readable)


def home_of(ticket_id: Any) -> ScalarSelect[int]:
    """The id of the ticket in which the one of that id goes on: mostly itself."""
    asked = aliased(Ticket)
    home = select(func.coalesce(asked.merged_into_id, asked.id)).where(asked.id == ticket_id)
    return home.correlate_except(asked).scalar_subquery()


def below(ticket_id: int) -> list[int]:
    """The ids of what was merged into that ticket, and into those."""
    first = select(TicketMerge.ticket_id).where(TicketMerge.into_id == ticket_id).cte(recursive=True)
    further = select(TicketMerge.ticket_id).join(first, TicketMerge.into_id == first.c.ticket_id)
    return sorted(db.session.scalars(select(first.union(further).c.ticket_id)))


def above(ticket_id: int) -> list[int]:
    """The ids of those into which that ticket was merged, and these in turn; the nearest first."""
    way: list[int] = []
    while into := db.session.scalar(select(TicketMerge.into_id).where(TicketMerge.ticket_id == ticket_id)):
        way.append(into)
        ticket_id = into
    return way
