"""Making and ending lifecycles. Nothing here commits."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.models import USUAL_COLOUR, Category, Lifecycle, LifecycleVersion
from portal.lifecycles.plan import Plan, PlannedStatus, PlannedStep
from portal.lifecycles.publishing import keep
from portal.lifecycles.queries import is_in_use, published_plan
from portal.lifecycles.told import plan_told

_STATUSES = {
    "open": ("Open", Category.NEW, ("in_progress", "closed")),
    "in_progress": ("In progress", Category.ACTIVE, ("open", "blocked", "closed")),
    "blocked": ("Blocked", Category.WAITING, ("open", "in_progress")),
    "closed": ("Closed", Category.DONE, ("open", "in_progress")),
}
DEFAULT = Plan(
    tuple(
        PlannedStatus(name, label, category, USUAL_COLOUR[category])
        for name, (label, category, _ends) in _STATUSES.items()
    ),
    tuple(PlannedStep(start, end) for start, (_label, _category, ends) in _STATUSES.items() for end in ends),
)


def make_default_lifecycle(name: str = "Standard") -> Lifecycle:
    """Open, in progress, blocked and closed, with the steps between them that make sense."""
    return _made(name, "", DEFAULT, actor=None)


def create_lifecycle(
    name: str, *, actor: User, description: str = "", like: Lifecycle | None = None, plan: Plan | None = None
) -> Lifecycle:
    """A lifecycle with this plan, or that of another one, else the usual one; no project has it yet.

    Raises DomainError where there is one of that name. Whether the plan is sound, whoever calls has seen.
    """
    plan = plan or (published_plan(like) if like else DEFAULT)
    lifecycle = _made(name, description, plan, actor=actor)
    about = _about(lifecycle) | {"like": like.name if like else None}
    changes = _named(None, lifecycle) | plan_told(Plan(), plan)
    record(Kind.LIFECYCLE_CREATED, actor=actor, **about, changes=changes)
    return lifecycle


def edit_lifecycle(lifecycle: Lifecycle, *, name: str, description: str, actor: User) -> None:
    """Raises DomainError where there is another one of that name."""
    changes = _set(lifecycle, name=name, description=description)
    if changes:
        record(Kind.LIFECYCLE_EDITED, actor=actor, **_about(lifecycle), changes=changes)


def delete_lifecycle(lifecycle: Lifecycle, *, actor: User) -> None:
    """Raises DomainError where a project has it, or a ticket ever stood in one of its statuses."""
    refusal = DomainError(_("%(name)s is in use, so it stays.", name=lifecycle.name))
    if is_in_use(lifecycle):
        raise refusal
    about = _about(lifecycle)
    changes = _named(lifecycle, None) | plan_told(published_plan(lifecycle), Plan())
    try:
        with db.session.begin_nested():
            db.session.delete(lifecycle)
    except IntegrityError:  # a project took it meanwhile, or a ticket still has a status of it
        raise refusal from None
    record(Kind.LIFECYCLE_DELETED, actor=actor, **about, changes=changes)


def _made(name: str, description: str, plan: Plan, *, actor: User | None) -> Lifecycle:
    lifecycle = Lifecycle(name=name, description=description)
    _insert(lifecycle)
    keep(lifecycle, plan)
    db.session.add(
        LifecycleVersion(
            lifecycle_id=lifecycle.id,
            number=1,
            content=plan.written(),
            published_by_id=actor.id if actor else None,
            published_at=clock.now(),
        )
    )
    db.session.flush()
    return lifecycle


def _insert(lifecycle: Lifecycle) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(lifecycle)
    except IntegrityError:
        raise _taken(lifecycle.name) from None


def _set(lifecycle: Lifecycle, **values: Any) -> Changes:
    try:
        with db.session.begin_nested():
            return set_fields(lifecycle, **values)
    except IntegrityError:
        raise _taken(values["name"]) from None


def _taken(name: str) -> DomainError:
    return DomainError(_("There is a workflow called %(name)s already.", name=name))


def _named(old: Lifecycle | None, new: Lifecycle | None) -> Changes:
    return {
        field: change(getattr(old, field, None), getattr(new, field, None))
        for field in ("name", "description")
        if getattr(old or new, field)
    }


def _about(lifecycle: Lifecycle) -> dict[str, Any]:
    return {"lifecycle_id": lifecycle.id, "lifecycle": lifecycle.name}
