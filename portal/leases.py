"""Leases on rows that are work: who has one is at it, and one that ran out is a worker that died.

Each kind of work says which of its rows wait, how long a lease is, and what a failed try costs.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select

from portal import clock

Work = TypeVar("Work")


class LeaseLost(Exception):
    """Another worker has taken it over, or somebody has ended it."""


def is_free(work: Any) -> ColumnElement[bool]:
    """Nobody is at this kind of row, which has a column `lease_until`."""
    return or_(work.lease_until.is_(None), work.lease_until < clock.now())


def oldest(work: type[Work], *which: ColumnElement[bool]) -> Select[Work]:
    """The first of these rows that no transaction holds; locked until the commit, and read anew."""
    first = select(work).where(*which).order_by(work.id).limit(1)  # type: ignore[attr-defined]  # each has one
    return first.with_for_update(skip_locked=True, of=work).execution_options(populate_existing=True)
