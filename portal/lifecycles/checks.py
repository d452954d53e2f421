"""What is wrong with a plan, before anybody publishes it.

All of it is told at once, each finding with its place, so that a page can say
it beside the field. An error keeps a plan from being published, a warning does not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portal.lifecycles.models import Category
from portal.lifecycles.plan import Plan, PlannedStep


class Flaw(StrEnum):
    NO_STATUS = "no_status"
    NO_START = "no_start"  # no status of the category new
    NO_END = "no_end"  # none of the category done
    NO_LABEL = "no_label"
    SAME_NAME = "same_name"
    SAME_LABEL = "same_label"
    UNREACHABLE = "unreachable"  # no way leads there from where tickets begin
    DEAD_END = "dead_end"  # from there no way leads to a status that is done
    UNKNOWN_STATUS = "unknown_status"  # a step from or to a status that is not there
    TO_ITSELF = "to_itself"
    SAME_STEP = "same_step"
    FOR_NOBODY = "for_nobody"  # a step that nobody may take
    UNKNOWN_TEAM = "unknown_team"  # one that is there no more, or was never
    EMPTY_TEAMS = "empty_teams"  # one that only teams may take in which nobody is
    TICKETS_STAND = "tickets_stand"  # in a status that goes, and nothing says where they are to
    BAD_TARGET = "bad_target"  # where they are to is no status of the plan
    MEANS_ELSE = "means_else"  # tickets stand in a status that is to mean something else
    NO_WAY_BACK = "no_way_back"  # from a status that is done no step leads on
    ONLY_REQUESTER = "only_requester"  # nobody of the desk can take its tickets on

    @property
    def is_error(self) -> bool:
        return self not in _WARNINGS


_WARNINGS = {Flaw.NO_WAY_BACK, Flaw.ONLY_REQUESTER, Flaw.MEANS_ELSE}


@dataclass(frozen=True)
class Finding:
    """`status` and `step` say where: the name of the one, both ends of the other. `number` is of tickets,
    `other` what else it is about, such as a team."""

    flaw: Flaw
    status: str = ""
    step: tuple[str, str] | None = None
    number: int = 0
    other: str = ""

    @property
    def is_error(self) -> bool:
        return self.flaw.is_error


@dataclass(frozen=True)
class Surroundings:
    """What a plan is judged by besides itself.

    `standing` says how many tickets stand in each status of the present version that is
    to go or to mean something else, by its name; `targets` where those of a status that
    goes are to; `people_in` how many people are in each team, by its name. About teams nothing is
    said where `people_in` is None.
    """

    standing: Mapping[str, int] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    people_in: Mapping[str, int] | None = None


def findings(plan: Plan, around: Surroundings | None = None) -> list[Finding]:
    """Errors first; then in the order of the statuses and steps."""
    around = around or Surroundings()
    found = [
        *_of_statuses(plan),
        *_of_steps(plan, around),
        *_of_ways(plan),
        *_of_tickets(plan, around),
    ]
    return sorted(found, key=lambda each: not each.is_error)


def can_be_published(plan: Plan, around: Surroundings | None = None) -> bool:
    return not any(each.is_error for each in findings(plan, around))


def _of_statuses(plan: Plan) -> Iterable[Finding]:
    if not plan.statuses:
        yield Finding(Flaw.NO_STATUS)
        return
    categories = {status.category for status in plan.statuses}
    if Category.NEW not in categories:
        yield Finding(Flaw.NO_START)
    if Category.DONE not in categories:
        yield Finding(Flaw.NO_END)
    names = Counter(plan.names)
    labels = Counter(_read(status.label) for status in plan.statuses)
    for status in plan.statuses:
        if not _read(status.label):
            yield Finding(Flaw.NO_LABEL, status.name)
        elif labels[_read(status.label)] > 1:
            yield Finding(Flaw.SAME_LABEL, status.name)
    yield from (Finding(Flaw.SAME_NAME, name) for name, times in names.items() if times > 1)


def _read(label: str) -> str:
    """As people read it: whoever sees "Open" and "open " cannot tell them apart."""
    return " ".join(label.split()).casefold()


def _of_steps(plan: Plan, around: Surroundings) -> Iterable[Finding]:
    known, ends = set(plan.names), Counter((step.start, step.end) for step in plan.steps)
    for step in plan.steps:
        where = (step.start, step.end)
        if step.start not in known or step.end not in known:
            yield Finding(
                Flaw.UNKNOWN_STATUS, step=where, other=step.end if step.start in known else step.start
            )
        elif step.start == step.end:
            yield Finding(Flaw.TO_ITSELF, step=where)
        if step.is_for_nobody:
            yield Finding(Flaw.FOR_NOBODY, step=where)
        yield from _of_teams(step, around)
    yield from (Finding(Flaw.SAME_STEP, step=where) for where, times in ends.items() if times > 1)


def _of_teams(step: PlannedStep, around: Surroundings) -> Iterable[Finding]:
    if around.people_in is None or not step.teams:
        return
    where, unknown = (step.start, step.end), step.teams - around.people_in.keys()
    yield from (Finding(Flaw.UNKNOWN_TEAM, step=where, other=team) for team in sorted(unknown))
    is_empty = not any(around.people_in.get(team) for team in step.teams)
    if is_empty and not unknown and not step.roles and not step.by_requester:
        yield Finding(Flaw.EMPTY_TEAMS, step=where, other=", ".join(sorted(step.teams)))


def _of_ways(plan: Plan) -> Iterable[Finding]:
    start = plan.start
    reached = reachable(plan, {start.name}) if start else set(plan.names)
    done = {status.name for status in plan.statuses if status.category == Category.DONE}
    ending = reaching(plan, done) if done else set(plan.names)
    for status in plan.statuses:
        if status.name not in reached:
            yield Finding(Flaw.UNREACHABLE, status.name)
        if status.name not in ending:
            yield Finding(Flaw.DEAD_END, status.name)
        steps = [step for step in plan.steps_from(status.name) if not step.is_for_nobody]
        if status.name in done and not steps:
            yield Finding(Flaw.NO_WAY_BACK, status.name)
        if steps and status.name not in done and not any(step.roles or step.teams for step in steps):
            yield Finding(Flaw.ONLY_REQUESTER, status.name)


def reachable(plan: Plan, starts: Iterable[str]) -> set[str]:
    """The names of all statuses to which ways lead from there by steps that somebody may take, and these."""
    return _spread(starts, [(step.start, step.end) for step in plan.steps if not step.is_for_nobody])


def reaching(plan: Plan, ends: Iterable[str]) -> set[str]:
    """The names of all statuses from which ways lead there, and these."""
    return _spread(ends, [(step.end, step.start) for step in plan.steps if not step.is_for_nobody])


def _spread(begin: Iterable[str], edges: list[tuple[str, str]]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for one, other in edges:
        onward.setdefault(one, []).append(other)
    seen = set(begin)
    waiting = list(seen)
    while waiting:
        for name in onward.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def _of_tickets(plan: Plan, around: Surroundings) -> Iterable[Finding]:
    known = set(plan.names)
    for name, number in around.standing.items():
        if name in known:
            if number:
                yield Finding(Flaw.MEANS_ELSE, name, number=number)
            continue
        target = around.targets.get(name)
        if target is not None and target not in known:
            yield Finding(Flaw.BAD_TARGET, name, number=number, other=target)
        elif target is None and number:
            yield Finding(Flaw.TICKETS_STAND, name, number=number)
