"""The queue as a board: one column for each status, the same filter, the same order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, func, select

from portal.desk.queues import MANY, Asked, Desk, selection
from portal.extensions import db
from portal.filters import And, Condition
from portal.lifecycles.models import Category, Status, Transition
from portal.projects.models import Project
from portal.tickets.selections import first_of_statuses

CARDS = 20  # of a column; the rest is in the list
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
    total: int = 0

    @property
    def said(self) -> str:
        """How many tickets it has."""
        return f"{MANY}+" if self.total > MANY else str(self.total)

    @property
    def has_more(self) -> bool:
        return self.total > len(self.cards)


def board(desk: Desk, asked: Asked, tree: And) -> list[Column]:
    """The columns in the order of their lifecycles, each with its first cards. In two statements."""
    whole = desk.whole(asked.queue, tree)
    columns = _columns()
    wanted = _asked_for(desk, whole)
    for column in columns:
        column.is_asked_for = not wanted.isdisjoint(column.ids)
    _fill([column for column in columns if column.is_asked_for], desk, asked, whole)
    return columns


def _fill(columns: list[Column], desk: Desk, asked: Asked, whole: And) -> None:
    found = first_of_statuses(
        selection(desk, whole),
        {column.name: column.ids for column in columns},
        sort=asked.sort,
        limit=CARDS,
        most=MANY + 1,
        shown=READ,
    )
    for column in columns:
        column.cards, column.total = found[column.name].rows, found[column.name].total


def _columns() -> list[Column]:
    """One for each name of a status that a project in use has."""
    lifecycles = select(Project.lifecycle_id).where(Project.archived_at.is_(None))
    before = select(func.array_agg(Transition.from_status_id)).where(Transition.to_status_id == Status.id)
    statuses = (
        select(Status.id, Status.name, Status.stored_label, Status.category)
        .add_columns(before.correlate(Status).scalar_subquery().label("leads_from"))
        .where(Status.lifecycle_id.in_(lifecycles))
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
