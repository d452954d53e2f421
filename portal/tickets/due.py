"""By when a ticket is to be done: how lists sort by it, and when it is late. Knows no table."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, func, literal_column, text

# Where a list in the order of due dates has the tickets without one: behind all others, and at
# no infinity, which psycopg could not load. Written out, so that PostgreSQL sees that the index fits.
_NEVER = "'9999-12-31 00:00:00+00'::timestamp with time zone"
DUE = text(f"COALESCE(due_at, {_NEVER})")


def order_of(due_at: Any) -> ColumnElement[datetime]:
    """What is sorted and compared instead of the column, which many tickets have empty.

    The index is of this expression: a generated column would have every row written
    anew when it is added.
    """
    kind = DateTime(timezone=True)
    return func.coalesce(due_at, literal_column(_NEVER, type_=kind), type_=kind)


def end_of(day: date, at: time | None, zone: ZoneInfo) -> datetime:
    """That time of the day in the zone; without one, the last second of the day there, as UTC has it."""
    if at is not None:
        return datetime.combine(day, at, zone).astimezone(UTC)
    next_day = datetime.combine(day + timedelta(days=1), time(), zone)
    return next_day.astimezone(UTC) - timedelta(seconds=1)


def is_late(ticket: Any, now: datetime) -> bool:
    """Whether the ticket, or a row of a list, is open and should have been done."""
    return ticket.due_at is not None and ticket.due_at < now and ticket.status_category != "done"
