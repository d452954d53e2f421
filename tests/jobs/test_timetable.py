"""What is due by the clock is started once, and never lost."""

import importlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from jobs import timetable
from jobs.timetable import TIMETABLE, Entry, start_due
from portal import clock
from portal.extensions import db
from portal.gateways.queue import QUEUES
from portal.gateways.redis import RedisAway
from portal.settings.models import Tick

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVERY_MINUTE = Entry("jobs.sweep.sweep", "0 * * * * *", "urgent")


@pytest.fixture
def at():
    """Look at the clock at that moment."""

    def look(moment, *entries):
        with clock.travelling_to(moment):
            start_due(entries or [EVERY_MINUTE])

    return look


def ticks():
    return list(db.session.scalars(select(Tick.due_at).order_by(Tick.id)))


def test_each_tick_is_started_once(queue, at):
    for seconds in (0, 1, 59, 60, 61):
        at(NOON + timedelta(seconds=seconds))

    assert queue.jobs == [("jobs.sweep.sweep", ())] * 2
    assert ticks() == [NOON, NOON + timedelta(minutes=1)]


def test_what_was_missed_is_made_up_for_once(queue, at):
    at(NOON)
    at(NOON + timedelta(hours=7, seconds=30))

    assert ticks() == [NOON, NOON + timedelta(hours=7)]
    assert len(queue.jobs) == 2


def test_a_tick_that_could_not_be_enqueued_is_tried_again(app, queue, at, monkeypatch):
    def away(*_, **__):
        raise RedisAway("gone")

    with monkeypatch.context() as broken:
        broken.setattr(queue, "enqueue", away)
        at(NOON)
    assert ticks() == []

    at(NOON + timedelta(seconds=5))

    assert ticks() == [NOON]
    assert len(queue.jobs) == 1


def test_a_job_that_cannot_be_enqueued_does_not_hold_up_the_next_one(queue, at, monkeypatch):
    enqueue = queue.enqueue

    def picky(job, *args, **kwargs):
        if job == "jobs.a":
            raise RedisAway("gone")
        enqueue(job, *args, **kwargs)

    monkeypatch.setattr(queue, "enqueue", picky)

    at(NOON, Entry("jobs.a", "0 * * * * *"), Entry("jobs.b", "0 * * * * *"))

    assert queue.jobs == [("jobs.b", ())]


def test_two_timetables_at_once_double_nothing(shared_app):
    start = threading.Barrier(4)

    def look():
        with shared_app.app_context():
            start.wait()
            with clock.travelling_to(NOON):
                start_due([EVERY_MINUTE])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert shared_app.extensions["queue"].jobs == [("jobs.sweep.sweep", ())]
    assert ticks() == [NOON]


def test_the_last_due_moment_is_now_or_before():
    assert EVERY_MINUTE.last_due(NOON) == NOON
    assert EVERY_MINUTE.last_due(NOON + timedelta(seconds=59, microseconds=999_999)) == NOON
    assert EVERY_MINUTE.last_due(NOON - timedelta(microseconds=1)) == NOON - timedelta(minutes=1)


def test_everything_in_the_timetable_exists_and_has_a_queue():
    for entry in TIMETABLE:
        module, function = entry.job.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), function))
        assert entry.queue in QUEUES
        assert entry.next_due(NOON) > NOON


def test_a_lost_hint_is_found_within_half_a_minute():
    sweep = next(entry for entry in TIMETABLE if entry.job == "jobs.sweep.sweep")

    assert sweep.next_due(NOON) - NOON <= timedelta(seconds=30)


def test_the_timetable_waits_for_a_database_that_is_away(app, monkeypatch):
    tries, stop = [], threading.Event()

    def look():
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(timetable, "start_due", look)
    monkeypatch.setattr(timetable, "_pause", lambda _: 0)

    timetable.run(app, stop)

    assert len(tries) == 3


def test_it_sleeps_until_the_next_tick_but_never_long(monkeypatch):
    monkeypatch.setattr(timetable, "TIMETABLE", [EVERY_MINUTE])

    assert timetable._pause(NOON + timedelta(seconds=58)) == 2
    assert timetable._pause(NOON + timedelta(seconds=10)) == timetable.LONGEST_PAUSE
