"""Would the forecasts have been right? Past promises are forecast once more with what was known at the time,
and compared with what became of them. Pure arithmetic, which knows no table.

Each promise is asked about once: when it had used a given part of its time and was not met. Its forecast
rests on the samples of the night before, drawn as they are every night. Type and team of a ticket are those
it has now; its priority, its clocks, and how long others had taken, are those of then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import groupby, takewhile

from portal.sla.calendar import Calendar
from portal.sla.forecast import PERIOD, Curve, Past, Samples, Traits, forecast
from portal.sla.replay import Clock, Happening, Pause, Policy, State, Target, reading, replay

PARTS = 10


@dataclass(frozen=True)
class Life:
    """What has happened on a ticket, and what was promised for it."""

    history: tuple[Happening, ...]
    policy: Policy
    calendar: Calendar
    team_id: int | None
    type: str

    @cached_property
    def whole(self) -> State:
        return replay(self.policy, self.history)

    def known_at(self, moment: datetime) -> State:
        if self.history and self.history[-1].at <= moment:
            return self.whole
        return replay(self.policy, takewhile(lambda happening: happening.at <= moment, self.history))

    def traits(self, clock: Clock, state: State) -> Traits:
        return Traits(clock.target, state.priority, self.team_id, self.type)


@dataclass(frozen=True)
class Part:
    """The forecasts of which the share was between two tenths: how many, their mean, and how many were late
    indeed, as shares."""

    least: float
    number: int
    said: float
    late: float


@dataclass
class Calibration:
    """`told` pairs each forecast with whether it was late; of `silent` promises too little was known, and
    what became of `open` ones is not known yet."""

    told: list[tuple[float, bool]] = field(default_factory=list)
    silent: int = 0
    open: int = 0

    @property
    def parts(self) -> list[Part]:
        """By tenths of the forecast share; those that no forecast is in are left out."""
        by_part: dict[int, list[tuple[float, bool]]] = {}
        for said, late in self.told:
            by_part.setdefault(min(int(said * PARTS), PARTS - 1), []).append((said, late))
        return [
            Part(
                part / PARTS,
                len(some),
                sum(said for said, _late in some) / len(some),
                sum(late for _said, late in some) / len(some),
            )
            for part, some in sorted(by_part.items())
        ]

    @property
    def base_rate(self) -> float:
        """The share that was late of all."""
        return sum(late for _said, late in self.told) / len(self.told)

    @property
    def brier(self) -> float:
        """The mean square of how far a forecast was from the truth (Brier, 1950): nought is the best."""
        return sum((said - late) ** 2 for said, late in self.told) / len(self.told)

    @property
    def base_brier(self) -> float:
        """The same of whoever says the base rate of every promise, as if they had known it beforehand."""
        return self.base_rate * (1 - self.base_rate)


@dataclass(frozen=True)
class _Question:
    at: datetime
    traits: Traits
    spent: float
    allowed: float
    was_late: bool

    @property
    def night(self) -> datetime:
        return datetime.combine(self.at.date(), time(), UTC)


def backtest(lives: Sequence[Life], *, now: datetime, days: int, percent: int) -> Calibration:
    """Of the promises that had used so much of their time in the days before `now`."""
    found = Calibration()
    questions = sorted(_questions(lives, now, days, percent, found), key=lambda question: question.at)
    ended: dict[Clock, int] = {}
    for night, of_day in groupby(questions, key=lambda question: question.night):
        asked = list(of_day)
        curves = _curves(lives, night, {name for each in asked for name in each.traits.samples}, ended)
        for each in asked:
            chance = forecast(each.traits, each.spent, each.allowed, curves).chance
            if chance is None:
                found.silent += 1
            else:
                found.told.append((chance.late, each.was_late))
    return found


def _questions(
    lives: Iterable[Life], now: datetime, days: int, percent: int, found: Calibration
) -> Iterator[_Question]:
    for life in lives:
        asking = replace(life.policy, warn_at=percent)
        for clock in life.known_at(now).promises:
            read = reading(clock, life.calendar, asking, now)
            at = read.warn_at
            if at is None or not now - timedelta(days=days) <= at < (clock.stopped_at or now):
                continue
            if not (read.is_breached or _is_met(clock)):
                found.open += 1
                continue
            then = life.known_at(at)
            known = then.clocks[clock.target]
            if known.began_with == clock.began_with and known.allowed:
                spent = reading(known, life.calendar, life.policy, at).spent.total_seconds()
                allowed = known.allowed.total_seconds()
                yield _Question(at, life.traits(known, then), spent, allowed, read.is_breached)


def _curves(
    lives: Iterable[Life], night: datetime, wanted: set[str], ended: dict[Clock, int]
) -> dict[str, Curve]:
    """What was known that night. `ended` remembers what no later night changes."""
    samples = Samples[tuple[Life, Clock]]()
    for life in lives:
        if not life.history or life.history[0].at >= night:
            continue
        state = life.known_at(night)
        for clock in state.promises:
            if clock.began_at >= night - PERIOD:
                samples.offer(life.traits(clock, state), clock.began_with, (life, clock))
    return {
        name: Curve.of(Past(_spent(life, clock, night, ended), _is_met(clock)) for life, clock in drawn)
        for name, drawn in samples.drawn().items()
        if name in wanted
    }


def _spent(life: Life, clock: Clock, now: datetime, ended: dict[Clock, int]) -> int:
    if clock not in ended:
        spent = int(reading(clock, life.calendar, life.policy, now).spent.total_seconds())
        if clock.stopped_at is None:
            return spent
        ended[clock] = spent
    return ended[clock]


def _is_met(clock: Clock) -> bool:
    """A solution is one from when the ticket is done, although it may be opened again."""
    is_solved = clock.target is Target.RESOLUTION and clock.pause is Pause.DONE
    return clock.ended_at is not None or is_solved
