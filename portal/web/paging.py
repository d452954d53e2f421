"""Keyset paging: a page begins after the last row of the one before, never at an offset.

A page costs the same wherever it lies, and rows that come meanwhile shift nothing.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, bindparam, literal, select, tuple_, union_all
from sqlalchemy.orm import QueryableAttribute

PAGE = 25


@dataclass(frozen=True)
class Order:
    """A sort order that is unique: one column, then the id."""

    column: QueryableAttribute[Any]
    tie: QueryableAttribute[int]
    descending: bool = True

    def clauses(self, *, backwards: bool = False) -> list[ColumnElement]:
        down = self.descending != backwards
        return [part.desc() if down else part.asc() for part in (self.column, self.tie)]

    def after(self, value: Any, tie: int, *, backwards: bool = False) -> ColumnElement[bool]:
        """The rows behind (value, tie). A comparison of rows, so that the index begins right there:
        thousands of tickets have the same priority."""
        return self._behind((literal(value, self.column.type), literal(tie, self.tie.type)), backwards)

    def after_given(self, *, backwards: bool = False) -> ColumnElement[bool]:
        """`after` the `Place` with whose `values` the statement is executed."""
        given = bindparam("after", type_=self.column.type), bindparam("after_tie", type_=self.tie.type)
        return self._behind(given, backwards)

    def _behind(self, values: Sequence[ColumnElement], backwards: bool) -> ColumnElement[bool]:
        place, down = tuple_(*values), self.descending != backwards
        return tuple_(self.column, self.tie) < place if down else tuple_(self.column, self.tie) > place

    def fitting(self, value: Any) -> Any:
        """The value of a cursor as the column holds it; None where it comes from another order."""
        kind = self.column.type.python_type
        try:
            if kind is datetime and isinstance(value, str):
                moment = datetime.fromisoformat(value)
                return moment if moment.tzinfo else None
        except ValueError:
            return None
        return value if type(value) is kind else None


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursors that lead on; a cursor is None where there is nothing more."""

    rows: list
    older: str | None
    newer: str | None


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind the row that `values` tell, or, without them, at the very beginning."""

    values: dict[str, Any]
    backwards: bool = False

    @classmethod
    def of(cls, cursor: str | None, order: Order) -> "Place":
        """What the cursor says; one that says nothing sensible leads to the first page."""
        place, backwards = read_cursor(cursor)
        value = order.fitting(place[0]) if place else None
        if place is None or value is None:
            return cls({})
        return cls({"after": value, "after_tie": place[1]}, backwards)

    @property
    def is_first(self) -> bool:
        return not self.values

    def select(
        self, query: Select, order: Order, size: int, parts: Sequence[ColumnElement[bool]] = ()
    ) -> Select:
        """The page of `query`, and one row more, to be executed with `values`. It is the same statement for
        all places that are first, or that begin behind a row in the same direction.

        Where there are `parts`, one of them is true of each row: each is asked for a page by itself, because
        one may have an index in that order, and their "or" has none."""
        if not self.is_first:
            query = query.where(order.after_given(backwards=self.backwards))
        clauses = order.clauses(backwards=self.backwards)
        if parts:
            query = query.where(order.tie.in_(first_of_each_part(query, parts, order.tie, clauses, size + 1)))
        return query.order_by(*clauses).limit(size + 1)

    def page(self, rows: Sequence, *, size: int, of: tuple) -> Page:
        """The page of the rows that `select` found; `of` as with `keyset`."""
        more, rows = len(rows) > size, list(rows[:size])
        if self.backwards:
            rows.reverse()
        if not rows:
            return Page([], None, None)
        has_older = more if not self.backwards else True
        has_newer = more if self.backwards else not self.is_first
        return Page(
            rows,
            write_cursor(_values(rows[-1], of)) if has_older else None,
            write_cursor(_values(rows[0], of), backwards=True) if has_newer else None,
        )


def keyset(
    query: Select,
    order: Order,
    *,
    cursor: str | None,
    of: tuple,
    size: int = PAGE,
    fetch: Any,
) -> Page:
    """The page of `query` that `cursor` names, or the first one where it names none.

    `of` tells the attribute names of the sort value and of the id in a row; `fetch`
    runs the statement with its values and gives its rows.
    """
    place = Place.of(cursor, order)
    return place.page(list(fetch(place.select(query, order, size), place.values)), size=size, of=of)


def first_of_each_part(
    query: Select, parts: Sequence[ColumnElement[bool]], key: Any, clauses: Sequence, limit: int
) -> CompoundSelect:
    """The keys of the first rows of `query` of which this part is true, and of which that one is."""
    ids = query.with_only_columns(key).order_by(*clauses).limit(limit)
    return union_all(*(select(ids.where(part).subquery()) for part in parts))


def write_cursor(values: Sequence[Any], *, backwards: bool = False) -> str:
    """A place in a list, fit for an address."""
    value, tie = values
    plain = value.isoformat() if hasattr(value, "isoformat") else value
    text = json.dumps([plain, tie, backwards], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[tuple[Any, int] | None, bool]:
    """What the cursor says; one that says nothing sensible leads to the first page."""
    if not cursor or len(cursor) > 200:
        return None, False
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, tie, backwards = json.loads(text)
    except (ValueError, binascii.Error, TypeError):
        return None, False
    if isinstance(tie, bool) or not isinstance(tie, int) or not isinstance(value, str | int):
        return None, False
    if not 0 <= tie < 2**63 or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return None, False
    return (value, tie), backwards is True


def _values(row: Any, of: tuple) -> tuple:
    return tuple(getattr(row, name) for name in of)
