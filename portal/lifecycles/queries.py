from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    and_,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload

from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.lifecycles.models import (
    USUAL_COLOUR,
    Category,
    Colour,
    Lifecycle,
    LifecycleDraft,
    LifecycleVersion,
    Status,
    StatusMove,
    Transition,
)
from portal.lifecycles.plan import Plan
from portal.memory import Remembered


@dataclass(frozen=True)
class Step:
    """A status in which a ticket can be next."""

    id: int
    name: str
    stored_label: str
    category: Category
    colour: Colour
    said: str = ""
    roles: tuple[str, ...] = ()
    team_ids: tuple[int, ...] = ()
    by_requester: bool = False
    needs: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What its button says: its own words, else as `Status.label`, in the reader's language."""
        return self.said or gettext(self.stored_label)


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
    ends = select(Status.id, Status.name, Status.stored_label, Status.category, Status.colour)
    ends = ends.add_columns(Transition.label, Transition.roles, Transition.team_ids)
    ends = ends.add_columns(Transition.by_requester, Transition.needs)
    ends = ends.join(Transition, Transition.to_status_id == Status.id)
    ends = ends.where(Transition.from_status_id == status_id).order_by(Status.position, Status.id)
    return tuple(
        Step(
            row.id,
            row.name,
            row.stored_label,
            row.category,
            row.colour,
            said=row.label,
            roles=tuple(row.roles),
            team_ids=tuple(row.team_ids),
            by_requester=row.by_requester,
            needs=tuple(row.needs),
        )
        for row in db.session.execute(ends)
    )


_steps = Remembered(_read_steps, models=(Status, Transition))


def first_status(lifecycle_id: int) -> Status:
    """The status a new ticket has: the first of the lifecycle's category `new`."""
    return db.session.scalars(_FIRST, {"lifecycle_id": lifecycle_id}, execution_options=KEEPS_PLAN).one()


_FIRST = (
    select(Status)
    .where(Status.lifecycle_id == bindparam("lifecycle_id"), Status.category == Category.NEW)
    .where(Status.removed_at.is_(None))
    .order_by(Status.position, Status.id)
    .limit(constant(1))
)


def status_like(status: Status, *, lifecycle_id: int) -> Status:
    """The nearest status of another lifecycle: the one of its name, else of its category, else the first."""
    others = select(Status).where(Status.lifecycle_id == lifecycle_id, Status.removed_at.is_(None))
    nearest = (Status.name == status.name, Status.category == status.category)
    order = (*(same.desc() for same in nearest), Status.position, Status.id)
    return db.session.scalars(others.order_by(*order).limit(1)).one()


Allowed = Callable[[Transition], bool]


def path_to_category(status: Status, category: Category, *, along: Allowed | None = None) -> list[Status]:
    """The shortest allowed way to a status of that category, without the start; [] if none.

    Only along such steps, where something is said of them.
    """
    return _path(status, lambda end: end.category == category, along)


def path_to_status(status: Status, wanted: Status) -> list[Status]:
    """The shortest allowed way to that very status, without the start; [] if none."""
    return _path(status, lambda end: end.id == wanted.id)


def _path(status: Status, is_wanted: Callable[[Status], bool], along: Allowed | None = None) -> list[Status]:
    graph, statuses = _graph(status.lifecycle_id, along)
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


def _graph(lifecycle_id: int, along: Allowed | None) -> tuple[dict[int, list[int]], dict[int, Status]]:
    own = select(Status).where(Status.lifecycle_id == lifecycle_id).order_by(Status.position)
    statuses = {status.id: status for status in db.session.scalars(own)}
    steps = select(Transition).where(Transition.from_status_id.in_(statuses))
    graph: dict[int, list[int]] = {}
    order = {status_id: number for number, status_id in enumerate(statuses)}
    for step in sorted(db.session.scalars(steps), key=lambda step: order[step.to_status_id]):
        if along is None or along(step):
            graph.setdefault(step.from_status_id, []).append(step.to_status_id)
    return graph, statuses


def status_now(status: Status, *, project_id: int, lifecycle_id: int) -> Status:
    """The status that a ticket has to have whose own is no more, or is not of its project's lifecycle: what
    was said when that came about, else what is most like it. One that holds is its own."""
    seen: set[int] = set()
    while (status.removed_at or status.lifecycle_id != lifecycle_id) and status.id not in seen:
        seen.add(status.id)
        said = select(StatusMove).where(
            StatusMove.from_status_id == status.id,
            or_(StatusMove.project_id.is_(None), StatusMove.project_id == project_id),
        )
        move = db.session.scalar(said.order_by(StatusMove.id.desc()).limit(1))
        if move is None:
            break
        status = move.end
    if status.removed_at or status.lifecycle_id != lifecycle_id:
        return status_like(status, lifecycle_id=lifecycle_id)
    return status


