"""Lists of tickets: the few columns that a row shows, in orders that have their index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, select
from sqlalchemy.orm import aliased

from portal.accounts.models import HUES, User
from portal.extensions import db
from portal.filters.fields import Columns
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Team
from portal.projects.models import TicketCategory
from portal.tickets.models import Ticket
from portal.tickets.policy import visible_to
from portal.web.paging import Order, Page, keyset

LATEST = "-updated"
SORTS = {
    "id": Ticket.id,
    "created": Ticket.created_at,
    "updated": Ticket.updated_at,
    "priority": Ticket.priority_rank,
    "status": Ticket.status_rank,
}


def _of(column: Any, reference: Any) -> Any:
    """A name of what the ticket refers to, looked up for the rows of the page alone: planning
    a join of six tables takes longer than reading the page."""
    named = aliased(column.class_)
    chosen = select(getattr(named, column.key)).where(named.id == reference)
    return chosen.correlate(Ticket).scalar_subquery()


_ROWS = select(
    Ticket.id,
    Ticket.key,
    Ticket.title,
    Ticket.priority,
    Ticket.priority_rank,
    Ticket.status_category,
    Ticket.status_rank,
    Ticket.waiting_for,
    Ticket.created_at,
    Ticket.updated_at,
    Ticket.reply_count,
    Ticket.requester_id,
    Ticket.is_confidential,
    (Ticket.assignee_id % HUES + 1).label("assignee_hue"),
    _of(Status.stored_label, Ticket.status_id).label("status_label"),
    _of(User.name, Ticket.requester_id).label("requester_name"),
    _of(User.name, Ticket.assignee_id).label("assignee_name"),
    _of(User.picture_digest, Ticket.assignee_id).label("assignee_picture"),
    _of(Team.name, Ticket.team_id).label("team_name"),
    _of(TicketCategory.stored_name, Ticket.category_id).label("category_name"),
)


@dataclass(frozen=True)
class Sort:
    """By which column, and whether the last comes first; typed as `updated` or `-updated`."""

    name: str
    descending: bool

    @classmethod
    def typed(cls, text: str | None) -> "Sort":
        """What is typed, or the latest first where that is no order there is."""
        name = (text or "").removeprefix("-")
        if name not in SORTS:
            return cls.typed(LATEST)
        return cls(name, descending=text != name)

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.name

    @property
    def order(self) -> Order:
        return Order(SORTS[self.name], Ticket.id, descending=self.descending)

    @property
    def attribute(self) -> str:
        return SORTS[self.name].key


def tickets_seen_by(user: User, *conditions: ColumnElement[bool]) -> Select:
    """Rows for a list, of the tickets that this user may see: the root of every list."""
    return _ROWS.where(visible_to(user), *conditions)


def ticket_page(
    user: User, *conditions: ColumnElement[bool], sort: Sort, cursor: str | None, size: int
) -> Page:
    """One page of the tickets that this user may see."""
    return keyset(
        tickets_seen_by(user, *conditions),
        sort.order,
        cursor=cursor,
        of=(sort.attribute, "id"),
        size=size,
        fetch=db.session.execute,
    )


def first_tickets(user: User, *conditions: ColumnElement[bool], order: Sequence, limit: int) -> list[Row]:
    """The first few in that order, without a way on."""
    found = tickets_seen_by(user, *conditions).order_by(*order).limit(limit)
    return list(db.session.execute(found))


def count_up_to(most: int, user: User, *conditions: ColumnElement[bool]) -> int:
    """How many tickets this user may see there are, counted no further than `most`."""
    some = select(Ticket.id).where(visible_to(user), *conditions).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def is_open(tickets: Columns = Ticket.__table__.c) -> ColumnElement[bool]:
    """As the partial indexes say it: with a literal, so that PostgreSQL sees that they fit."""
    return tickets.status_category != literal_column(f"'{Category.DONE.value}'")
