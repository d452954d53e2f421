"""Tickets follow what was published, in a worker: batch by batch, and on when time is up."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from jobs import lifecycles
from portal import clock
from portal.extensions import db
from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.models import Status, StatusMove
from portal.tickets import catching_up
from portal.tickets.catching_up import JOB
from portal.tickets.models import Ticket
from tests import factories as make
from tests.lifecycles.drafts import publish


@pytest.fixture
def left_to_a_worker(world, monkeypatch, queue):
    """Five tickets in a status that is gone."""
    for _ in range(5):
        make.ticket(status="blocked")
    monkeypatch.setattr(catching_up, "AT_ONCE", 0)
    publish(DEFAULT.without("blocked"), targets={"blocked": "open"})
    db.session.commit()
    return queue


def blocked():
    left = select(func.count()).select_from(Ticket).where(Ticket.status.has(name="blocked"))
    return db.session.scalar(left)


def test_a_worker_is_called_and_brings_them_all(left_to_a_worker):
    assert (JOB, ()) in left_to_a_worker.jobs

    lifecycles.catch_up()

    assert blocked() == 0
    assert db.session.scalar(select(StatusMove.done_at)) is not None


def test_when_time_is_up_another_one_goes_on(left_to_a_worker, monkeypatch):
    monkeypatch.setattr(lifecycles, "SHIFT", -1.0)
    left_to_a_worker.jobs.clear()

    lifecycles.catch_up()

    assert blocked() == 5
    assert left_to_a_worker.jobs == [(JOB, ())]


def test_with_nothing_to_do_it_ends(world, queue):
    lifecycles.catch_up()

    assert queue.jobs == []


def test_who_came_late_into_a_status_that_was_gone_is_found_for_an_hour(left_to_a_worker, monkeypatch):
    lifecycles.catch_up()
    late = make.ticket()
    late.status = db.session.scalars(select(Status).where(Status.name == "blocked")).one()
    db.session.commit()

    lifecycles.look_again()
    assert blocked() == 0

    late.status = db.session.scalars(select(Status).where(Status.name == "blocked")).one()
    db.session.commit()
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    lifecycles.look_again()
    assert blocked() == 1, "whoever changes it brings it along"