def is_stood_in() -> ColumnElement[bool]:
    """Of statuses: there still, or gone while tickets are on their way out of it."""
    leaving = exists().where(StatusMove.from_status_id == Status.id, StatusMove.done_at.is_(None))
    return or_(Status.removed_at.is_(None), leaving)


def _read_hues() -> dict[int, str]:
    rows = db.session.execute(select(Status.id, Status.category, Status.colour))
    return {row.id: row.colour.value for row in rows if row.colour is not USUAL_COLOUR[row.category]}


_hues = Remembered(_read_hues, models=(Status,))


def hues() -> dict[int, str]:
    """The colours of statuses, by their ids, that are not those of their category: for their pills."""
    return _hues()


def lifecycle_or_404(lifecycle_id: int, *, to_change: bool = False) -> Lifecycle:
    found = select(Lifecycle).where(Lifecycle.id == lifecycle_id)
    if to_change:
        found = found.with_for_update(of=Lifecycle).execution_options(populate_existing=True)
    return db.one_or_404(found)


def published_plan(lifecycle: Lifecycle) -> Plan:
    """What holds now."""
    return Plan.read(version_or_404(lifecycle, lifecycle.number).content)


def version_or_404(lifecycle: Lifecycle, number: int) -> LifecycleVersion:
    return db.one_or_404(
        select(LifecycleVersion).where(
            LifecycleVersion.lifecycle_id == lifecycle.id, LifecycleVersion.number == number
        )
    )


def versions_of(lifecycle: Lifecycle) -> list[LifecycleVersion]:
    """The last first."""
    found = select(LifecycleVersion).where(LifecycleVersion.lifecycle_id == lifecycle.id)
    found = found.options(joinedload(LifecycleVersion.published_by))
    return list(db.session.scalars(found.order_by(LifecycleVersion.number.desc())))


def draft_of(lifecycle: Lifecycle, *, to_change: bool = False) -> LifecycleDraft | None:
    found = select(LifecycleDraft).where(LifecycleDraft.lifecycle_id == lifecycle.id)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(found).one_or_none()


_PROJECTS = table(
    "projects", column("id", BigInteger), column("name", String), column("lifecycle_id", BigInteger)
)


def is_in_use(lifecycle: Lifecycle) -> bool:
    """Whether a project has it."""
    return bool(db.session.scalar(select(exists().where(_PROJECTS.c.lifecycle_id == lifecycle.id))))


@dataclass(frozen=True)
class Listed:
    """A lifecycle, as a line of the list of all, with the names of the projects that have it."""

    id: int
    name: str
    description: str
    number: int
    published_at: datetime
    statuses: int
    projects: tuple[str, ...]
    has_draft: bool


def lifecycles_listed(words: str = "") -> list[Listed]:
    """Those whose name or description, or a project that has it, holds these words; the first of all is
    the standard."""
    mine = Status.lifecycle_id == Lifecycle.id
    statuses = select(func.count()).where(mine, Status.removed_at.is_(None)).scalar_subquery()
    names = func.array_agg(aggregate_order_by(_PROJECTS.c.name, _PROJECTS.c.name))
    projects = select(names).where(_PROJECTS.c.lifecycle_id == Lifecycle.id).scalar_subquery()
    draft = exists().where(LifecycleDraft.lifecycle_id == Lifecycle.id)
    is_last = and_(LifecycleVersion.lifecycle_id == Lifecycle.id, LifecycleVersion.number == Lifecycle.number)
    found = select(Lifecycle, LifecycleVersion.published_at, statuses, projects, draft)
    found = found.join(LifecycleVersion, is_last).order_by(Lifecycle.id)
    if words:
        said = func.concat_ws(" ", Lifecycle.name, Lifecycle.description)
        of_project = _PROJECTS.c.name.icontains(words, autoescape=True)
        has_it = exists().where(_PROJECTS.c.lifecycle_id == Lifecycle.id, of_project)
        found = found.where(or_(said.icontains(words, autoescape=True), has_it))
    return [
        Listed(
            one.id, one.name, one.description, one.number, published_at, number, tuple(of or ()), has_draft
        )
        for one, published_at, number, of, has_draft in db.session.execute(found)
    ]
