"""The queue as a board: one column for each status, the same filter, the same order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, func, select

from portal.desk.counts import numbers_of
from portal.desk.queues import Desk, selection
from portal.extensions import db
from portal.filters import And, Condition
from portal.lifecycles.models import Category, Status, Transition
from portal.lifecycles.queries import is_stood_in
from portal.projects.models import Project
from portal.tickets.lists import Sort
from portal.tickets.selections import count_of_statuses, first_of_statuses

CARDS = 20  # of a column; the rest is in the list
MANY = 100  # tickets; a column that has more is told "100+"
READ = frozenset({"assignee"})  # beside what every row has


@dataclass
class Column:
    """The statuses of one name, whichever lifecycle they are of.

    `leads_from` are the ids of statuses from which a ticket may come here. A column that is not
    `is_asked_for` holds nothing that the filter asks for: tickets are dropped there, and leave the board.
    """

    name: str
    label: str
    category: Category
    ids: list[int] = field(default_factory=list)
    leads_from: set[int] = field(default_factory=set)
    is_asked_for: bool = True
    cards: list[Row] = field(default_factory=list)
    has_more: bool = False
    number: int | None = None

    @property
    def said(self) -> str:
        """How many tickets it has, as far as that is known."""
        if self.number is not None:
            return _shortened(self.number)
        return f"{len(self.cards)}+" if self.has_more else str(len(self.cards))


def board(desk: Desk, sort: Sort, whole: And, *, counted: bool = False) -> list[Column]:
    """The columns in the order of their lifecycles, each with its first cards, in two statements; or with
    the numbers of all of its cards, `counted` in another one."""
    columns = _columns_for(desk, whole)
    groups = _groups(columns)
    found = first_of_statuses(selection(desk, whole), groups, sort=sort, limit=CARDS + 1, shown=READ)
    for column in columns:
        rows = found.get(column.name, [])
        column.cards, column.has_more = rows[:CARDS], len(rows) > CARDS
    numbers = _numbers(desk, whole, groups) if counted else {}
    for column in columns:
        column.number = numbers.get(column.name)
    return columns


def numbers_said(desk: Desk, whole: And) -> dict[str, str]:
    """How many tickets each column has, by its name; nothing where counting would take long."""
    numbers = _numbers(desk, whole, _groups(_columns_for(desk, whole)))
    return {name: _shortened(number) for name, number in numbers.items()}


def _numbers(desk: Desk, whole: And, groups: dict[str, list[int]]) -> dict[str, int]:
    return numbers_of(desk, whole, lambda wanted: count_of_statuses(wanted, groups, MANY + 1)) or {}


def _shortened(number: int) -> str:
    return f"{MANY}+" if number > MANY else str(number)


def _groups(columns: list[Column]) -> dict[str, list[int]]:
    return {column.name: column.ids for column in columns if column.is_asked_for}


def _columns_for(desk: Desk, whole: And) -> list[Column]:
    columns = _columns()
    wanted = _asked_for(desk, whole)
    for column in columns:
        column.is_asked_for = not wanted.isdisjoint(column.ids)
    return columns


def _columns() -> list[Column]:
    """One for each name of a status that a project in use has."""
    lifecycles = select(Project.lifecycle_id).where(Project.archived_at.is_(None))
    before = select(func.array_agg(Transition.from_status_id)).where(Transition.to_status_id == Status.id)
    statuses = (
        select(Status.id, Status.name, Status.stored_label, Status.category)
        .add_columns(before.correlate(Status).scalar_subquery().label("leads_from"))
        .where(Status.lifecycle_id.in_(lifecycles), is_stood_in())
        .order_by(Status.position, Status.lifecycle_id, Status.id)
    )
    return _by_name(db.session.execute(statuses))


def _by_name(statuses: Iterable[Any]) -> list[Column]:
    """What is done stands last, however a lifecycle orders it."""
    found: dict[str, Column] = {}
    for row in statuses:
        column = found.setdefault(row.name, Column(row.name, gettext(row.stored_label), row.category))
        column.ids.append(row.id)
        column.leads_from.update(row.leads_from or ())
    return sorted(found.values(), key=lambda column: column.category is Category.DONE)


def _asked_for(desk: Desk, whole: And) -> set[int]:
    """The ids of the statuses that tickets of this filter can have."""
    left = {status.id for status in desk.known.statuses}
    for part in whole.parts:
        if isinstance(part, Condition) and part.name == "status":
            left &= {status_id for value in part.values for status_id in value.meaning}
        elif isinstance(part, Condition) and part.name == "is":
            left &= _of_state(desk, {value.text for value in part.values}, left)
    return left


def _of_state(desk: Desk, states: set[str], left: set[int]) -> set[int]:
    open_ids = {status.id for status in desk.known.statuses if status.is_current}
    if states == {"open"}:
        return open_ids
    return left - open_ids if states == {"closed"} else left
