"""Working time against an oracle that looks at each minute's clock on the wall."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sla.calendar import Calendar, NoHours, Time

MINUTE = timedelta(minutes=1)
OFFICE = ((9 * 60, 12 * 60), (13 * 60, 17 * 60))
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",  # half an hour
    "Asia/Kathmandu",  # three quarters of one
    "Australia/Lord_Howe",  # its clocks are changed by half an hour
    "America/St_Johns",
    "Africa/Cairo",  # changes them at midnight
)


def calendar(zone="Europe/Berlin", week=None, **more):
    return Calendar(ZoneInfo(zone), tuple(week or [OFFICE] * 5 + [()] * 2), **more)


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@st.composite
def hours(draw):
    marks = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def calendars(draw):
    week = tuple(draw(st.lists(hours(), min_size=7, max_size=7)))
    near = st.dates(date(2026, 3, 20), date(2026, 4, 10)) | st.dates(date(2026, 10, 1), date(2026, 11, 3))
    days = draw(st.dictionaries(near, hours(), max_size=3))
    country = draw(st.sampled_from(["", "DE"]))
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), week, country=country, days=days)


# Around the days on which most clocks are changed.
moments = st.one_of(
    *(
        st.integers(0, days * 1440).map(lambda minutes, first=first: first + minutes * MINUTE)
        for first, days in (
            (datetime(2026, 3, 6, tzinfo=UTC), 33),
            (datetime(2026, 10, 2, tzinfo=UTC), 31),
            (datetime(2026, 4, 22, tzinfo=UTC), 9),
        )
    )
)

HOLIDAYS = {
    date(2026, 4, 3),
    date(2026, 4, 6),
    date(2026, 5, 1),
    date(2026, 10, 3),
}  # all of Germany, by hand


def is_worked(calendar, moment):
    """By what the clock on the wall shows, and nothing of the calendar's own arithmetic."""
    wall = moment.astimezone(calendar.zone)
    day, minute = wall.date(), wall.hour * 60 + wall.minute
    known = calendar.week[day.weekday()]
    if calendar.country and day in HOLIDAYS:
        known = ()
    return any(first <= minute < last for first, last in calendar.days.get(day, known))


def counted(calendar, start, end):
    minutes = int((end - start) / MINUTE)
    return sum(is_worked(calendar, start + number * MINUTE) for number in range(minutes)) * MINUTE


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, st.integers(0, 4 * 1440))
def test_working_time_is_what_the_clock_on_the_wall_says(known, start, length):
    end = start + length * MINUTE

    assert known.worked(start, end) == counted(known, start, end)


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, st.integers(1, 2000))
def test_adding_is_the_first_moment_by_which_so_much_was_worked(known, start, minutes):
    left, moment = minutes, start
    while left and moment < start + timedelta(days=12):
        left -= is_worked(known, moment)
        moment += MINUTE
    if left:
        return

    assert known.add(start, minutes * MINUTE) == moment


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, st.integers(1, 3 * 1440), st.integers(0, 3 * 1440))
def test_stretches_leave_no_gap_and_name_each_minute_rightly(known, start, length, offset):
    end = start + length * MINUTE
    found = list(known.stretches(start, end))

    assert [found[0][0], found[-1][1]] == [start, end]
    assert all(one[1] == other[0] for one, other in pairwise(found))
    asked = start + (offset % length) * MINUTE
    kind = next(kind for begin, stop, kind in found if begin <= asked < stop)
    assert (kind is Time.WORKING) == is_worked(known, asked)


@settings(max_examples=100, deadline=None)
@given(calendars(), moments, st.integers(0, 3000), st.integers(0, 3000))
def test_time_adds_up_wherever_it_is_cut(known, start, first, second):
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE

    assert known.worked(start, middle) + known.worked(middle, end) == known.worked(start, end)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20T16:00", 2, "2026-11-23T10:00"),  # over a weekend
        ("2026-11-23T11:00", 2, "2026-11-23T14:00"),  # over lunch
        ("2026-11-23T06:00", 1, "2026-11-23T10:00"),  # before anybody is there
        ("2026-11-23T09:00", 7, "2026-11-23T17:00"),  # to the last minute of the day
        ("2026-12-24T16:00", 2, "2026-12-28T10:00"),  # over Christmas
    ],
)
def test_what_people_would_say(start, hours, due):
    assert calendar(country="DE").add(at(start), timedelta(hours=hours)) == at(due)


def test_an_hour_that_the_clocks_leave_out_is_not_worked_and_one_that_comes_twice_is_worked_twice():
    nights = calendar(week=[((0, 360),)] * 7)

    assert nights.worked(at("2026-03-29T00:00"), at("2026-03-29T08:00")) == timedelta(hours=5)
    assert nights.worked(at("2026-10-25T00:00"), at("2026-10-25T08:00")) == timedelta(hours=7)


def test_a_night_shift_is_an_interval_on_each_day():
    nights = calendar(week=[((22 * 60, 24 * 60),), ((0, 6 * 60),), (), (), (), (), ()])

    assert nights.worked(at("2026-11-23T12:00"), at("2026-11-24T12:00")) == timedelta(hours=8)
    assert nights.add(at("2026-11-23T12:00"), timedelta(hours=8)) == at("2026-11-24T06:00")


def test_an_own_day_wins_over_weekday_and_public_holiday():
    own = {date(2026, 12, 25): ((600, 720),), date(2026, 11, 24): ()}
    known = calendar(country="DE", days=own)

    assert known.worked(at("2026-12-25T00:00"), at("2026-12-26T00:00")) == timedelta(hours=2)
    assert known.worked(at("2026-11-24T00:00"), at("2026-11-25T00:00")) == timedelta()
    kinds = [kind for _start, _end, kind in known.stretches(at("2026-11-24T10:00"), at("2026-11-24T11:00"))]
    assert kinds == [Time.HOLIDAY]


def test_a_holiday_is_cut_off_at_midnight():
    known = calendar(country="DE")
    found = list(known.stretches(at("2026-12-24T16:30"), at("2026-12-25T09:00")))

    assert found == [
        (at("2026-12-24T16:30"), at("2026-12-24T17:00"), Time.WORKING),
        (at("2026-12-24T17:00"), at("2026-12-25T00:00"), Time.OUTSIDE),
        (at("2026-12-25T00:00"), at("2026-12-25T09:00"), Time.HOLIDAY),
    ]


def test_a_calendar_without_hours_never_gets_there():
    with pytest.raises(NoHours):
        calendar(week=[()] * 7).add(at("2026-11-23T09:00"), MINUTE)


def test_regions_have_holidays_of_their_own():
    epiphany = (at("2027-01-06T00:00"), at("2027-01-07T00:00"))

    assert calendar(country="DE", region="BY").worked(*epiphany) == timedelta()
    assert calendar(country="DE", region="HH").worked(*epiphany) == timedelta(hours=7)
