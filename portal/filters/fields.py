"""The kinds of field a filter can ask of: each reads its values and says what they mean in SQL.

A field compiles against columns that are handed in, by their names: of the live
table, or of any selectable that has columns of the same names.
"""

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from portal import clock
from portal.filters.errors import UnknownValue
from portal.filters.grammar import Comparison
from portal.filters.tree import Value

Columns = ReadOnlyColumnCollection[str, Any]
ORDERED = tuple(Comparison)
NAMED = 8  # values that a message lists before it says no more


class Field(ABC):
    """A name with its other names, a label, the comparisons it allows, and the column it asks."""

    comparisons: tuple[Comparison, ...] = (Comparison.EQUALS,)
    type = ""

    def __init__(self, name: str, label: str, column: str = "", aliases: Sequence[str] = ()) -> None:
        self.name = name
        self.label = label
        self.column = column or name
        self.aliases = tuple(aliases)

    def read(self, texts: Sequence[str]) -> tuple[Value, ...]:
        """The values these mean. Raises UnknownValue."""
        return tuple(self.value(text) for text in texts)

    @abstractmethod
    def value(self, text: str) -> Value:
        """The value that this text means. Raises UnknownValue."""

    @abstractmethod
    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        """The condition. It may be NULL where the column is; `compile` settles that."""


class Options:
    """Values with all their names, in small letters. Many fields may share them: they take time to make."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.values = tuple(values)
        self.called: dict[str, list[Value]] = {}
        for value in self.values:
            for called in {value.text.casefold(), *(also.casefold() for also in value.also)}:
                self.called.setdefault(called, []).append(value)


class Choice(Field):
    """One of a list of values, by any of their names; small and large letters are the same.

    The meaning of a value is the set of what the column then holds; None in it
    stands for an empty column. `own` are options of this field alone, before the others.
    """

    type = "choice"

    def __init__(
        self,
        name: str,
        label: str,
        options: Options | Iterable[Value],
        column: str = "",
        aliases: Sequence[str] = (),
        *,
        own: Iterable[Value] = (),
    ) -> None:
        super().__init__(name, label, column, aliases)
        self._lists = (Options(own), options if isinstance(options, Options) else Options(options))

    @property
    def options(self) -> tuple[Value, ...]:
        return tuple(value for some in self._lists for value in some.values)

    def value(self, text: str) -> Value:
        typed = text.casefold()
        found = self._called(typed)
        exact = [option for option in found if option.text.casefold() == typed]
        if len(exact or found) == 1:
            return (exact or found)[0]
        raise _ambiguous(text, found) if found else self._unknown(text)

    def _called(self, name: str) -> list[Value]:
        return [value for some in self._lists for value in some.called.get(name, ())]

    def _unknown(self, text: str) -> UnknownValue:
        names = [name for some in self._lists for name in some.called]
        near = difflib.get_close_matches(text.casefold(), names, n=1, cutoff=0.6)
        nearest = self._called(near[0])[0].text if near else ""
        return UnknownValue(text, _unknown_choice(self, text, nearest), nearest)

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return any_of(columns[self.column], {one for value in values for one in value.meaning})


class Ranked(Choice):
    """A choice whose values have an order: the column holds the rank, the meaning is that rank."""

    comparisons = ORDERED

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        column = columns[self.column]
        if comparison is Comparison.EQUALS:
            return any_of(column, {value.meaning for value in values})
        return compared(column, comparison, values[0].meaning)


class Flag(Choice):
    """`is:open`: the meaning of each value makes a condition of the columns."""

    type = "flag"

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return or_(*(value.meaning(columns) for value in values))


class Reference(Field):
    """One of so many things that they are looked up: `find` tells for texts the values each can mean.

    Some values (`known`), such as "me", need no looking up.
    """

    type = "reference"

    def __init__(
        self,
        name: str,
        label: str,
        find: Callable[[Sequence[str]], dict[str, list[Value]]],
        *,
        known: Iterable[Value] = (),
        column: str = "",
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__(name, label, column, aliases)
        self._find = find
        self._known = {value.text: value for value in known}

    def value(self, text: str) -> Value:
        return self.read((text,))[0]

    def read(self, texts: Sequence[str]) -> tuple[Value, ...]:
        unknown = [text for text in texts if text.casefold() not in self._known]
        found = self._find(unknown) if unknown else {}
        return tuple(self._known.get(text.casefold()) or _one(text, found.get(text, [])) for text in texts)

    where = Choice.where


class Text(Field):
    """Any text; `where` is what the feature makes of the texts."""

    type = "text"

    def __init__(
        self,
        name: str,
        label: str,
        condition: Callable[[Columns, Sequence[str]], ColumnElement[bool]],
        aliases: Sequence[str] = (),
    ) -> None:
        super().__init__(name, label, "", aliases)
        self._condition = condition

    def value(self, text: str) -> Value:
        return Value(text, text, text)

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return self._condition(columns, [value.meaning for value in values])


class Number(Field):
    """A whole number."""

    type = "number"
    comparisons = ORDERED
    _NUMBER = re.compile(r"-?[0-9]{1,15}")

    def value(self, text: str) -> Value:
        if not self._NUMBER.fullmatch(text):
            raise UnknownValue(text, _("“%(value)s” is not a number, such as 5.", value=text))
        return Value(str(int(text)), str(int(text)), int(text))

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        if comparison is Comparison.EQUALS:
            return any_of(columns[self.column], {value.meaning for value in values})
        return compared(columns[self.column], comparison, values[0].meaning)


class Moment(Field):
    """A time: `created>=2026-11-01`, a day in the reader's zone, or `created<7d`, younger than 7 days.

    A day is meant whole: `created>2026-11-01` begins with the second. With ":" an age is a limit:
    `created:7d` is what came in the last 7 days.
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
        self, name: str, label: str, zone: ZoneInfo, column: str = "", aliases: Sequence[str] = ()
    ) -> None:
        super().__init__(name, label, column, aliases)
        self._zone = zone
        self._now = clock.now()

    def value(self, text: str) -> Value:
        typed = text.casefold()
        if age := self._AGE.fullmatch(typed):
            return Value(typed, typed, int(age[1]) * self.UNITS[age[2]])
        today = self._now.astimezone(self._zone).date()
        days = {"today": today, "yesterday": today - timedelta(days=1)}
        day = days.get(typed) or self._day(text)
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
        column = columns[self.column]
        return or_(*(self._one(column, comparison, value.meaning) for value in values))

    def _one(self, column: Any, comparison: Comparison, meaning: Any) -> ColumnElement[bool]:
        if isinstance(meaning, timedelta):
            then = self._now - meaning
            is_older = comparison in {Comparison.MORE, Comparison.AT_LEAST}
            return column <= then if is_older else column >= then
        start, end = meaning
        return {
            Comparison.EQUALS: and_(column >= start, column < end),
            Comparison.AT_LEAST: column >= start,
            Comparison.MORE: column >= end,
            Comparison.LESS: column < start,
            Comparison.AT_MOST: column < end,
        }[comparison]


