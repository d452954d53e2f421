from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import bindparam, select

from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.lifecycles.models import Category, Status, Transition
from portal.memory import Remembered


@dataclass(frozen=True)
class Step:
    """A status in which a ticket can be next."""

    id: int
    name: str
    stored_label: str
    category: Category

    @property
    def label(self) -> str:
        """As `Status.label`, in the reader's language."""
        return gettext(self.stored_label)


def steps_from(status: Status) -> tuple[Step, ...]:
    """Where its tickets may go, in the lifecycle's order, for a menu: remembered for some seconds, see
    `portal.memory`. Whether a step is allowed at this moment says `status.next`."""
    return _steps(status.id)


def status_beside(status: Status, status_id: int | None) -> Status | None:
    """The one of that id in the same lifecycle, whether there is a step to it or not.

    What can be next is read first: it is nearly always meant, and whoever takes the step asks for it again.
    """
    near = {step.id: step for step in (status, *status.next)}
    if status_id in near:
        return near[status_id]
    other = db.session.get(Status, status_id) if status_id is not None else None
    return other if other and other.lifecycle_id == status.lifecycle_id else None


def _read_steps(status_id: int) -> tuple[Step, ...]:
    ends = select(Status.id, Status.name, Status.stored_label, Status.category)
    ends = ends.join(Transition, Transition.to_status_id == Status.id)
    ends = ends.where(Transition.from_status_id == status_id).order_by(Status.position, Status.id)
    return tuple(Step(*row) for row in db.session.execute(ends))


_steps = Remembered(_read_steps, models=(Status, Transition))


def first_status(lifecycle_id: int) -> Status:
    """The status a new ticket has: the first of the lifecycle's category `new`."""
    return db.session.scalars(_FIRST, {"lifecycle_id": lifecycle_id}, execution_options=KEEPS_PLAN).one()


_FIRST = (
    select(Status)
    .where(Status.lifecycle_id == bindparam("lifecycle_id"), Status.category == Category.NEW)
    .order_by(Status.position, Status.id)
    .limit(constant(1))
)


def status_like(status: Status, *, lifecycle_id: int) -> Status:
    """The nearest status of another lifecycle: the one of its name, else of its category, else the first."""
    others = select(Status).where(Status.lifecycle_id == lifecycle_id)
    nearest = (Status.name == status.name, Status.category == status.category)
    order = (*(same.desc() for same in nearest), Status.position, Status.id)
    return db.session.scalars(others.order_by(*order).limit(1)).one()


def path_to_category(status: Status, category: Category) -> list[Status]:
    """The shortest allowed way to a status of that category, without the start; [] if none."""
    return _path(status, lambda end: end.category == category)


def path_to_status(status: Status, wanted: Status) -> list[Status]:
    """The shortest allowed way to that very status, without the start; [] if none."""
    return _path(status, lambda end: end.id == wanted.id)


def _path(status: Status, is_wanted: Callable[[Status], bool]) -> list[Status]:
    graph, statuses = _graph(status.lifecycle_id)
    ways = deque([[status.id]])
    seen = {status.id}
    while ways:
        way = ways.popleft()
        if len(way) > 1 and is_wanted(statuses[way[-1]]):
            return [statuses[step] for step in way[1:]]
        for step in graph.get(way[-1], ()):
            if step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return []


def _graph(lifecycle_id: int) -> tuple[dict[int, list[int]], dict[int, Status]]:
    own = select(Status).where(Status.lifecycle_id == lifecycle_id).order_by(Status.position)
    statuses = {status.id: status for status in db.session.scalars(own)}
    steps = select(Transition.from_status_id, Transition.to_status_id).where(
        Transition.from_status_id.in_(statuses)
    )
    graph: dict[int, list[int]] = {}
    order = {status_id: number for number, status_id in enumerate(statuses)}
    for start, end in sorted(db.session.execute(steps), key=lambda step: order[step[1]]):
        graph.setdefault(start, []).append(end)
    return graph, statuses
