"""Lists that are opened again and again: what is the same of them each time is put together once.

Putting a statement together and finding its text takes longer than PostgreSQL needs for a page of tickets.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, any_, bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from portal.accounts.models import User
from portal.accounts.reader import Anybody, Reader
from portal.extensions import db
from portal.filters import And
from portal.gateways.database import KEEPS_PLAN, constant
from portal.tickets.lists import USUAL, Sort, listed_for, rows_of, tickets_seen_by
from portal.tickets.models import Ticket
from portal.web.paging import PAGE, Page, Place

NOTHING: Mapping[str, Any] = MappingProxyType({})
MOST = 512  # statements that are kept; then the keeping begins anew


@dataclass(frozen=True)
class Selection:
    """The tickets of a list: those that the reader may see, and of which all `conditions` are true.

    `tree` is the filter they are of. They are made of `lasts` and of the reader that they are handed
    (`Reader.anybody`), and of nothing else: where that is equal, so are the statements, which are kept.
    Where it is None, they mean another thing at another moment, and nothing is kept.
    """

    reader: Reader
    conditions: Callable[[Anybody], Sequence[ColumnElement[bool]]]
    tree: And | None = None
    lasts: Hashable | None = None

    @classmethod
    def once(cls, user: User, *conditions: ColumnElement[bool], tree: And | None = None) -> "Selection":
        """What is asked for once: nothing of it is kept."""
        return cls(Reader.of(user), lambda _reader: conditions, tree)

    def seen_by(self, reader: Anybody) -> list[ColumnElement[bool]]:
        """What is true of its tickets, and of no others, whatever the reason."""
        return [*listed_for(reader, self.tree), *self.conditions(reader)]

    def execute(
        self,
        what: Hashable,
        make: Callable[[Reader], Select],
        values: Mapping[str, Any] = NOTHING,
        how: Mapping[str, Any] = NOTHING,
    ) -> Sequence[Row]:
        """The rows of the statement that `make` makes for whoever sees by the same rules; it is made of
        nothing but this selection and `what`. `values` are those it is given each time, `how` are options
        of its execution."""
        anybody = self.reader.anybody
        made_of = (anybody, self.lasts, what)
        statement = make(anybody) if self.lasts is None else _kept(made_of, make)
        given = {**self.reader.given, **values}
        return db.session.execute(statement, given, execution_options=how).all()


def _kept(made_of: tuple[Reader, Hashable, Hashable], make: Callable[[Reader], Select]) -> Select:
    """What makes it is not kept: that holds whatever the request has read."""
    if (statement := _STATEMENTS.get(made_of)) is None:
        if len(_STATEMENTS) >= MOST:
            _STATEMENTS.clear()
        statement = _STATEMENTS[made_of] = make(made_of[0])
    return statement


_STATEMENTS: dict[Hashable, Select] = {}


@dataclass(frozen=True)
class Slice:
    """Which page of a selection: in which order, where it begins, how many rows, which columns of a list."""

    sort: Sort
    cursor: str | None = None
    size: int = PAGE
    shown: frozenset[str] = USUAL

    @cached_property
    def place(self) -> Place:
        return Place.of(self.cursor, self.sort.order)

    @property
    def kind(self) -> Hashable:
        """Equal where the statement is, whatever it is given."""
        return (self.sort, self.place.is_first, self.place.backwards, self.size, self.shown)

    def select(self, rows: Select, parts: Sequence[ColumnElement[bool]] = ()) -> Select:
        return self.place.select(rows, self.sort.order, self.size, parts)

    def page(self, rows: Sequence[Row]) -> Page:
        return self.place.page(rows, size=self.size, of=(self.sort.attribute, "id"))


def page_of(
    selection: Selection,
    cut: Slice,
    *,
    parts: Callable[[Reader], Sequence[ColumnElement[bool]]] = lambda _reader: (),
) -> Page:
    """One page of the selection; of `parts`, those of which one of them is true."""

    def make(reader: Reader) -> Select:
        return cut.select(_rows(selection, reader, cut), parts(reader))

    return cut.page(selection.execute(("page", cut.kind), make, cut.place.values))


def count_of(selection: Selection, most: int) -> int:
    """How many tickets are in the selection, counted no further than `most`."""
    return selection.execute(("count", most), lambda reader: counting(selection, reader, most))[0][0]


def count_of_statuses(selection: Selection, groups: Mapping[str, Sequence[int]], most: int) -> dict[str, int]:
    """How many tickets of each group of statuses, by their ids, are in the selection, each counted no further
    than `most`: in one statement."""
    if not groups:
        return {}
    statuses = _by_ids(groups)

    def make(reader: Reader) -> Select:
        numbers = (counting(selection, reader, most, Ticket.status_id.in_(ids)) for ids in statuses)
        return select(*(number.scalar_subquery() for number in numbers))

    return dict(zip(groups, selection.execute(("counts", statuses, most), make)[0], strict=True))


def rows_by_id(selection: Selection, ids: Sequence[int]) -> list[Row]:
    """Those of these ids that the reader sees, in their order; they were found in the selection."""
    if not ids:
        return []

    def make(reader: Reader) -> Select:
        return tickets_seen_by(reader, Ticket.id == any_(_IDS), tree=selection.tree)

    by_id = {row.id: row for row in selection.execute("rows", make, {"ids": list(ids)}, KEEPS_PLAN)}
    return [by_id[each] for each in ids if each in by_id]


_IDS = bindparam("ids", type_=ARRAY(BigInteger))


def first_of_statuses(
    selection: Selection,
    groups: Mapping[str, Sequence[int]],
    *,
    sort: Sort,
    limit: int,
    shown: frozenset[str] = USUAL,
) -> dict[str, list[Row]]:
    """The first few of each group of statuses, by their ids, in that order: in one statement."""
    if not groups:
        return {}
    statuses = _by_ids(groups)

    def make(reader: Reader) -> Select:
        ids = select(Ticket.id).where(*selection.seen_by(reader), *sort.conditions)
        first = ids.order_by(*sort.order.clauses()).limit(limit)
        of_each = (first.where(Ticket.status_id.in_(ids)).subquery() for ids in statuses)
        rows = rows_of(reader, union_all(*(select(each) for each in of_each)), shown=shown)
        return rows.order_by(*sort.order.clauses())

    rows = selection.execute(("groups", sort, statuses, limit, shown), make)
    return {name: [row for row in rows if row.status_id in ids] for name, ids in groups.items()}


def _by_ids(groups: Mapping[str, Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(ids) for ids in groups.values())


def _rows(selection: Selection, reader: Reader, cut: Slice) -> Select:
    wanted = (*selection.conditions(reader), *cut.sort.conditions)
    return tickets_seen_by(reader, *wanted, tree=selection.tree, shown=cut.shown)


def counting(selection: Selection, reader: Reader, most: int, *more: ColumnElement[bool]) -> Select[int]:
    """The statement of `count_of`, of those of which `more` is true. It ends where there are enough.
    What the reader sees is a test of each row, as in the list itself: put together of its parts, it took
    twice to ten times as long on 1,000,000 tickets."""
    some = select(Ticket.id).where(*selection.seen_by(reader), *more).limit(constant(most)).subquery()
    return select(func.count()).select_from(some)
