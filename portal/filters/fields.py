"""The kinds of field a filter can ask of: each reads its values and says what they mean in SQL.

A field compiles against columns that are handed in, by their names: of the live
table, or of any selectable that has columns of the same names.
"""

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

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

    def lasting(self, values: Sequence[Value]) -> Hashable | None:
        """What the condition is made of beside its comparison, where that means the same at any moment;
        None where it does not, or where nobody has said so."""
        return None


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
        raise ambiguous(text, found) if found else self._unknown(text)

    def _called(self, name: str) -> list[Value]:
        return [value for some in self._lists for value in some.called.get(name, ())]

    def _unknown(self, text: str) -> UnknownValue:
        names = [name for some in self._lists for name in some.called]
        near = difflib.get_close_matches(text.casefold(), names, n=1, cutoff=0.6)
        nearest = self._called(near[0])[0].text if near else ""
        return UnknownValue(text, _unknown_choice(self, text, nearest), nearest)

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return any_of(columns[self.column], {one for value in values for one in value.meaning})

    def lasting(self, values: Sequence[Value]) -> Hashable | None:
        return frozenset(one for value in values for one in value.meaning)


class Ranked(Choice):
    """A choice whose values have an order: the column holds the rank, the meaning is that rank."""

    comparisons = ORDERED

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        column = columns[self.column]
        if comparison is Comparison.EQUALS:
            return any_of(column, {value.meaning for value in values})
        return compared(column, comparison, values[0].meaning)

    def lasting(self, values: Sequence[Value]) -> Hashable | None:
        return tuple(value.meaning for value in values)


class Flag(Choice):
    """`is:open`: the meaning of each value makes a condition of the columns."""

    type = "flag"

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return or_(*(value.meaning(columns) for value in values))

    def lasting(self, values: Sequence[Value]) -> Hashable | None:
        made_of = tuple((value.text, value.lasts) for value in values)
        return None if any(lasts is None for _text, lasts in made_of) else made_of


class Text(Field):
    """Any text; `where` is what the feature makes of the texts, and `refuses` why one is none."""

    type = "text"

    def __init__(
        self,
        name: str,
        label: str,
        condition: Callable[[Columns, Sequence[str]], ColumnElement[bool]],
        aliases: Sequence[str] = (),
        *,
        refuses: Callable[[str], str] = lambda _text: "",
    ) -> None:
        super().__init__(name, label, "", aliases)
        self._condition = condition
        self._refuses = refuses

    def value(self, text: str) -> Value:
        if problem := self._refuses(text):
            raise UnknownValue(text, problem)
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


class Within(Field):
    """Another field, of rows for which `limit` is true; all other rows have nothing in it."""

    def __init__(self, field: Field, limit: Callable[[Columns], ColumnElement[bool]]) -> None:
        super().__init__(field.name, field.label, field.column, field.aliases)
        self.field = field
        self.type = field.type
        self.comparisons = field.comparisons
        self._limit = limit

    def read(self, texts: Sequence[str]) -> tuple[Value, ...]:
        return self.field.read(texts)

    def value(self, text: str) -> Value:
        return self.field.value(text)

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return and_(self._limit(columns), self.field.where(columns, comparison, values))


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


def ambiguous(text: str, found: Sequence[Value]) -> UnknownValue:
    several = ", ".join(option.text for option in found[:NAMED])
    message = _(
        "“%(value)s” can be several things here: %(several)s. Say which.", value=text, several=several
    )
    return UnknownValue(text, message)
