"""Working time: when a desk works, and how long that is. Pure arithmetic, which knows no table and no clock.

A moment is working time where the clock on the wall of the calendar's zone shows a time
within an interval of that day. So an hour that a change of the clocks leaves out is not worked,
and one that comes twice is worked twice. An interval ends at midnight at the latest: a night
shift is two, one on each day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from portal.sla.public_holidays import public_holidays

DAY = 24 * 60  # minutes
_DAY, _NOTHING = timedelta(days=1), timedelta()
_FARTHEST = 3660  # days in which working time is looked for

Span = tuple[datetime, datetime]  # from, until; in UTC
Hours = tuple[tuple[int, int], ...]  # from, until; minutes of the day


class Time(StrEnum):
    """What a stretch of time is to a calendar."""

    WORKING = "working"
    OUTSIDE = "outside"
    HOLIDAY = "holiday"


class NoHours(LookupError):
    """There is no working time within ten years."""


@dataclass(frozen=True)
class Calendar:
    """The hours of each weekday, Monday first, without those of public holidays and of days of one's own.

    A day of one's own has its own hours, or none; it wins over the weekday and the public holiday.
    """

    zone: ZoneInfo
    week: tuple[Hours, ...]
    country: str = ""
    region: str = ""
    days: Mapping[date, Hours] = field(default_factory=dict)
    _known: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Calendar":
        """The calendar that a version keeps as JSON."""
        return cls(
            zone=ZoneInfo(definition["zone"]),
            week=tuple(_hours(hours) for hours in definition["week"]),
            country=definition.get("country") or "",
            region=definition.get("region") or "",
            days={
                date.fromisoformat(each["day"]): _hours(each["hours"]) for each in definition.get("days", ())
            },
        )

    def add(self, moment: datetime, length: timedelta) -> datetime:
        """When so much working time has gone by. Raises NoHours where that never is."""
        left, moment = length, moment.astimezone(UTC)
        for start, end in self._spans_from(moment):
            begin = max(start, moment)
            if end - begin >= left:
                return begin + left if left else moment
            left -= end - begin
        raise NoHours

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """How much working time there is between them; none where the end comes first."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        found = _NOTHING
        for begin, stop in self._spans_from(start, end):
            found += min(stop, end) - max(begin, start)
        return found

    def end_of_work(self, moment: datetime) -> datetime:
        """When work ends on the first day that has some after that moment. Raises NoHours."""
        for start, _end in self._spans_from(moment.astimezone(UTC)):
            return self._spans(self._day(start))[-1][1]
        raise NoHours

    def holiday(self, day: date) -> bool:
        """Whether nobody works on that day of the calendar, on which they else would."""
        return bool(self.week[day.weekday()]) and not self.hours(day)

    def hours(self, day: date) -> Hours:
        if day in self.days:
            return self.days[day]
        if self.country and day in public_holidays(self.country, self.region, day.year):
            return ()
        return self.week[day.weekday()]

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, Time]]:
        """The time between them without a gap, cut into what is working time and what is not."""
        here, end = start.astimezone(UTC), end.astimezone(UTC)
        for start_of_work, end_of_work in self._spans_from(here, end):
            begin, stop = max(start_of_work, here), min(end_of_work, end)
            yield from self._idle(here, begin)
            yield begin, stop, Time.WORKING
            here = stop
        yield from self._idle(here, end)

    def _idle(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, Time]]:
        """Cut at midnight where a holiday begins or ends."""
        here, kind = start, self._kind(start)
        while here < end:
            stop, following = here, kind
            while following is kind and stop < end:
                stop = min(self._midnight_after(stop), end)
                following = self._kind(stop)
            yield here, stop, kind
            here, kind = stop, following

    def _kind(self, moment: datetime) -> Time:
        return Time.HOLIDAY if self.holiday(self._day(moment)) else Time.OUTSIDE

    def _midnight_after(self, moment: datetime) -> datetime:
        midnight = datetime.combine(self._day(moment) + _DAY, time(), self.zone).astimezone(UTC)
        return midnight if midnight > moment else moment + _DAY

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _spans_from(self, moment: datetime, until: datetime | None = None) -> Iterator[Span]:
        """The spans that end after that moment, in order, up to those that begin before `until`."""
        day = self._day(moment)
        for _number in range(_FARTHEST if until is None else max((until - moment).days + 3, 0)):
            for start, end in self._spans(day):
                if until is not None and start >= until:
                    return
                if end > moment:
                    yield start, end
            day += _DAY

    def _spans(self, day: date) -> tuple[Span, ...]:
        if day not in self._known:
            self._known[day] = tuple(_spans_of(day, self.hours(day), self.zone))
        return self._known[day]


@lru_cache(maxsize=4_000)
def _offsets(day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """How far the zone is from UTC around that day: mostly one distance, two where the clocks are changed."""
    midnight = datetime.combine(day, time(), UTC)
    start, end = midnight - timedelta(hours=15), midnight + timedelta(hours=39)
    first, last = _offset(start, zone), _offset(end, zone)
    if first == last:
        return ((start, end, first),)
    before, after = start, end
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if _offset(middle, zone) == first else (before, middle)
    return (start, after, first), (after, end, last)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _NOTHING


def _spans_of(day: date, hours: Hours, zone: ZoneInfo) -> list[Span]:
    midnight = datetime.combine(day, time(), UTC)
    found = []
    for begin, stop, offset in _offsets(day, zone):
        for first, last in hours:
            start = max(midnight + timedelta(minutes=first) - offset, begin)
            end = min(midnight + timedelta(minutes=last) - offset, stop)
            if start < end:
                found.append((start, end))
    return sorted(found)


def _hours(pairs: Any) -> Hours:
    return tuple((int(first), int(last)) for first, last in pairs)
