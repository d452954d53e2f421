"""What the first page counts, over nothing but the tickets that its reader may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, Row, cast, func, select, union_all

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.memory import Remembered
from portal.organizations.models import TeamMember
from portal.projects.models import Project, ProjectMember
from portal.tickets.filtering import RANKS, zone_of
from portal.tickets.lists import first_tickets, is_open
from portal.tickets.models import Priority, Ticket, TicketPerson
from portal.tickets.policy import visible_in_parts
from portal.tickets.vocabulary import Named

DAYS = 14
MOST = 50_000  # open tickets that are counted; a desk with more is told "50000+"
OLDEST = 5


@dataclass(frozen=True)
class Figures:
    """Open tickets, counted several ways; `is_more` where there were too many to count them all."""

    total: int
    mine: int
    unassigned: int
    by_status: dict[str, int]
    by_priority: dict[Priority, int]
    is_more: bool


@dataclass(frozen=True)
class Day:
    """How many tickets came and how many were closed on one day of the reader's zone."""

    day: date
    created: int
    closed: int


def open_figures(reader: User, statuses: Iterable[Named]) -> Figures:
    """All counts of open tickets, in one statement that reads little but one index."""
    return _figures(_open(reader.id), list(statuses))


def _count_open(reader_id: int) -> list[Row]:
    reader = db.session.get_one(User, reader_id)
    facts = select(Ticket.status_id, Ticket.priority_rank, Ticket.assignee_id)
    parts = [facts.where(part, is_open()) for part in visible_in_parts(reader)]
    some = union_all(*parts).limit(MOST).subquery()
    counted = select(
        some.c.status_id,
        some.c.priority_rank,
        func.count().label("number"),
        func.count().filter(some.c.assignee_id == reader.id).label("mine"),
        func.count().filter(some.c.assignee_id.is_(None)).label("unassigned"),
    ).group_by(some.c.status_id, some.c.priority_rank)
    return list(db.session.execute(counted))


_open = Remembered(_count_open, models=(Ticket, TicketPerson, TeamMember, Project, ProjectMember, User))


def _figures(rows: list[Row], statuses: list[Named]) -> Figures:
    def number(of: str = "number", **where: Any) -> int:
        return sum(
            getattr(row, of) for row in rows if all(getattr(row, name) == one for name, one in where.items())
        )

    by_status: dict[str, int] = {}
    for status in statuses:
        by_status[status.name] = by_status.get(status.name, 0) + number(status_id=status.id)
    return Figures(
        total=number(),
        mine=number("mine"),
        unassigned=number("unassigned"),
        by_status=by_status,
        by_priority={one: number(priority_rank=rank) for one, rank in reversed(RANKS.items())},
        is_more=number() >= MOST,
    )


def oldest_open(reader: User) -> list[Row]:
    """The open tickets that have waited longest."""
    return first_tickets(reader, is_open(), order=(Ticket.created_at, Ticket.id), limit=OLDEST)


def last_days(reader: User) -> list[Day]:
    """What came and what was closed on each of the last `DAYS` days, today the last.

    Counted anew for each reader after a minute.
    """
    return _days(reader.id)


def _count_days(reader_id: int) -> list[Day]:
    reader = db.session.get_one(User, reader_id)
    zone = zone_of(reader)
    today = clock.now().astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    since = datetime.combine(days[0], time(), zone)
    created = _per_day(reader, Ticket.created_at, since)
    closed = _per_day(reader, Ticket.closed_at, since)
    return [Day(day, created.get(day, 0), closed.get(day, 0)) for day in days]


_days = Remembered(_count_days, models=(), life=60.0)


def _per_day(reader: User, column: Any, since: datetime) -> dict[date, int]:
    day = cast(func.timezone(str(since.tzinfo), column), Date).label("day")
    days = union_all(
        *(
            select(day).where(column >= since, Ticket.merged_into_id.is_(None), part)
            for part in visible_in_parts(reader)
        )
    ).subquery()
    counted = select(days.c.day, func.count()).group_by(days.c.day)
    return dict(db.session.execute(counted).all())
