"""Which tickets are chosen, what an act would mean for them, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    false,
    func,
    literal,
    select,
    union_all,
)

from portal import clock
from portal.accounts.models import User
from portal.bulk.models import AT_WORK, BulkItem, BulkOperation, Outcome, State
from portal.desk.queues import Desk, Queue, condition
from portal.extensions import db
from portal.filters import And, to_text
from portal.gateways.database import constant
from portal.leases import is_free
from portal.tickets.lists import is_open, listed_for
from portal.tickets.models import Ticket, TicketKey
from portal.tickets.policy import is_worked_on_by, reachable_by
from portal.web.paging import Order, Page, keyset

MOST = 10_000  # tickets of one operation
LISTED = timedelta(days=7)  # in which operations stand in their owner's list
NAMED = 5  # reasons that are told with how often they came
SHOWN = {  # what the results can be narrowed to
    "refused": (Outcome.REFUSED, Outcome.KEPT),
    "changed": (Outcome.CHANGED, Outcome.UNDONE),
    "unchanged": (Outcome.UNCHANGED,),
    "pending": (Outcome.PENDING,),
}


@dataclass(frozen=True)
class Chosen:
    """Tickets that this reader has in their lists and works on: those of some keys, or all that match.

    Of what they may not see or not work on, nothing is told: it is as if nobody had named it.
    """

    reader: User
    conditions: tuple[ColumnElement[bool], ...]
    filter: str | None = None
    place: str | None = None

    @classmethod
    def by_keys(cls, reader: User, keys: Sequence[str]) -> "Chosen":
        """Also by the key that a ticket had before it was moved, a moment ago; spam, too, which then is
        refused with what to do about it."""
        ids = union_all(
            select(Ticket.id).where(Ticket.key.in_(keys)).correlate(None),
            select(TicketKey.ticket_id).where(TicketKey.key.in_(keys)),
        )
        named = Ticket.id.in_(ids) if keys else false()
        there = (reachable_by(reader), Ticket.merged_into_id.is_(None))
        return cls(reader, (*there, named, is_worked_on_by(reader)))

    @classmethod
    def by_filter(cls, desk: Desk, queue: Queue, tree: And) -> "Chosen":
        """By the very conditions of the queue's list."""
        whole = desk.whole(queue, tree)
        listed = (*listed_for(desk.reader, whole), condition(desk, whole), is_worked_on_by(desk.reader))
        return cls(desk.reader, listed, to_text(whole), str(queue.label))

    def ids(self) -> Select[int]:
        return select(Ticket.id).where(*self.conditions)


@dataclass(frozen=True)
class Outlook:
    """How many tickets are chosen, counted up to one more than `MOST`; how many of them are closed
    already, and how many are as the act would make them."""

    total: int
    closed: int
    so: int

    @property
    def changing(self) -> int:
        return self.total - self.so


def outlook(chosen: Chosen, is_so: ColumnElement[bool] | None = None) -> Outlook:
    """In one statement, which stops where there are too many."""
    same = false() if is_so is None else is_so
    some = (
        select(is_open().label("open"), same.label("so"))
        .where(*chosen.conditions)
        .limit(constant(MOST + 1))
        .subquery()
    )
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(~some.c.open),
            func.count().filter(some.c.so),
        ).select_from(some)
    ).one()
    return Outlook(*row)


def operation_or_404(public_id: str, *, owner: User, to_change: bool = False) -> BulkOperation:
    """Nobody else's operation exists for anybody."""
    found = select(BulkOperation).where(
        BulkOperation.public_id == public_id, BulkOperation.owner_id == owner.id
    )
    if to_change:
        found = found.with_for_update()
    return db.one_or_404(found.execution_options(populate_existing=True))


def own_operations(owner: User, *, cursor: str | None) -> Page:
    """Those of the last days, the latest first."""
    own = select(BulkOperation).where(
        BulkOperation.owner_id == owner.id, BulkOperation.created_at > clock.now() - LISTED
    )
    order = Order(BulkOperation.created_at, BulkOperation.id)
    return keyset(own, order, cursor=cursor, of=("created_at", "id"), fetch=db.session.scalars)


def running_of(owner: User) -> int:
    """How many of theirs are being worked off."""
    running = select(func.count()).where(BulkOperation.owner_id == owner.id, BulkOperation.state.in_(AT_WORK))
    return db.session.scalar(running) or 0


def is_due() -> ColumnElement[bool]:
    """It is to be worked on, and nobody is at it."""
    return BulkOperation.state.in_(AT_WORK) & is_free(BulkOperation)


def is_something_due() -> bool:
    return db.session.scalar(select(BulkOperation.id).where(is_due()).limit(1)) is not None


def next_item(operation: BulkOperation) -> Row | None:
    """The ticket that is next to be changed or given back, with its key of now."""
    wanted = Outcome.PENDING if operation.state is State.RUNNING else Outcome.CHANGED
    following = (
        select(BulkItem.ticket_id, BulkItem.before, BulkItem.version_after, Ticket.key)
        .join(Ticket, Ticket.id == BulkItem.ticket_id)
        .where(BulkItem.operation_id == operation.id, BulkItem.outcome == wanted)
        .order_by(BulkItem.position)
        .limit(constant(1))
    )
    return db.session.execute(following).first()


def results(operation: BulkOperation, *, shown: str, cursor: str | None) -> Page:
    """What became of each ticket, in their order. Of one that its owner does not see any more there is
    its key alone."""
    is_seen = reachable_by(operation.owner).label("is_seen")
    rows = (
        select(
            BulkItem.position,
            BulkItem.ticket_id,
            BulkItem.outcome,
            BulkItem.reason,
            Ticket.key,
            Ticket.title,
            is_seen,
        )
        .join(Ticket, Ticket.id == BulkItem.ticket_id)
        .where(BulkItem.operation_id == operation.id)
    )
    if shown in SHOWN:
        rows = rows.where(BulkItem.outcome.in_(SHOWN[shown]))
    order = Order(BulkItem.position, BulkItem.ticket_id, descending=False)
    return keyset(rows, order, cursor=cursor, of=("position", "ticket_id"), fetch=db.session.execute)


def reasons(operation: BulkOperation) -> list[Row]:
    """Why tickets were refused or not undone: the most frequent sentences, and how often each."""
    refused = BulkItem.outcome.in_(SHOWN["refused"])
    said = (
        select(BulkItem.reason, func.count().label("number"))
        .where(BulkItem.operation_id == operation.id, refused, BulkItem.reason.is_not(None))
        .group_by(BulkItem.reason)
        .order_by(func.count().desc(), BulkItem.reason)
        .limit(NAMED)
    )
    return list(db.session.execute(said))


def items_of(operation_id: int, chosen: Chosen) -> Select:
    """The rows of the operation's tickets, in the order of their ids; one more than there may be tells
    that there are too many. Without an order inside, PostgreSQL need not walk along all ids for them."""
    some = chosen.ids().limit(constant(MOST + 1)).subquery()
    return select(
        literal(operation_id),
        some.c.id,
        func.row_number().over(order_by=some.c.id),
        literal(Outcome.PENDING.value),
    )


def number_of_items(operation_id: int) -> int:
    return db.session.scalar(select(func.count()).where(BulkItem.operation_id == operation_id)) or 0
