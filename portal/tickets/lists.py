"""Lists of tickets: the few columns that a row shows, in orders that have their index."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    any_,
    case,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from portal.accounts.models import HUES, User
from portal.accounts.reader import Anybody, Reader
from portal.extensions import db
from portal.filters import And, Condition, Not
from portal.filters import conditions as conditions_on
from portal.filters.fields import Columns
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Organization, Team
from portal.permissions import Permission
from portal.projects.models import Project, TicketCategory
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by, reachable_by, visible_to
from portal.tickets.senders import marks_of_requester
from portal.tickets.tags import Tag
from portal.web.paging import Order

LATEST = "-updated"
MERGED = "merged"  # as a filter says it: is:merged
SPAM = "spam"
SORTS = {
    "id": Ticket.id,
    "created": Ticket.created_at,
    "updated": Ticket.updated_at,
    "priority": Ticket.priority_rank,
    "status": Ticket.status_rank,
    "due": Ticket.due_order,
    "sla": Ticket.sla_order,
}
CLOSED = "closed"  # an order of what is closed alone: it leaves out the rest
ORDERS = SORTS | {CLOSED: Ticket.closed_at}


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
    Ticket.status_id,
    Ticket.waiting_for,
    Ticket.created_at,
    Ticket.updated_at,
    Ticket.closed_at,
    Ticket.outcome,
    Ticket.reply_count,
    Ticket.requester_id,
    Ticket.is_confidential,
    (Ticket.assignee_id % HUES + 1).label("assignee_hue"),
    _of(Status.stored_label, Ticket.status_id).label("status_label"),
    _of(User.name, Ticket.requester_id).label("requester_name"),
)
_NAMES = {  # what a list reads only where it shows it
    "assignee": (
        _of(User.name, Ticket.assignee_id).label("assignee_name"),
        _of(User.picture_digest, Ticket.assignee_id).label("assignee_picture"),
    ),
    "team": (_of(Team.name, Ticket.team_id).label("team_name"),),
    "category": (_of(TicketCategory.stored_name, Ticket.category_id).label("category_name"),),
    "project": (_of(Project.name, Ticket.project_id).label("project_name"),),
    "organization": (_of(Organization.name, Ticket.organization_id).label("organization_name"),),
    "project_id": (Ticket.project_id,),
    "type": (Ticket.type.label("kind"),),
}
_CLOCKS = (Ticket.sla_state, Ticket.sla_target, Ticket.sla_warn_at, Ticket.sla_due_at)
USUAL = frozenset({"assignee", "team", "category"})
CLOCKS = "clocks"  # how it stands with what was promised
SENDER = "sender"  # how often tickets of its requester were marked as spam
SEPARATOR = ","  # of tags; no name has one


def _tags() -> Any:
    """Their names in one text, by name; of tags that were merged, those of which they are part now."""
    own, shown = aliased(Tag), aliased(Tag)
    meant = select(func.coalesce(own.merged_into_id, own.id)).where(own.id == any_(Ticket.tag_ids))
    names = func.string_agg(shown.name, aggregate_order_by(literal_column(f"'{SEPARATOR}'"), shown.name))
    return select(names).where(shown.id.in_(meant.correlate(Ticket))).correlate(Ticket).scalar_subquery()


@lru_cache(maxsize=512)
def _rows_for(reader: Reader, shown: frozenset[str]) -> Select:
    """With what only the desk knows, of the tickets that the reader works on. Made once for somebody."""
    rows = _ROWS.add_columns(*(column for name, named in _NAMES.items() if name in shown for column in named))
    rows = rows.add_columns(Ticket.sla_order.label("sla_order"))
    if not reader.may(Permission.TICKET_WORK):
        return rows.add_columns(literal("").label("tags"), null().label("due_at"))
    works = is_worked_on_by(reader)
    tags = case((works, func.coalesce(_tags(), "")), else_="")
    due_at, until = case((works, Ticket.due_at)), case((works, Ticket.snoozed_until))
    if CLOCKS in shown:
        rows = rows.add_columns(*(case((works, column)).label(column.key) for column in _CLOCKS))
    if SENDER in shown:
        rows = rows.add_columns(case((works, marks_of_requester(Ticket)), else_=0).label("sender_marks"))
    return rows.add_columns(
        tags.label("tags"),
        due_at.label("due_at"),
        Ticket.due_order.label("due_order"),
        until.label("snoozed_until"),
        case((works, Ticket.snoozed_for_answer), else_=false()).label("snoozed_for_answer"),
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
        if name not in ORDERS:
            return cls.typed(LATEST)
        return cls(name, descending=text != name)

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.name

    @property
    def order(self) -> Order:
        return Order(ORDERS[self.name], Ticket.id, descending=self.descending)

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What has no place in the order is left out."""
        return [Ticket.closed_at.is_not(None)] if self.name == CLOSED else []

    @property
    def attribute(self) -> str:
        return ORDERS[self.name].key


def tickets_seen_by(
    user: Anybody,
    *conditions: ColumnElement[bool],
    tree: And | None = None,
    shown: frozenset[str] = USUAL,
) -> Select:
    """Rows for a list, of the tickets that this user may see: the root of every list.

    What was merged into another, and spam, is in none, but where the filter (`tree`) asks for it.
    `shown` are those columns of the list that are read for themselves.
    """
    return _rows(user, shown).where(*listed_for(user, tree), *conditions)


def rows_of(user: Anybody, ids: Select[int] | CompoundSelect, *, shown: frozenset[str] = USUAL) -> Select:
    """`tickets_seen_by` of these ids, by which the statement finds only what this user may see."""
    return _rows(user, shown).where(Ticket.id.in_(ids))


def _rows(user: Anybody, shown: frozenset[str]) -> Select:
    return _rows_for(Reader.of(user), shown.intersection({*_NAMES, SENDER, CLOCKS}))


def listed_for(user: Anybody, tree: And | None) -> list[ColumnElement[bool]]:
    """What is true of the tickets in this user's lists, whatever else the filter asks for."""
    listed = reachable_by(user) if tree is not None and _asks_for(tree, SPAM) else visible_to(user)
    if tree is None or not asks_for_merged(tree):
        return [listed, Ticket.merged_into_id.is_(None)]
    seen = select(Ticket.id).where(visible_to(user)).correlate(None)
    return [listed, or_(Ticket.merged_into_id.is_(None), Ticket.merged_into_id.in_(seen))]


def asks_for_merged(tree: And) -> bool:
    return _asks_for(tree, MERGED)


def _asks_for(tree: And, state: str) -> bool:
    asked = (part.part if isinstance(part, Not) else part for part in conditions_on(tree, "is"))
    return any(value.text == state for part in asked if isinstance(part, Condition) for value in part.values)


def first_tickets(user: User, *conditions: ColumnElement[bool], order: Sequence, limit: int) -> list[Row]:
    """The first few in that order, without a way on."""
    found = tickets_seen_by(user, *conditions).order_by(*order).limit(limit)
    return list(db.session.execute(found))


def is_open(tickets: Columns = Ticket.__table__.c) -> ColumnElement[bool]:
    """As the partial indexes say it: with a literal, so that PostgreSQL sees that they fit."""
    return tickets.status_category != literal_column(f"'{Category.DONE.value}'")
