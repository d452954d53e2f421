"""Forecasts of the past against what became of it, on histories of which the answer is known."""

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from portal import clock
from portal.extensions import db
from portal.sla.backtest import Calibration, Life, backtest
from portal.sla.replay import Happening, Policy, Target
from portal.tickets.models import Priority
from tests import factories as make
from tests.sla.test_calendar import calendar

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy({Target.FIRST_RESPONSE: {"high": HOUR, "low": HOUR}})
ALWAYS = calendar(week=[((0, 24 * 60),)] * 7)
numbers = count(1)


def life(days_ago, minutes, *, kind="incident", priority="high", policy=POLICY):
    """A ticket of so many days ago that was answered after so many minutes, or not yet."""
    began = NOW - timedelta(days=days_ago)
    said = [
        Happening(event_id=next(numbers), at=began, begins=True, category="new", priority=priority),
    ]
    if minutes is not None:
        answered = began + timedelta(minutes=minutes)
        said.append(Happening(event_id=next(numbers), at=answered, replied="desk"))
    return Life(tuple(said), policy, ALWAYS, 1, kind)


def lives_of(kind, late, chance, *, each_day=6, days=60):
    """One in ten is answered early; of the others so many are late."""
    for number in range(days * each_day):
        ago = (number + 0.5) / each_day
        minutes = 10 if chance.random() < 0.1 else 90 if chance.random() < late else 45
        yield life(ago, minutes, kind=kind)


def asked(lives, days=20, percent=50):
    return backtest(list(lives), now=NOW, days=days, percent=percent)


def test_forecasts_of_two_kinds_of_tickets_are_as_right_as_can_be():
    chance = random.Random(7)
    found = asked([*lives_of("incident", 0.8, chance), *lives_of("task", 0.2, chance)])

    assert found.silent == 0
    assert len(found.told) == pytest.approx(2 * 20 * 6 * 0.9, rel=0.1)
    low = [(said, late) for said, late in found.told if said < 0.5]
    high = [(said, late) for said, late in found.told if said > 0.5]
    for some, share in ((low, 0.2), (high, 0.8)):
        assert sum(said for said, _late in some) / len(some) == pytest.approx(share, abs=0.08)
        assert sum(late for _said, late in some) / len(some) == pytest.approx(share, abs=0.12)
    assert found.brier == pytest.approx(0.16, abs=0.03)
    assert found.base_brier == pytest.approx(0.25, abs=0.01)


def test_only_what_was_known_then_is_asked():
    """The desk was always in time until ten days ago, and never since: nobody could know on that day."""
    before = [life(11 + number / 4, 45) for number in range(200)]
    since = [life(10 - number / 10, 90) for number in range(1, 100)]

    found = asked([*before, *since], days=10)

    first_day, last_day = found.told[:4], found.told[-4:]
    assert all(said == 0 and late for said, late in first_day)
    assert all(said > 0.2 and late for said, late in last_day)


def test_with_too_little_history_nothing_is_said():
    found = asked([life(number, 90) for number in range(1, 15)])

    assert (found.told, found.silent) == ([], 14)


def test_what_is_open_yet_proves_nothing():
    found = asked([life(0.03, None)], percent=10)

    assert (found.told, found.silent, found.open) == ([], 0, 1)


def test_what_was_met_before_is_not_asked_about():
    found = asked([life(number / 10, 20) for number in range(1, 100)])

    assert (found.told, found.silent, found.open) == ([], 0, 0)


def test_a_priority_is_that_of_then():
    long_ago = [life(20 + number / 4, 45, priority="low") for number in range(100)]
    quick = [life(20 + number / 4, 90) for number in range(100)]
    raised = life(5, None, priority="low")
    later = Happening(
        event_id=next(numbers), at=raised.history[0].at + timedelta(minutes=40), priority="high"
    )
    raised = Life((*raised.history, later), POLICY, ALWAYS, 1, "incident")

    found = asked([*long_ago, *quick, raised], days=6)

    assert found.told == [(0.0, True)]


def test_calibration_is_counted_by_tenths():
    found = Calibration(told=[(0.0, False), (0.05, True), (0.55, True), (1.0, True)])

    assert [(part.least, part.number, part.late) for part in found.parts] == [
        (0.0, 2, 0.5),
        (0.5, 1, 1.0),
        (0.9, 1, 1.0),
    ]
    assert found.base_rate == 0.75
    assert found.brier == pytest.approx((0.95**2 + 0.45**2) / 4)
    assert found.base_brier == pytest.approx(0.1875)


@pytest.fixture
def flask(app):
    def run(*arguments):
        db.session.commit()
        return app.test_cli_runner().invoke(args=["sla", "backtest", *arguments])

    return run


def test_the_command_tells_how_right_the_forecasts_were(world, flask):
    with clock.travelling_to(NOW - timedelta(days=60)):
        make.policy(first=60, resolution=None, following=None)
    ben = make.agent()
    for number in range(44):
        began = NOW - timedelta(days=44 - number)
        with clock.travelling_to(began):
            ticket = make.ticket(priority=Priority.HIGH)
        with clock.travelling_to(began + timedelta(minutes=45 if number % 2 else 90)):
            make.reply(ticket, ben)

    with clock.travelling_to(NOW):
        answer = flask("--days", "20")

    assert answer.exit_code == 0, answer.output
    assert "20 forecasts of promises that had used 50 % of their time in the last 20 days." in answer.output
    assert "40-50 %" in answer.output or "50-60 %" in answer.output
    assert "of the base rate, 50% late, 0.250." in answer.output


def test_a_desk_without_a_past_is_told_so(world, flask):
    answer = flask()

    assert answer.exit_code == 0
    assert answer.output.startswith("0 forecasts")
    assert "Brier" not in answer.output


@pytest.mark.parametrize("option", [("--days", "0"), ("--at", "100"), ("--days", "soon")])
def test_options_that_make_no_sense_are_refused(flask, option):
    assert flask(*option).exit_code == 2
