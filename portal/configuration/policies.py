"""SLA policies in a configuration, in the order in which they are asked."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.configuration.calendars import calendar_called
from portal.configuration.entries import ConfigurationEntry, PolicyEntry
from portal.configuration.reading import Place
from portal.extensions import db
from portal.filters import to_text
from portal.sla import actions
from portal.sla.actions import wanted_of
from portal.sla.definitions import WantedPolicy
from portal.sla.forms import LONGEST, typed_length
from portal.sla.models import SlaPolicy
from portal.sla.queries import filter_fields, understood
from portal.sla.replay import Target
from portal.tickets.models import Priority
from portal.web.durations import minutes_of

NAME = "sla_policies"


def written() -> list[dict[str, Any]]:
    return [_written(policy) for policy in _in_order()]


def _written(policy: SlaPolicy) -> dict[str, Any]:
    wanted = wanted_of(policy)
    told: dict[str, Any] = {"name": wanted.name, "description": wanted.description}
    told |= {"enabled": policy.is_enabled, "filter": wanted.filter, "calendar": policy.current.calendar.name}
    told["targets"] = {
        target.value: {
            each.value: typed_length(by_priority[each])
            for each in reversed(Priority)
            if (by_priority := wanted.targets.get(target, {})).get(each)
        }
        for target in Target
        if wanted.targets.get(target)
    }
    return told | {"pauses": sorted(wanted.pauses), "warn_at": wanted.warn_at}


def problems(entry: PolicyEntry, whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    """Calendars that are neither there nor in the file, filters and times that are none."""
    if calendar_called(entry.calendar) is None and entry.calendar not in {
        each.name for each in whole.calendars
    }:
        yield ("calendar",), _("There is no calendar called %(name)s.", name=entry.calendar[:80])
    _tree, problem = understood(entry.filter, filter_fields())
    if problem:
        yield ("filter",), problem
    if not any(entry.targets.values()):
        yield ("targets",), _("A policy promises something: enter one time at least.")
    for target, by_priority in entry.targets.items():
        for priority, typed in by_priority.items():
            minutes = minutes_of(typed)
            if not minutes or minutes > LONGEST:
                said = _("“%(words)s” is no length of time, such as 4h or 30m.", words=typed[:40])
                yield ("targets", target.value, priority.value), said


def changes(entry: PolicyEntry) -> list[str] | None:
    """What it would change, in words; None where it is new."""
    policy = _called(entry.name)
    if policy is None:
        return None
    calendar = calendar_called(entry.calendar)
    is_other = calendar is None or wanted_of(policy) != _wanted(entry, calendar.id)
    said = [_("What it promises, or for which tickets, is something else.")] if is_other else []
    if policy.is_enabled != entry.enabled:
        said.append(_("It is switched on.") if entry.enabled else _("It is switched off."))
    return said


def put(entry: PolicyEntry, *, actor: User) -> None:
    """As a new version, where it is another one; its calendar is there by now."""
    policy, calendar = _called(entry.name, to_change=True), calendar_called(entry.calendar)
    wanted = _wanted(entry, calendar.id if calendar else 0)
    if policy is None:
        actions.create_policy(wanted, actor=actor, is_enabled=entry.enabled)
        return
    actions.edit_policy(policy, wanted, actor=actor)
    actions.switch_policy(policy, on=entry.enabled, actor=actor)


def put_in_order(entries: Sequence[PolicyEntry], *, actor: User) -> None:
    """As the file has them; those that it does not name keep their order behind these."""
    policies = list(_in_order(to_change=True))
    ids = {policy.name: policy.id for policy in policies}
    actions.order_policies(policies, [ids[entry.name] for entry in entries], actor=actor)


def is_in_order(entries: Sequence[PolicyEntry]) -> bool:
    """Whether they stand so already, those that are there."""
    now = [policy.name for policy in _in_order()]
    named = [entry.name for entry in entries if entry.name in now]
    return now[: len(named)] == named


def _in_order(*, to_change: bool = False) -> Sequence[SlaPolicy]:
    every = select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)
    return db.session.scalars(every.with_for_update() if to_change else every).all()


def _called(name: str, *, to_change: bool = False) -> SlaPolicy | None:
    found = select(SlaPolicy).where(SlaPolicy.name == name)
    return db.session.scalar(found.with_for_update() if to_change else found)


def _wanted(entry: PolicyEntry, calendar_id: int) -> WantedPolicy:
    tree, _problem = understood(entry.filter, filter_fields())
    return WantedPolicy(
        name=entry.name,
        calendar_id=calendar_id,
        targets={
            target: {priority.value: minutes_of(typed) or 0 for priority, typed in by_priority.items()}
            for target, by_priority in entry.targets.items()
            if by_priority
        },
        description=entry.description,
        filter=to_text(tree),
        pauses=tuple(sorted(entry.pauses)),
        warn_at=entry.warn_at,
    )
