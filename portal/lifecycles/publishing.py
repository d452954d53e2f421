"""From a draft to what holds. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.checks import Surroundings, can_be_published
from portal.lifecycles.differences import differences
from portal.lifecycles.models import (
    Lifecycle,
    LifecycleDraft,
    LifecycleVersion,
    Status,
    StatusMove,
    Transition,
)
from portal.lifecycles.plan import Plan
from portal.lifecycles.queries import draft_of, published_plan, status_like, version_or_404
from portal.lifecycles.told import plan_told
from portal.organizations.models import Team


def change_draft(
    lifecycle: Lifecycle, plan: Plan, *, targets: Mapping[str, str], seen: int, actor: User
) -> LifecycleDraft:
    """Keep what somebody made of it; `seen` is the version of the draft that they saw, 0 where was none.

    Raises DomainError where somebody else has changed it since; their own last change is what they mean.
    """
    draft = draft_of(lifecycle, to_change=True)
    is_theirs = draft is not None and draft.changed_by_id == actor.id
    if (draft.version if draft else 0) != seen and not is_theirs:
        raise DomainError(_("Somebody else has changed this draft meanwhile. Look at what it is now."))
    if draft is None:
        draft = LifecycleDraft(lifecycle_id=lifecycle.id, based_on=lifecycle.number, version=0)
        db.session.add(draft)
    draft.content, draft.targets = plan.written(), dict(targets)
    draft.version += 1
    draft.changed_by_id, draft.changed_at = actor.id, clock.now()
    return draft


def discard_draft(lifecycle: Lifecycle) -> None:
    """What holds stays as it is; without a draft there is nothing to do."""
    if draft := draft_of(lifecycle, to_change=True):
        db.session.delete(draft)


def roll_back(lifecycle: Lifecycle, number: int, *, actor: User) -> LifecycleDraft:
    """Make a draft of an older version, to be looked at and published like any other."""
    version, draft = version_or_404(lifecycle, number), draft_of(lifecycle, to_change=True)
    seen = draft.version if draft else 0
    return change_draft(lifecycle, Plan.read(version.content), targets={}, seen=seen, actor=actor)


def publish(lifecycle: Lifecycle, around: Surroundings, *, note: str, actor: User) -> Event:
    """Let the draft hold from now on; whoever calls holds the lifecycle's row.

    Statuses that go stay as rows, for history names them. What their tickets get, and
    those of a status that means something else now, stands in `StatusMove`s that follow from the event.
    Raises DomainError where there is no draft, where it changes nothing, or where something is
    wrong with it.
    """
    draft = draft_of(lifecycle, to_change=True)
    if draft is None:
        raise DomainError(_("There is no draft to be published."))
    plan, old = Plan.read(draft.content), published_plan(lifecycle)
    if not differences(old, plan):
        raise DomainError(_("The draft changes nothing."))
    if not can_be_published(plan, around):
        raise DomainError(_("Something is wrong with the draft. It says what, beside the fields."))
    keep(lifecycle, plan)
    lifecycle.number += 1
    version = LifecycleVersion(
        lifecycle_id=lifecycle.id,
        number=lifecycle.number,
        content=draft.content,
        targets=draft.targets,
        note=note,
        published_by_id=actor.id,
        published_at=clock.now(),
    )
    db.session.add(version)
    db.session.delete(draft)
    changes = {"version": change(version.number - 1, version.number)} | plan_told(old, plan)
    about: dict[str, Any] = {"lifecycle_id": lifecycle.id, "lifecycle": lifecycle.name}
    event = record(Kind.LIFECYCLE_PUBLISHED, actor=actor, why=note, changes=changes, **about)
    db.session.flush()
    _let_tickets_follow(lifecycle, old, plan, around, event)
    return event


def _let_tickets_follow(
    lifecycle: Lifecycle, old: Plan, plan: Plan, around: Surroundings, event: Event
) -> None:
    rows = {status.name: status for status in db.session.scalars(_of(lifecycle))}
    for name in followed(old, plan):
        start, planned = rows[name], plan.status(name)
        said = None if planned else rows.get(around.targets.get(name, ""))
        end = start if planned else said or status_like(start, lifecycle_id=lifecycle.id)
        move = StatusMove(from_status_id=start.id, to_status_id=end.id, event_id=event.id)
        move.tickets = around.standing.get(name, 0)
        db.session.add(move)
    db.session.flush()


def followed(old: Plan, new: Plan) -> list[str]:
    """The names of the statuses whose tickets have to follow: they go, or mean something else."""
    return [
        status.name
        for status in old.statuses
        if (now := new.status(status.name)) is None or now.category is not status.category
    ]


def keep(lifecycle: Lifecycle, plan: Plan) -> None:
    """Let its statuses and steps be those of the plan: statuses by their names, one that comes again with the
    row that it had; the steps all anew."""
    rows = {status.name: status for status in db.session.scalars(_of(lifecycle))}
    for place, planned in enumerate(plan.statuses):
        status = rows.get(planned.name)
        if status is None:
            status = rows[planned.name] = Status(lifecycle_id=lifecycle.id, name=planned.name)
            db.session.add(status)
        status.stored_label, status.category, status.colour = planned.label, planned.category, planned.colour
        status.position, status.removed_at = place, None
    for name, status in rows.items():
        if name not in plan.names and status.removed_at is None:
            status.removed_at = clock.now()
    db.session.flush()
    ids = {name: status.id for name, status in rows.items()}
    _keep_steps(plan, ids)
    db.session.expire(lifecycle, ["statuses"])


def _keep_steps(plan: Plan, ids: dict[str, int]) -> None:
    old = select(Transition).where(Transition.from_status_id.in_(ids.values()))
    for step in db.session.scalars(old):
        db.session.delete(step)
    db.session.flush()
    teams = {team.name: team.id for team in db.session.execute(select(Team.name, Team.id))}
    for planned in plan.steps:
        step = Transition(from_status_id=ids[planned.start], to_status_id=ids[planned.end])
        step.label, step.by_requester = planned.label, planned.by_requester
        step.roles = sorted(role.value for role in planned.roles)
        step.team_ids = sorted(teams[team] for team in planned.teams)
        step.needs = sorted(need.value for need in planned.needs)
        db.session.add(step)
    db.session.flush()
    for status in db.session.scalars(select(Status).where(Status.id.in_(ids.values()))):
        db.session.expire(status, ["steps"])


def _of(lifecycle: Lifecycle) -> Any:
    return select(Status).where(Status.lifecycle_id == lifecycle.id).order_by(Status.id)
