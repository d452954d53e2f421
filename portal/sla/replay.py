"""What an SLA says of a ticket: a pure function of a policy, a calendar, the ticket's history and a moment.

`replay` folds the history into which clocks run since when; `reading` says how far one is. Nothing is
kept between the two but what the history says, so whatever is stored elsewhere is a copy of this.

Three clocks. The first response is owed from the beginning, until somebody of the desk replies. The next
response is owed from each reply of the requester's that finds none owed, until the desk's. The resolution
is owed from the beginning until the ticket is done. While a ticket is done or hidden nothing runs, and
whatever goes on later does so with what was left; an answer that was owed then is settled by closing
it, but for the first, which nobody has given. What a ticket waits for stops the resolution alone, where
the policy names it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from portal.sla.calendar import Calendar, NoHours, Time

_NOTHING = timedelta()


class Target(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class Pause(StrEnum):
    """Why a clock stands still by something that happened, and not by the hour."""

    WAITING = "waiting"
    DONE = "done"
    HIDDEN = "hidden"


class Notice(StrEnum):
    WARNING = "warning"
    BREACH = "breach"


@dataclass(frozen=True)
class Policy:
    """What is promised: how long each may take at which priority, and what stops the resolution."""

    targets: Mapping[Target, Mapping[str, timedelta]]
    pauses: frozenset[str] = frozenset()  # what a ticket waits for
    warn_at: int = 75  # percent of the time

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Policy":
        """The policy that a version keeps as JSON, its targets in minutes."""
        targets = {
            Target(name): {priority: timedelta(minutes=minutes) for priority, minutes in by_priority.items()}
            for name, by_priority in definition["targets"].items()
        }
        return cls(targets, frozenset(definition["pauses"]), definition["warn_at"])

    def allowed(self, target: Target, priority: str) -> timedelta | None:
        """None where nothing is promised."""
        return self.targets.get(target, {}).get(priority)


@dataclass(frozen=True, kw_only=True)
class Happening:
    """What an event of the ticket's history means to its clocks; None where it changes nothing of the kind.

    `waits_for` belongs to the category `waiting`, and stands alone where only that has changed.
    """

    event_id: int
    at: datetime
    begins: bool = False
    category: str | None = None
    waits_for: str | None = None
    priority: str | None = None
    hidden: bool | None = None
    replied: str | None = None  # by the "desk" or the "requester"; what nobody wrote is no reply


@dataclass(frozen=True)
class Stretch:
    """From when on a clock ran, or stood still and why, and the event by which it came to that."""

    since: datetime
    cause: int
    pause: Pause | None = None


@dataclass(frozen=True)
class Clock:
    """One promise. `allowed` is of the priority that the ticket has, or had in the end; None promises
    nothing."""

    target: Target
    began_at: datetime
    began_with: int
    allowed: timedelta | None
    stretches: tuple[Stretch, ...]
    ended_at: datetime | None = None
    ended_with: int | None = None

    def running(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When it ran, whatever the calendar says of that."""
        for stretch, end in self.lasting(until):
            if stretch.pause is None:
                yield stretch.since, end

    def lasting(self, until: datetime) -> Iterator[tuple[Stretch, datetime]]:
        """Its stretches, each with its end."""
        until = min(until, self.ended_at) if self.ended_at else until
        ends = [*(stretch.since for stretch in self.stretches[1:]), until]
        for stretch, end in zip(self.stretches, ends, strict=True):
            if stretch.since < min(end, until):
                yield stretch, min(end, until)

    @property
    def pause(self) -> Pause | None:
        """Why it stands still now."""
        return self.stretches[-1].pause

    @property
    def stopped_at(self) -> datetime | None:
        """Since when it does not run any more, for good or for now."""
        return self.ended_at or (self.stretches[-1].since if self.pause else None)


@dataclass(frozen=True)
class State:
    """What the history has made of a ticket so far."""

    category: str = ""
    waits_for: str | None = None
    priority: str = ""
    is_hidden: bool = False
    clocks: Mapping[Target, Clock] = field(default_factory=dict)  # the last of each
    former: tuple[Clock, ...] = ()  # next responses that were given before

    @property
    def promises(self) -> tuple[Clock, ...]:
        """All that there were, in the order in which they began."""
        every = (*self.former, *self.clocks.values())
        return tuple(sorted((clock for clock in every if clock.allowed is not None), key=_began))


def _began(clock: Clock) -> tuple[datetime, str]:
    return clock.began_at, clock.target


def replay(policy: Policy, history: Iterable[Happening], *, since: State | None = None) -> State:
    """What the history makes of a ticket, from its beginning or from a state of it."""
    state = since or State()
    for happening in history:
        state = _after(state, happening, policy)
    return state


def _after(state: State, happening: Happening, policy: Policy) -> State:
    was_done = state.category == "done"
    state = _changed(state, happening)
    clocks, former = dict(state.clocks), state.former
    if happening.begins:
        _begin(clocks, Target.FIRST_RESPONSE, happening)
        _begin(clocks, Target.RESOLUTION, happening)
    if happening.replied == "desk":
        _end(clocks, Target.FIRST_RESPONSE, happening)
        _end(clocks, Target.NEXT_RESPONSE, happening)
    elif happening.replied == "requester" and _owes_nothing(clocks):
        former = (*former, *_dropped(clocks, Target.NEXT_RESPONSE))
        _begin(clocks, Target.NEXT_RESPONSE, happening)
    if state.category == "done" and not was_done:
        _end(clocks, Target.NEXT_RESPONSE, happening)
    for target, clock in clocks.items():
        clocks[target] = _going_on(clock, state, happening, policy)
    return replace(state, clocks=clocks, former=former)