def any_of(column: Any, wanted: set) -> ColumnElement[bool]:
    """The column holds one of these; None among them stands for an empty column."""
    held = sorted(wanted - {None})
    reasons = [column.in_(held)] if len(held) > 1 else [column == one for one in held]
    if None in wanted:
        reasons.append(column.is_(None))
    return or_(false(), *reasons)


def compared(column: Any, comparison: Comparison, with_what: Any) -> ColumnElement[bool]:
    return {
        Comparison.AT_LEAST: column >= with_what,
        Comparison.AT_MOST: column <= with_what,
        Comparison.MORE: column > with_what,
        Comparison.LESS: column < with_what,
    }[comparison]


def _unknown_choice(field: Choice, text: str, nearest: str) -> str:
    if nearest:
        return _(
            "“%(field)s” cannot be “%(value)s”. Did you mean “%(nearest)s”?",
            value=text, field=field.name, nearest=nearest,
        )  # fmt: skip
    known = ", ".join(option.text for option in field.options[:NAMED])
    more = " …" if len(field.options) > NAMED else ""
    return _(
        "“%(field)s” cannot be “%(value)s”. Choose from: %(known)s.",
        value=text, field=field.name, known=known + more,
    )  # fmt: skip


def _ambiguous(text: str, found: Sequence[Value]) -> UnknownValue:
    several = ", ".join(option.text for option in found[:NAMED])
    message = _(
        "“%(value)s” can be several things here: %(several)s. Say which.", value=text, several=several
    )
    return UnknownValue(text, message)


def _one(text: str, found: Sequence[Value]) -> Value:
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(text, found)
    message = _("Nobody is called “%(value)s”. Give the name or the mail address.", value=text)
    raise UnknownValue(text, message)
