"""Tickets follow when their lifecycle is another one than it was, or their project has another lifecycle.

A `StatusMove` says which tickets get which status. Few are brought there in the request that
publishes; the others by a worker, batch by batch. Whoever changes a ticket meanwhile brings it there first.
Nothing here commits.
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import caused_by, record
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.lifecycles.checks import Surroundings
from portal.lifecycles.models import Lifecycle, Status, StatusMove
from portal.lifecycles.plan import Plan
from portal.lifecycles.publishing import followed
from portal.organizations.queries import all_teams, team_sizes
from portal.projects.models import Project
from portal.tickets.actions import catch_up
from portal.tickets.lists import is_open
from portal.tickets.models import Ticket

AT_ONCE = 50  # tickets that are brought there within the request
BATCH = 100  # tickets of one transaction of a worker
SETTLING = timedelta(hours=1)  # longer than any change of a ticket takes
MANY = 1_000  # open tickets of a lifecycle; counting goes no further
JOB = "jobs.lifecycles.catch_up"


def standing_in(lifecycle: Lifecycle, names: Iterable[str]) -> dict[str, int]:
    """How many tickets stand in each of these statuses, by their names; every one of them is counted."""
    wanted = list(names)
    if not wanted:
        return {}
    counted = (
        select(Status.name, func.count(Ticket.id))
        .outerjoin(Ticket, Ticket.status_id == Status.id)
        .where(Status.lifecycle_id == lifecycle.id, Status.name.in_(wanted))
        .group_by(Status.name)
    )
    return {name: number for name, number in db.session.execute(counted)}  # noqa: C416, rows are no pairs of a dict


def open_tickets_of(ids: Iterable[int]) -> dict[int, int]:
    """How many open tickets the projects of each of these lifecycles have, counted up to `MANY`."""
    its_projects = select(Project.id).where(Project.lifecycle_id == Lifecycle.id).correlate(Lifecycle)
    its_own = Ticket.project_id.in_(its_projects), is_open(), Ticket.hidden_as.is_(None)
    some = select(Ticket.id).where(*its_own).correlate(Lifecycle).limit(MANY).subquery()
    counted = select(
        Lifecycle.id, select(func.count()).select_from(some).correlate(Lifecycle).scalar_subquery()
    )
    return dict(db.session.execute(counted.where(Lifecycle.id.in_(list(ids)))).all())


def surroundings(
    lifecycle: Lifecycle | None, now: Plan, plan: Plan, *, targets: Mapping[str, str]
) -> Surroundings:
    """What a plan is judged by that is to take the place of what holds `now`; a new lifecycle is none yet."""
    sizes = team_sizes()
    return Surroundings(
        standing=standing_in(lifecycle, followed(now, plan)) if lifecycle else {},
        targets=targets,
        people_in={team.name: sizes.get(team.id, 0) for team in all_teams()},
    )


def standing_of(project: Project) -> list[tuple[Status, int]]:
    """The statuses in which tickets of this project stand, with how many, in the lifecycle's order."""
    counted = (
        select(Status, func.count(Ticket.id))
        .join(Ticket, Ticket.status_id == Status.id)
        .where(Ticket.project_id == project.id)
        .group_by(Status.id)
        .order_by(Status.position, Status.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(counted)]


def give_lifecycle(
    project: Project, lifecycle: Lifecycle, targets: Mapping[int, Status], *, actor: User
) -> None:
    """Another lifecycle for the project; its tickets follow to the `targets`, by the ids of the statuses in
    which they stand. Whoever calls holds the project's row.

    Raises DomainError, naming the first, for a status in which tickets stand and that has none in the
    other lifecycle.
    """
    if lifecycle.id == project.lifecycle_id:
        return
    standing = standing_of(project)
    for status, _number in standing:
        target = targets.get(status.id)
        if target is None or target.lifecycle_id != lifecycle.id or target.removed_at:
            raise DomainError(_("Say what tickets become that are %(status)s.", status=status.label))
    changes = {"lifecycle": change(project.lifecycle, lifecycle)}
    project.lifecycle = lifecycle
    about: dict[str, Any] = {"project_id": project.id, "project": project.key}
    event = record(Kind.PROJECT_EDITED, actor=actor, **about, changes=changes)
    db.session.flush()
    for status, number in standing:
        move = StatusMove(project_id=project.id, from_status_id=status.id, tickets=number)
        move.to_status_id, move.event_id = targets[status.id].id, event.id
        db.session.add(move)
    db.session.flush()
    let_follow(event)


def let_follow(event: Event) -> None:
    """Bring the tickets that follow from that event where they have to be: now if they are few."""
    moves = list(db.session.scalars(_open_moves().where(StatusMove.event_id == event.id)))
    if sum(move.tickets for move in moves) > AT_ONCE:
        enqueue_after_commit(JOB, queue="slow")
        return
    _hold(moves)
    for move in moves:
        while not move.done_at:
            bring_next(move, at_most=AT_ONCE)


def _hold(moves: list[StatusMove]) -> None:
    """Their tickets all at once, by ascending id, as whoever holds several does."""
    if moves:
        behind = or_(*(_is_behind(move) for move in moves))
        db.session.execute(select(Ticket.id).where(behind).order_by(Ticket.id).with_for_update())


def look_again() -> None:
    """Begin anew what began a short while ago: whoever was changing a ticket while something was published
    may have left it in a status that had just gone."""
    recent = and_(StatusMove.done_at.is_not(None), StatusMove.begun_at > clock.now() - SETTLING)
    db.session.execute(update(StatusMove).where(recent).values(done_at=None, reached=0))


def bring_some(*, at_most: int = BATCH) -> bool:
    """A batch of the oldest move that nobody else is at; False when there is none."""
    oldest = _open_moves().limit(1).with_for_update(skip_locked=True, of=StatusMove)
    move = db.session.scalar(oldest.execution_options(populate_existing=True))
    if move is None:
        return False
    bring_next(move, at_most=at_most)
    return True


def bring_next(move: StatusMove, *, at_most: int) -> None:
    """The next tickets by their ids. A ticket that came there behind the last one is found by a second look,
    which ends it."""
    behind = select(Ticket).where(_is_behind(move), Ticket.id > move.reached)
    behind = behind.order_by(Ticket.id).limit(at_most)
    tickets = list(
        db.session.scalars(behind.with_for_update(of=Ticket).execution_options(populate_existing=True))
    )
    cause = db.session.get(Event, move.event_id) if move.event_id else None
    for ticket in tickets:
        _bring(ticket, cause)
    move.moved += len(tickets)
    if tickets:
        move.reached = tickets[-1].id
    elif move.reached and not _holds_again(move):
        move.reached = 0
    else:
        move.done_at = clock.now()
    db.session.flush()


def moves_of(lifecycle: Lifecycle) -> list[StatusMove]:
    """What its tickets are still on their way by, and where they were brought by its last version."""
    mine = or_(StatusMove.from_status_id.in_(_ids(lifecycle)), StatusMove.to_status_id.in_(_ids(lifecycle)))
    return list(db.session.scalars(_open_moves().where(mine, StatusMove.tickets > 0)))


def _holds_again(move: StatusMove) -> bool:
    """Whether the status that was to be left came back meanwhile: nothing is to follow any more."""
    start, project = move.start, db.session.get(Project, move.project_id) if move.project_id else None
    is_own = project is None or project.lifecycle_id == start.lifecycle_id
    return move.from_status_id != move.to_status_id and start.removed_at is None and is_own


def _ids(lifecycle: Lifecycle) -> Select[int]:
    return select(Status.id).where(Status.lifecycle_id == lifecycle.id)


def _bring(ticket: Ticket, cause: Event | None) -> None:
    """At the wish of whoever published; the history says why."""
    actor = db.session.get(User, cause.actor_id) if cause and cause.actor_id else None
    with caused_by(cause) if cause else nullcontext():
        catch_up(ticket, actor=actor)


def _open_moves() -> Select[StatusMove]:
    return select(StatusMove).where(StatusMove.done_at.is_(None)).order_by(StatusMove.id)


def _is_behind(move: StatusMove) -> ColumnElement[bool]:
    """The tickets that it still has to bring."""
    mine = [Ticket.status_id == move.from_status_id]
    if move.project_id is not None:
        mine.append(Ticket.project_id == move.project_id)
    if move.from_status_id == move.to_status_id:
        mine.append(Ticket.status_category != move.end.category)
    return and_(*mine)
