"""How likely a promise is missed, by how long similar ones took. Pure arithmetic, which knows no table.

A promise that was met tells how long it took in working time; one that was not, when it was last looked
at, tells that it takes longer. From both, the product-limit estimate (Kaplan and Meier, 1958) says which
share takes longer than any given time. Of those that had gone unmet as long as this one, the late ones are
the share that takes longer than what is allowed. How sure that is says Wilson's score interval (1927), of
the past promises whose fate is known: whose time is not known to the end count for none of them.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from heapq import heappush, heapreplace
from itertools import accumulate
from math import ceil, floor, sqrt
from typing import Generic, TypeVar
from zlib import crc32

from portal.sla.replay import Target

PERIOD = timedelta(days=90)  # of promises that began in it: the pace is that of now, not of years ago
MINIMUM = 20  # past promises whose fate is known; of fewer, nothing is said
MOST = 300  # promises of a sample; of so many, an interval is at most 11 percent wide
SURE = 1.96  # standard deviations around 95 percent
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Past:
    """A promise that took `spent` seconds of working time. If it was not met, it takes longer than that."""

    spent: int
    is_met: bool


@dataclass(frozen=True)
class Chance:
    """The share that will be late, between `least` and `most` with 95 percent, from `known` past ones."""

    late: float
    least: float
    most: float
    known: int


@dataclass(frozen=True)
class Curve:
    """Which share of promises takes longer than any given time: `left[n]` after the n-th of `times`."""

    times: tuple[int, ...]
    left: tuple[float, ...]
    met: tuple[int, ...]  # how long each took that was met, in order
    open: tuple[int, ...]  # how long each goes that was not

    @classmethod
    def of(cls, pasts: Iterable[Past]) -> "Curve":
        pasts = list(pasts)
        met = sorted(past.spent for past in pasts if past.is_met)
        unmet = sorted(past.spent for past in pasts if not past.is_met)
        ends = Counter(met)
        times = sorted(ends)
        stay = [1 - ends[time] / _at_risk(time, met, unmet) for time in times]
        left = accumulate(stay, lambda share, factor: share * factor, initial=1.0)
        return cls(tuple(times), tuple(left), tuple(met), tuple(unmet))

    def chance(self, spent: float, allowed: float) -> Chance | None:
        """Of a promise that has taken `spent` seconds and is not met, that it will take more than
        `allowed`. None where too few of the past are known to tell."""
        known = len(self.met) - bisect_right(self.met, spent)
        known += len(self.open) - bisect_left(self.open, max(spent, allowed))
        if known < MINIMUM:
            return None
        now, then = self._longer_than(spent), self._longer_than(max(spent, allowed))
        late = then / now if now else 1.0
        return Chance(late, *wilson(late, known), known)

    def _longer_than(self, time: float) -> float:
        return self.left[bisect_right(self.times, time)]


def _at_risk(time: int, met: Sequence[int], unmet: Sequence[int]) -> int:
    """How many had taken that long, or went on."""
    return len(met) - bisect_left(met, time) + len(unmet) - bisect_left(unmet, time)


def wilson(share: float, number: int) -> tuple[float, float]:
    """Between what a share lies that was found so in that number."""
    spread = SURE**2 / number
    middle = (share + spread / 2) / (1 + spread)
    half = SURE * sqrt(share * (1 - share) / number + spread / (4 * number)) / (1 + spread)
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


@dataclass(frozen=True)
class Expected:
    """How many of several will be late, and between what that lies."""

    number: int
    least: int
    most: int


def expected(chances: Sequence[Chance]) -> Expected:
    """The sum of the shares. It strays by the chance of each, and by as much as all of them may be wrong
    together: they rest on the same history."""
    number = sum(each.late for each in chances)
    strays = SURE**2 * sum(each.late * (1 - each.late) for each in chances)
    below = sqrt(strays + sum(each.late - each.least for each in chances) ** 2)
    above = sqrt(strays + sum(each.most - each.late for each in chances) ** 2)
    return Expected(
        floor(number + 0.5), max(floor(number - below), 0), min(ceil(number + above), len(chances))
    )


class Breadth(StrEnum):
    """What similar means, the narrowest first."""

    TYPE = "type"  # type, priority and team are the same
    TEAM = "team"  # priority and team are
    PRIORITY = "priority"  # the priority is


@dataclass(frozen=True)
class Traits:
    """What a promise has in common with others. How urgent it is tells most of how long it takes, and is
    never left out."""

    target: Target
    priority: str
    team_id: int | None
    type: str

    def sample(self, breadth: Breadth) -> str:
        """The name of those that are similar."""
        named = [self.target.value, self.priority, str(self.team_id or "-"), self.type]
        return ":".join(named[: {Breadth.TYPE: 4, Breadth.TEAM: 3, Breadth.PRIORITY: 2}[breadth]])

    @property
    def samples(self) -> list[str]:
        return [self.sample(breadth) for breadth in Breadth]


@dataclass(frozen=True)
class Forecast:
    """`chance` is None where too little is known of what is similar; `breadth` says what that means."""

    traits: Traits
    chance: Chance | None = None
    breadth: Breadth | None = None


def forecast(traits: Traits, spent: float, allowed: float, curves: Mapping[str, Curve]) -> Forecast:
    """By the narrowest group that has enough history."""
    for breadth in Breadth:
        curve = curves.get(traits.sample(breadth))
        if curve and (chance := curve.chance(spent, allowed)):
            return Forecast(traits, chance, breadth)
    return Forecast(traits)


class Samples(Generic[Drawn]):
    """Of each group of similar promises at most `MOST`, drawn by lot: whether one is drawn has nothing to
    do with how long it took. A promise has the same lot every time, so that a forecast does not jump."""

    def __init__(self) -> None:
        self._drawn: dict[str, list[tuple[int, int, Drawn]]] = {}

    def offer(self, traits: Traits, number: int, drawn: Drawn) -> None:
        """`number` is the promise's own, whatever group it is in."""
        lot = (-crc32(f"{traits.target}:{number}".encode()), -number, drawn)
        for name in traits.samples:
            held = self._drawn.setdefault(name, [])
            if len(held) < MOST:
                heappush(held, lot)
            elif held[0][:2] < lot[:2]:
                heapreplace(held, lot)

    def drawn(self) -> dict[str, list[Drawn]]:
        return {name: [each for _lot, _number, each in held] for name, held in self._drawn.items()}
