"""Real workers and timetables that are killed, and a real Redis that forgets everything."""

import signal
import time

import pytest
from sqlalchemy import func, select

from portal.events.models import Delivery, DeliveryState
from portal.extensions import db
from portal.notifications.models import Notification
from portal.settings.models import Tick
from portal.tickets.models import Ticket
from tests import factories as make
from tests.faults.workers import horses_of, kill, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def is_idle(redis, jobs):
    """The only worker has done so many jobs, waits for the next, and hears signals."""
    found = [redis.hmget(key, "state", "successful_job_count") for key in redis.smembers("rq:workers")]
    return [(state, int(done or 0) >= jobs) for state, done in found] == [(b"idle", True)]


def wait_for_a_lease():
    """Until a worker has begun a delivery. The locks this test holds stay held."""
    leased = select(Delivery.event_id).where(Delivery.lease_until.is_not(None))
    until = time.monotonic() + 60
    with db.engine.connect() as looking:
        while looking.execute(leased).first() is None:
            looking.rollback()
            assert time.monotonic() < until, "no worker has begun"
            time.sleep(0.05)


def undone():
    return db.session.scalar(select(func.count()).where(Delivery.state != DeliveryState.DONE))


def told():
    """Who has a notification of which event, each as often as it stands in the bell."""
    return sorted(db.session.execute(select(Notification.recipient_id, Notification.event_id)).all())


def test_f09_what_a_killed_worker_had_begun_is_done_once_within_two_minutes(shared_app, redis, start):
    """The reaction waits for the ticket's row, which this test holds, when worker and horse die."""
    ticket = make.ticket(assignee=make.agent())
    db.session.commit()
    db.session.execute(select(Ticket).where(Ticket.id == ticket.id).with_for_update()).all()
    worker = start("worker")
    wait_for_a_lease()
    assert horses_of(worker)

    kill(worker)
    killed = time.monotonic()
    db.session.rollback()
    start("timetable")
    start("worker")
    wait_until(lambda: undone() == 0, seconds=120)

    assert time.monotonic() - killed < 120
    assert len(told()) == len(set(told())) > 0


def test_f04_what_an_emptied_redis_forgot_is_done_within_a_minute(shared_app, redis, start):
    start("worker")
    start("timetable")
    wait_until(lambda: is_idle(redis, jobs=2), seconds=60)  # both have had it sweep; now the next tick counts
    shared_app.extensions["patient_redis"].connection.flushdb()
    shared_app.extensions["queue"].enqueue = lambda *_, **__: None  # the hints are lost with it
    for _ in range(20):
        make.ticket(assignee=make.agent())
    db.session.commit()

    took = wait_until(lambda: undone() == 0, seconds=60)

    assert took < 60
    assert len(told()) == len(set(told())) > 0


def test_f29_a_worker_that_is_asked_to_stop_finishes_its_job_first(shared_app, redis, start):
    ticket = make.ticket()
    db.session.commit()
    db.session.execute(select(Ticket).where(Ticket.id == ticket.id).with_for_update()).all()
    worker = start("worker")
    wait_for_a_lease()

    worker.send_signal(signal.SIGTERM)
    while not any(redis.hexists(key, "shutdown_requested_date") for key in redis.smembers("rq:workers")):
        assert worker.poll() is None
        time.sleep(0.05)
    assert worker.poll() is None
    db.session.rollback()

    assert worker.wait(60) == 0
    assert undone() == 0


def test_an_idle_worker_and_an_idle_timetable_stop_at_once(redis, start):
    worker, timetable = start("worker"), start("timetable")
    wait_until(lambda: db.session.scalar(select(func.count(Tick.id))), seconds=60)  # the timetable runs
    wait_until(lambda: is_idle(redis, jobs=2), seconds=60)

    for process in (worker, timetable):
        process.send_signal(signal.SIGTERM)

    assert (worker.wait(10), timetable.wait(10)) == (0, 0)  # its wait for a job would last 15 s
    assert redis.scard("rq:workers") == 0
