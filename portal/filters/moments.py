"""Times, as people say them: a day, or how long ago, or how long until then."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, DateTime, and_, func, or_

from portal import clock
from portal.filters.errors import UnknownValue
from portal.filters.fields import ORDERED, Columns, Field
from portal.filters.grammar import Comparison
from portal.filters.tree import Value

AS_OF = "as_of"
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def present(columns: Columns, now: Any) -> Any:
    """The moment of which these rows tell: those of the past have a column for it, all others tell of now."""
    return columns.get(AS_OF, now)


class Moment(Field):
    """A time: `created>=2026-11-01`, a day in the reader's zone, or `created<7d`, younger than 7 days.

    A day is meant whole: `created>2026-11-01` begins with the second. With ":" an age is a limit:
    `created:7d` is what came in the last 7 days. Where the column may be empty, `closed:none` asks for that.
    """

    type = "date"
    comparisons = ORDERED
    UNITS = {
        "min": timedelta(minutes=1),
        "h": timedelta(hours=1),
        "d": timedelta(days=1),
        "w": timedelta(weeks=1),
    }
    _AGE = re.compile(r"([0-9]{1,4})(min|h|d|w)")
    _DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")

    def __init__(
        self,
        name: str,
        label: str,
        zone: ZoneInfo,
        column: str = "",
        aliases: Sequence[str] = (),
        *,
        empty: Value | None = None,
    ) -> None:
        super().__init__(name, label, column, aliases)
        self._zone = zone
        self._now = clock.now()
        self._empty = empty  # what says that there is no such time

    def value(self, text: str) -> Value:
        typed = text.casefold()
        if self._empty and typed == self._empty.text:
            return self._empty
        if age := self._AGE.fullmatch(typed):
            return Value(typed, typed, int(age[1]) * self.UNITS[age[2]])
        if typed in DAYS:
            return Value(typed, typed, DAYS[typed])
        day = self._day(text)
        return Value(typed, typed, (self._start(day), self._start(day + timedelta(days=1))))

    def _day(self, text: str) -> date:
        try:
            if self._DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        message = _(
            "“%(value)s” is not a day, such as 2026-11-21 or today, nor an age, such as 7d or 12h.",
            value=text,
        )
        raise UnknownValue(text, message)

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        column, now = columns[self.column], present(columns, self._now)
        return or_(*(self._one(column, comparison, value.meaning, now) for value in values))

    def _one(self, column: Any, comparison: Comparison, meaning: Any, now: Any) -> ColumnElement[bool]:
        if meaning is None:
            return column.is_(None)
        if isinstance(meaning, timedelta):
            is_far = comparison in {Comparison.MORE, Comparison.AT_LEAST}
            return self._distant(column, meaning, now, is_far=is_far)
        start, end = self._day_of(now, meaning) if isinstance(meaning, int) else meaning
        return {
            Comparison.EQUALS: and_(column >= start, column < end),
            Comparison.AT_LEAST: column >= start,
            Comparison.MORE: column >= end,
            Comparison.LESS: column < start,
            Comparison.AT_MOST: column < end,
        }[comparison]

    def _day_of(self, now: Any, days: int) -> tuple[Any, Any]:
        """From when to when that day is which is so many after the present one."""
        if isinstance(now, datetime):
            day = now.astimezone(self._zone).date() + timedelta(days=days)
            return self._start(day), self._start(day + timedelta(days=1))
        zone = self._zone.key
        midnight = func.date_trunc("day", func.timezone(zone, now), type_=DateTime())
        start, end = midnight + timedelta(days=days), midnight + timedelta(days=days + 1)
        return func.timezone(zone, start), func.timezone(zone, end)

    def _distant(self, column: Any, age: timedelta, now: Any, *, is_far: bool) -> ColumnElement[bool]:
        then = now - age
        return column <= then if is_far else column >= then


class Deadline(Moment):
    """A time that lies ahead: `due<7d` is within the next 7 days, `due>7d` later than that.

    What is past is in neither. `order` is what the index has in place of the column, with
    something behind all times where it is empty.
    """

    def __init__(self, *args: Any, order: Callable[[Any], ColumnElement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._order = order

    def _one(self, column: Any, comparison: Comparison, meaning: Any, now: Any) -> ColumnElement[bool]:
        if meaning is None:
            return column.is_(None)
        asked = super()._one(self._order(column), comparison, meaning, now)
        has_no_end = comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return and_(column.is_not(None), asked) if has_no_end else asked

    def _distant(self, column: Any, age: timedelta, now: Any, *, is_far: bool) -> ColumnElement[bool]:
        then = now + age
        return column >= then if is_far else and_(column >= now, column <= then)
