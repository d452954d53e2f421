"""What comes of a moment and a length of working time: when it is due, and what was counted. Pure arithmetic,
which knows no table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from portal.sla.calendar import Calendar, NoHours, Time

MOST = 30  # stretches that are told one by one


@dataclass(frozen=True)
class Stretch:
    """`names` are those of the holidays that it is made of."""

    start: datetime
    end: datetime
    kind: Time
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """`due_at` is None where the calendar has no hours in which it could be; there are `more` stretches
    than are told."""

    start: datetime
    length: timedelta
    due_at: datetime | None
    stretches: tuple[Stretch, ...] = ()
    more: int = 0


def try_out(
    calendar: Calendar, start: datetime, length: timedelta, *, called: Callable[[date], str]
) -> Trial:
    """From the moment until so much working time has gone by; `called` names a day that is a holiday."""
    try:
        due_at = calendar.add(start, length)
    except NoHours:
        return Trial(start, length, None)
    found = calendar.stretches(start, due_at)
    told = tuple(
        Stretch(begin, end, kind, _names(calendar, begin, end, called) if kind is Time.HOLIDAY else ())
        for begin, end, kind in islice(found, MOST)
    )
    return Trial(start, length, due_at, told, sum(1 for _ in found))


def _names(
    calendar: Calendar, start: datetime, end: datetime, called: Callable[[date], str]
) -> tuple[str, ...]:
    first = start.astimezone(calendar.zone).date()
    last = (end - timedelta(seconds=1)).astimezone(calendar.zone).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(name for day in days if (name := called(day)))
