"""Fields whose values are so many that they are looked up: people, organizations, tags."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_

from portal.filters.errors import UnknownValue
from portal.filters.fields import Choice, Columns, Field, ambiguous
from portal.filters.grammar import Comparison
from portal.filters.tree import Value

Find = Callable[[Sequence[str]], dict[str, list[Value]]]


class Lookup(Field):
    """`find` tells for texts the values each can mean, in one go. Some values (`known`), such as "me",
    need no looking up. `nearest` names what was perhaps meant by a text that means nothing."""

    def __init__(
        self,
        name: str,
        label: str,
        find: Find,
        *,
        known: Iterable[Value] = (),
        column: str = "",
        aliases: Sequence[str] = (),
        nearest: Callable[[str], str] = lambda _text: "",
    ) -> None:
        super().__init__(name, label, column, aliases)
        self._find = find
        self._known = {value.text: value for value in known}
        self._nearest = nearest

    @property
    def known(self) -> tuple[Value, ...]:
        return tuple(self._known.values())

    def value(self, text: str) -> Value:
        return self.read((text,))[0]

    def read(self, texts: Sequence[str]) -> tuple[Value, ...]:
        unknown = [text for text in texts if text.casefold() not in self._known]
        found = self._find(unknown) if unknown else {}
        return tuple(
            self._known.get(text.casefold()) or self._one(text, found.get(text, [])) for text in texts
        )

    def _one(self, text: str, found: Sequence[Value]) -> Value:
        if len(found) == 1:
            return found[0]
        if found:
            raise ambiguous(text, found)
        nearest = self._nearest(text)
        raise UnknownValue(text, self._unknown(text, nearest), nearest)

    @abstractmethod
    def _unknown(self, text: str, nearest: str) -> str:
        """The sentence for what means nothing."""


class Person(Lookup):
    """Somebody, whose id the column holds."""

    type = "person"
    where = Choice.where
    lasting = Choice.lasting

    def _unknown(self, text: str, nearest: str) -> str:
        if nearest:
            return _("Nobody is called “%(value)s”. Did you mean “%(nearest)s”?", value=text, nearest=nearest)
        return _("Nobody is called “%(value)s”. Give the name or the mail address.", value=text)


class Party(Person):
    """Somebody who is something to the row, told by no column of it: `condition` makes it of their ids."""

    def __init__(
        self, *args: Any, condition: Callable[[Columns, Collection[int]], ColumnElement[bool]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._condition = condition

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        return self._condition(columns, sorted({one for value in values for one in value.meaning}))

    def lasting(self, values: Sequence[Value]) -> Hashable | None:
        return None


class Thing(Lookup):
    """Something with a name, such as an organization, whose id the column holds."""

    type = "reference"
    where = Choice.where
    lasting = Choice.lasting

    def _unknown(self, text: str, nearest: str) -> str:
        if nearest:
            return _("“%(field)s” cannot be “%(value)s”. Did you mean “%(nearest)s”?",
                     field=self.name, value=text, nearest=nearest)  # fmt: skip
        return _(
            "“%(field)s” cannot be “%(value)s”: there is nothing of that name.", field=self.name, value=text
        )


class Marks(Thing):
    """Things of which the column holds an array of ids: any of the values is among them.

    The meaning None stands for an empty array.
    """

    type = "marks"

    def where(self, columns: Columns, comparison: Comparison, values: Sequence[Value]) -> ColumnElement[bool]:
        column = columns[self.column]
        ids = sorted({one for value in values for one in value.meaning if one is not None})
        reasons = [column.overlap(ids)] if ids else []
        if any(None in value.meaning for value in values):
            reasons.append(column == [])
        return or_(*reasons)
