"""How many tickets there are in a list or in each view: never in the request that draws a list."""

import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.exc import OperationalError

from portal.accounts.models import User
from portal.desk.queues import Desk, selection
from portal.extensions import db
from portal.filters import And, FilterError, words
from portal.memory import Remembered
from portal.tickets.selections import Selection, count_of, counting

Found = TypeVar("Found")

MOST = 1000  # tickets; a view that has more is told "1k+"
LIFE = 4.0  # seconds, for which the counts of a person are kept
TOGETHER = 800  # milliseconds that all counts may take together
ALONE = 250  # milliseconds for each of them, where together they took too long
IN_ALL = 2.0  # seconds for those


@dataclass(frozen=True)
class Counts:
    """By filter: how many tickets it asks for, counted up to one more than `MOST`. A filter that is
    none is `wrong`; one that would take long to count has no number. `at` tells how old they are."""

    numbers: dict[str, int]
    wrong: frozenset[str]
    at: float

    def said(self, asked: str) -> str:
        """The number of that filter, as it stands beside a name; empty where there is none."""
        if asked not in self.numbers:
            return ""
        return "1k+" if self.numbers[asked] > MOST else str(self.numbers[asked])

    def are_older_than(self, moment: float) -> bool:
        return self.at < moment


def counts_for(reader: User, filters: Iterable[str], language: str) -> Counts:
    """Counted at most once in `LIFE` seconds for each reader."""
    return _counts(reader.id, tuple(filters), language)


def _count(reader_id: int, filters: tuple[str, ...], _language: str) -> Counts:
    desk, at = Desk.of(db.session.get_one(User, reader_id)), time.monotonic()
    counted, wrong = {}, set()
    for each in filters:
        try:
            tree = desk.read(each)
        except FilterError:
            wrong.add(each)
            continue
        if not words(tree):  # to count what words find takes as long as to find it all
            wanted = selection(desk, tree)
            counted[each] = counting(wanted, wanted.reader, MOST + 1).scalar_subquery()
    return Counts(_numbers(counted) if counted else {}, frozenset(wrong), at)


_counts = Remembered(_count, models=(), life=LIFE)


def number_of(desk: Desk, whole: And) -> int | None:
    """How many tickets the filter asks for, counted up to one more than `MOST`."""
    return numbers_of(desk, whole, lambda wanted: count_of(wanted, MOST + 1))


def numbers_of(desk: Desk, whole: And, count: Callable[[Selection], Found]) -> Found | None:
    """What is counted of that filter, or None where it would take long: to count what words find takes as
    long as to find it all."""
    if words(whole):
        return None
    return _within(TOGETHER, lambda: count(selection(desk, whole)))


def _numbers(counted: dict[str, ScalarSelect[int]]) -> dict[str, int]:
    """In one statement; if that takes too long, one by one, without those that are to blame."""
    row = _within(TOGETHER, partial(_row, list(counted.values())))
    if row is not None:
        return dict(zip(counted, row, strict=True))
    numbers, until = {}, time.monotonic() + IN_ALL
    for each, number in counted.items():
        alone = _within(ALONE, partial(_row, [number])) if time.monotonic() < until else None
        if alone is not None:
            numbers[each] = alone[0]
    return numbers


def _row(numbers: list[ScalarSelect[int]]) -> Any:
    return db.session.execute(select(*numbers)).one()


def _within(milliseconds: int, count: Callable[[], Found]) -> Found | None:
    """What was counted, or None where that took too long."""
    try:
        with db.session.begin_nested(), _time_limit(milliseconds):
            return count()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != "57014":  # cancelled by the limit
            raise
        return None


@contextmanager
def _time_limit(milliseconds: int):
    """Of the statements inside. A savepoint that is rolled back takes its limit with it."""
    before = db.session.scalar(select(func.current_setting("statement_timeout")))
    _set_limit(str(milliseconds))
    yield
    _set_limit(before or "0")


def _set_limit(limit: str) -> None:
    db.session.execute(select(func.set_config("statement_timeout", limit, True)))
