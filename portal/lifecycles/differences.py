"""What one version of a lifecycle changes in another: as few things as people would tell each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from portal.lifecycles.plan import Plan, PlannedStatus, PlannedStep


class Change(StrEnum):
    STATUS_ADDED = "status_added"
    STATUS_REMOVED = "status_removed"
    RENAMED = "renamed"  # old and new are labels
    MEANS = "means"  # old and new are categories
    COLOURED = "coloured"
    REORDERED = "reordered"  # old and new are the names of all that both have, in their order
    STEP_ADDED = "step_added"
    STEP_REMOVED = "step_removed"
    STEP_LABELLED = "step_labelled"
    MAY_TAKE = "may_take"  # old and new are (roles, teams, whether the requester may)
    ASKS_FOR = "asks_for"  # old and new are what a step needs


@dataclass(frozen=True)
class Difference:
    """`status` or `step` says of what."""

    change: Change
    status: str = ""
    step: tuple[str, str] | None = None
    old: object = None
    new: object = None


def differences(old: Plan, new: Plan) -> list[Difference]:
    """Nothing for plans that are the same; the order in which steps are written is none of people's."""
    return [*_of_statuses(old, new), *_of_order(old, new), *_of_steps(old, new)]


def _of_statuses(old: Plan, new: Plan) -> Iterable[Difference]:
    for status in new.statuses:
        before = old.status(status.name)
        if before is None:
            yield Difference(Change.STATUS_ADDED, status.name, new=status.label)
        else:
            yield from _of_status(before, status)
    for status in old.statuses:
        if new.status(status.name) is None:
            yield Difference(Change.STATUS_REMOVED, status.name, old=status.label)


def _of_status(old: PlannedStatus, new: PlannedStatus) -> Iterable[Difference]:
    if old.label != new.label:
        yield Difference(Change.RENAMED, new.name, old=old.label, new=new.label)
    if old.category != new.category:
        yield Difference(Change.MEANS, new.name, old=old.category, new=new.category)
    if old.colour != new.colour:
        yield Difference(Change.COLOURED, new.name, old=old.colour, new=new.colour)


def _of_order(old: Plan, new: Plan) -> Iterable[Difference]:
    """Of those that both have: one that is new or gone moves nothing."""
    before = tuple(name for name in old.names if name in new.names)
    after = tuple(name for name in new.names if name in old.names)
    if before != after:
        yield Difference(Change.REORDERED, old=before, new=after)


def _of_steps(old: Plan, new: Plan) -> Iterable[Difference]:
    """The steps of a status that is gone go with it, and are not told."""
    before = {(step.start, step.end): step for step in old.steps}
    after = {(step.start, step.end): step for step in new.steps}
    for where, step in after.items():
        if where not in before:
            yield Difference(Change.STEP_ADDED, step=where)
        else:
            yield from _of_step(where, before[where], step)
    known = set(new.names)
    for where in before:
        if where not in after and set(where) <= known:
            yield Difference(Change.STEP_REMOVED, step=where)


def _of_step(where: tuple[str, str], old: PlannedStep, new: PlannedStep) -> Iterable[Difference]:
    if old.label != new.label:
        yield Difference(Change.STEP_LABELLED, step=where, old=old.label, new=new.label)
    if _who(old) != _who(new):
        yield Difference(Change.MAY_TAKE, step=where, old=_who(old), new=_who(new))
    if old.needs != new.needs:
        yield Difference(Change.ASKS_FOR, step=where, old=old.needs, new=new.needs)


def _who(step: PlannedStep) -> tuple[frozenset, frozenset[str], bool]:
    return step.roles, step.teams, step.by_requester
