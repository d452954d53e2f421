"""Calendars and policies are made, changed, put in order and rolled back. Nothing here commits.

Each change makes a version, stands in the audit log, and has all open tickets looked at.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.sla.definitions import (
    WantedCalendar,
    WantedPolicy,
    calendar_of,
    policy_of,
    told_of_calendar,
    told_of_policy,
)
from portal.sla.models import SlaCalendar, SlaCalendarVersion, SlaPolicy, SlaPolicyVersion
from portal.sla.recounting import ask_recount

MOST = 100  # policies, and calendars


def create_calendar(wanted: WantedCalendar, *, actor: User | None) -> SlaCalendar:
    """Raises DomainError for a name that there is, and for hours that are none."""
    _refuse_without_hours(wanted)
    _refuse_too_many(SlaCalendar)
    calendar = SlaCalendar(name=wanted.name)
    _keep_named(calendar, wanted.name)
    definition = wanted.definition()
    _add_version(calendar, definition, actor)
    _record_calendar(Kind.SLA_CALENDAR_CREATED, calendar, {}, told_of_calendar(definition), actor)
    return calendar


def edit_calendar(calendar: SlaCalendar, wanted: WantedCalendar, *, actor: User | None) -> None:
    """Make a version that holds from now on, also for tickets that are open. What it is already changes
    nothing."""
    _refuse_without_hours(wanted)
    was, now = calendar.current.definition, wanted.definition()
    if was == now:
        return
    _keep_named(calendar, wanted.name)
    calendar.version = _last_number(SlaCalendarVersion.calendar_id, calendar.id) + 1
    calendar.changed_at = clock.now()
    _add_version(calendar, now, actor)
    _record_calendar(Kind.SLA_CALENDAR_EDITED, calendar, told_of_calendar(was), told_of_calendar(now), actor)
    ask_recount()


def roll_back_calendar(calendar: SlaCalendar, version: SlaCalendarVersion, *, actor: User) -> None:
    """Make a new version that says what an old one said."""
    edit_calendar(calendar, calendar_of(version.definition), actor=actor)


def delete_calendar(calendar: SlaCalendar, *, actor: User) -> None:
    """Raises DomainError for one that a policy goes by, or has gone by."""
    goes_by_it = select(SlaPolicyVersion.id).where(SlaPolicyVersion.calendar_id == calendar.id)
    if db.session.scalar(goes_by_it.limit(1)) is not None:
        raise DomainError(
            _("A policy goes by this calendar, or one of its versions does. Choose another one there first.")
        )
    record(Kind.SLA_CALENDAR_DELETED, actor=actor, calendar_id=calendar.id, calendar=calendar.name)
    db.session.delete(calendar)


def create_policy(wanted: WantedPolicy, *, actor: User | None, is_enabled: bool = True) -> SlaPolicy:
    """As the last in order. Raises DomainError for a name that there is, and for no target at all."""
    _refuse_without_targets(wanted)
    _refuse_too_many(SlaPolicy)
    last = db.session.scalar(select(func.max(SlaPolicy.position))) or 0
    policy = SlaPolicy(name=wanted.name, position=last + 1, is_enabled=is_enabled)
    _keep_named(policy, wanted.name)
    _add_policy_version(policy, wanted, actor)
    _record_policy(Kind.SLA_POLICY_CREATED, policy, {}, _told(policy), actor)
    if is_enabled:
        ask_recount()
    return policy


def edit_policy(policy: SlaPolicy, wanted: WantedPolicy, *, actor: User | None) -> None:
    """Make a version that holds from now on, also for tickets that are open. What it is already changes
    nothing."""
    _refuse_without_targets(wanted)
    if wanted == wanted_of(policy):
        return
    was = _told(policy)
    _keep_named(policy, wanted.name)
    policy.version = _last_number(SlaPolicyVersion.policy_id, policy.id) + 1
    policy.changed_at = clock.now()
    _add_policy_version(policy, wanted, actor)
    _record_policy(Kind.SLA_POLICY_EDITED, policy, was, _told(policy), actor)
    if policy.is_enabled:
        ask_recount()


def roll_back_policy(policy: SlaPolicy, version: SlaPolicyVersion, *, actor: User) -> None:
    """Make a new version that says what an old one said."""
    edit_policy(policy, policy_of(version.definition, version.calendar_id), actor=actor)


def duplicate_policy(policy: SlaPolicy, *, actor: User) -> SlaPolicy:
    """A copy that is switched off, behind all others."""
    wanted = wanted_of(policy)
    copy = WantedPolicy(
        name=_free_name(wanted.name),
        calendar_id=wanted.calendar_id,
        targets=wanted.targets,
        description=wanted.description,
        filter=wanted.filter,
        pauses=wanted.pauses,
        warn_at=wanted.warn_at,
    )
    return create_policy(copy, actor=actor, is_enabled=False)


def switch_policy(policy: SlaPolicy, *, on: bool, actor: User) -> None:
    """From now on it holds, or no longer does."""
    if policy.is_enabled == on:
        return
    policy.is_enabled, policy.changed_at = on, clock.now()
    _record_policy(Kind.SLA_POLICY_EDITED, policy, {"is_enabled": not on}, {"is_enabled": on}, actor)
    ask_recount()


def order_policies(policies: list[SlaPolicy], wanted: list[int], *, actor: User) -> None:
    """Put them in the order of these ids, which the caller has locked all of; those that are not named keep
    their order behind them."""
    place = {policy_id: number for number, policy_id in enumerate(wanted)}
    ordered = sorted(policies, key=lambda each: (place.get(each.id, len(place)), each.position, each.id))
    was = sorted(policies, key=lambda each: (each.position, each.id))
    if ordered == was:
        return
    for number, policy in enumerate(ordered, 1):
        if policy.position != number:
            policy.position, policy.changed_at = number, clock.now()
    order = change(", ".join(each.name for each in was), ", ".join(each.name for each in ordered))
    record(Kind.SLA_POLICIES_ORDERED, actor=actor, changes={"order": order})
    ask_recount()


def wanted_of(policy: SlaPolicy) -> WantedPolicy:
    """What it is."""
    return policy_of(policy.current.definition, policy.current.calendar_id)


def _refuse_without_hours(wanted: WantedCalendar) -> None:
    if not any(wanted.week):
        raise DomainError(_("A calendar needs hours on one day of the week at least."))


def _refuse_without_targets(wanted: WantedPolicy) -> None:
    if not any(wanted.targets.values()):
        raise DomainError(_("A policy promises something: enter one time at least."))


def _refuse_too_many(model: type[SlaCalendar] | type[SlaPolicy]) -> None:
    if (db.session.scalar(select(func.count()).select_from(model)) or 0) >= MOST:
        raise DomainError(_("There are %(most)s of them already.", most=MOST))


def _keep_named(thing: SlaCalendar | SlaPolicy, name: str) -> None:
    """Raises DomainError where another one has that name, also from another window just now."""
    try:
        with db.session.begin_nested():
            thing.name = name
            db.session.add(thing)
            db.session.flush()
    except IntegrityError:
        raise DomainError(_("“%(name)s” is there already. Choose another name.", name=name)) from None


def _free_name(name: str) -> str:
    taken = set(db.session.scalars(select(SlaPolicy.name)))
    base = _("Copy of %(name)s", name=name)[:75]
    names = [base, *(f"{base} {number}" for number in range(2, MOST + 2))]
    return next(each for each in names if each not in taken)


def _last_number(parent: Any, parent_id: int) -> int:
    version = parent.class_
    return db.session.scalar(select(func.max(version.number)).where(parent == parent_id)) or 0


def _add_version(calendar: SlaCalendar, definition: dict[str, Any], actor: User | None) -> None:
    db.session.add(
        SlaCalendarVersion(
            calendar_id=calendar.id,
            number=calendar.version,
            definition=definition,
            changed_by_id=actor.id if actor else None,
        )
    )
    db.session.flush()
    db.session.expire(calendar, ["current"])


def _add_policy_version(policy: SlaPolicy, wanted: WantedPolicy, actor: User | None) -> None:
    db.session.add(
        SlaPolicyVersion(
            policy_id=policy.id,
            number=policy.version,
            calendar_id=wanted.calendar_id,
            definition=wanted.definition(),
            changed_by_id=actor.id if actor else None,
        )
    )
    db.session.flush()
    db.session.expire(policy, ["current"])


def _told(policy: SlaPolicy) -> dict[str, Any]:
    return told_of_policy(policy.current.definition, policy.current.calendar.name)


def _record_calendar(
    kind: Kind, calendar: SlaCalendar, was: dict[str, Any], now: dict[str, Any], actor: User | None
) -> None:
    told: dict[str, Any] = {
        "calendar_id": calendar.id,
        "calendar": calendar.name,
        "version": calendar.version,
    }
    record(kind, actor=actor, changes=_changes(was, now), **told)


def _record_policy(
    kind: Kind, policy: SlaPolicy, was: dict[str, Any], now: dict[str, Any], actor: User | None
) -> None:
    told: dict[str, Any] = {"policy_id": policy.id, "policy": policy.name, "version": policy.version}
    record(kind, actor=actor, changes=_changes(was, now), **told)


def _changes(was: dict[str, Any], now: dict[str, Any]) -> Changes:
    fields = [name for name in {**was, **now} if (was.get(name) or None) != (now.get(name) or None)]
    return {name: change(was.get(name) or None, now.get(name) or None) for name in fields}