def _changed(state: State, happening: Happening) -> State:
    changes: dict[str, Any] = {}
    if happening.category is not None:
        changes |= {"category": happening.category, "waits_for": happening.waits_for}
    elif happening.waits_for is not None:
        changes["waits_for"] = happening.waits_for
    if happening.priority is not None:
        changes["priority"] = happening.priority
    if happening.hidden is not None:
        changes["is_hidden"] = happening.hidden
    return replace(state, **changes)


def _begin(clocks: dict[Target, Clock], target: Target, happening: Happening) -> None:
    started = (Stretch(happening.at, happening.event_id),)
    clocks[target] = Clock(target, happening.at, happening.event_id, None, started)


def _end(clocks: dict[Target, Clock], target: Target, happening: Happening) -> None:
    clock = clocks.get(target)
    if clock is not None and clock.ended_at is None:
        clocks[target] = replace(clock, ended_at=happening.at, ended_with=happening.event_id)


def _owes_nothing(clocks: Mapping[Target, Clock]) -> bool:
    """No answer is owed already: then the requester's reply asks for the next one."""
    answers = (clocks.get(target) for target in (Target.FIRST_RESPONSE, Target.NEXT_RESPONSE))
    return all(clock is None or clock.ended_at is not None for clock in answers)


def _dropped(clocks: dict[Target, Clock], target: Target) -> tuple[Clock, ...]:
    clock = clocks.pop(target, None)
    return (clock,) if clock else ()


def _going_on(clock: Clock, state: State, happening: Happening, policy: Policy) -> Clock:
    """Running, or standing still, with as much time as the state allows from now on."""
    if clock.ended_at is not None:
        return clock
    if state.category != "done" or clock.began_with == happening.event_id:
        clock = replace(clock, allowed=policy.allowed(clock.target, state.priority))
    pause = _pause(clock.target, state, policy)
    if pause is clock.pause:
        return clock
    stretch = Stretch(happening.at, happening.event_id, pause)
    kept = tuple(each for each in clock.stretches if each.since < happening.at)
    return replace(clock, stretches=(*kept, stretch))


def _pause(target: Target, state: State, policy: Policy) -> Pause | None:
    if state.is_hidden:
        return Pause.HIDDEN
    if state.category == "done":
        return Pause.DONE
    if target is Target.RESOLUTION and state.category == "waiting" and state.waits_for in policy.pauses:
        return Pause.WAITING
    return None


@dataclass(frozen=True)
class Reading:
    """How far a clock is at a moment. What is not known yet, because it stands still, is None.

    It is breached once its time is over, however much later that is; `due_at` is when, or was.
    `spent_before` is what it had run until its last stretch began: that does not change as time goes by.
    """

    clock: Clock
    at: datetime
    spent: timedelta
    spent_before: timedelta
    due_at: datetime | None
    warn_at: datetime | None

    @property
    def ended_at(self) -> datetime | None:
        return self.clock.ended_at

    @property
    def left(self) -> timedelta:
        return max((self.clock.allowed or _NOTHING) - self.spent, _NOTHING)

    @property
    def is_breached(self) -> bool:
        return self.due_at is not None and self.due_at < (self.clock.stopped_at or self.at)

    @property
    def is_warned(self) -> bool:
        return self.warn_at is not None and self.warn_at < (self.clock.stopped_at or self.at)

    @property
    def runs(self) -> bool:
        return self.ended_at is None and self.clock.pause is None

    def occasions(self) -> Iterator[tuple[Notice, datetime]]:
        """What it tells of, and when: also what is still to come, unless something happens before."""
        for notice, moment in ((Notice.WARNING, self.warn_at), (Notice.BREACH, self.due_at)):
            if moment is not None and (self.clock.stopped_at is None or moment < self.clock.stopped_at):
                yield notice, moment


def reading(clock: Clock, calendar: Calendar, policy: Policy, now: datetime) -> Reading:
    """Warned of at `warn_at` percent, due at all of what is allowed; the history after `now` is not asked."""
    ran = [(start, calendar.worked(start, end)) for start, end in clock.running(now)]
    moments: list[datetime | None] = [None, None]
    if clock.allowed is not None:
        wanted = (clock.allowed, clock.allowed * policy.warn_at / 100)
        moments = [_when(length, ran, clock, calendar, now) for length in wanted]
    spent = sum((length for _start, length in ran), _NOTHING)
    goes_on = clock.stopped_at is None and bool(ran) and ran[-1][0] == clock.stretches[-1].since
    return Reading(clock, now, spent, spent - ran[-1][1] if goes_on else spent, *moments)


def _when(
    wanted: timedelta, ran: list[tuple[datetime, timedelta]], clock: Clock, calendar: Calendar, now: datetime
) -> datetime | None:
    """The moment at which the clock had run, or will have run, so long; None where it stands still before."""
    left = wanted
    for start, length in ran:
        if length >= left:
            return calendar.add(start, left)
        left -= length
    if clock.stopped_at is not None:
        return None
    try:
        return calendar.add(max(now, clock.stretches[-1].since), left)
    except NoHours:
        return None


@dataclass(frozen=True)
class Segment:
    """A part of a clock's life: what it was, and the event by which it came to that."""

    start: datetime
    end: datetime
    kind: Time | Pause
    cause: int


def segments(clock: Clock, calendar: Calendar, now: datetime) -> list[Segment]:
    """From its beginning until it ended, or until now, without a gap."""
    found = []
    for stretch, end in clock.lasting(now):
        if stretch.pause is not None:
            found.append(Segment(stretch.since, end, stretch.pause, stretch.cause))
            continue
        for start, stop, kind in calendar.stretches(stretch.since, end):
            found.append(Segment(start, stop, kind, stretch.cause))
    return found
