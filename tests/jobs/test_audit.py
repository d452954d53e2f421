"""The audit log is kept as long as the settings say, and tickets keep their history."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from jobs import audit
from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.settings.actions import change_settings
from tests import factories as make


@pytest.fixture
def log(shared_app):
    """Events of 0 to 4 times ten days ago, and a ticket of a hundred days ago."""
    with clock.travelling_to(clock.now() - timedelta(days=100)):
        ticket = make.ticket()
    for days in (40, 30, 20, 10, 0):
        with clock.travelling_to(clock.now() - timedelta(days=days, minutes=1)):
            record(Kind.PROJECT_CREATED, actor=None, project_id=days, project=f"P{days}")
    db.session.commit()
    return ticket


def kept():
    db.session.rollback()
    created = select(Event).where(Event.kind == Kind.PROJECT_CREATED).order_by(Event.id)
    return [event.data["project_id"] for event in db.session.scalars(created)]


def keep_for(days):
    change_settings(actor=None, audit_days=days)
    db.session.commit()


def test_without_a_limit_everything_stays(log):
    audit.shorten()

    assert kept() == [40, 30, 20, 10, 0]


def test_what_is_too_old_goes_in_batches_and_that_it_went_is_told(log, monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 1)
    keep_for(30)

    audit.shorten()

    assert kept() == [20, 10, 0]
    told = db.session.scalars(select(Event).where(Event.kind == Kind.AUDIT_SHORTENED)).one()
    assert told.data["removed"] == 2
    assert told.actor_id is None


def test_a_second_run_finds_nothing_and_says_nothing(log):
    keep_for(30)
    audit.shorten()
    audit.shorten()

    assert len(db.session.scalars(select(Event).where(Event.kind == Kind.AUDIT_SHORTENED)).all()) == 1


def test_the_history_of_a_ticket_stays(log):
    before = db.session.scalars(select(Event.id).where(Event.ticket_id == log.id).order_by(Event.id)).all()
    keep_for(30)

    audit.shorten()
    db.session.rollback()

    assert (
        db.session.scalars(select(Event.id).where(Event.ticket_id == log.id).order_by(Event.id)).all()
        == before
        != []
    )


def test_a_worker_that_does_not_know_the_owner_removes_nothing(log, shared_app, monkeypatch):
    keep_for(30)
    alone = shared_app.config["DESK"].model_copy(update={"maintenance_database_url": ""})
    with monkeypatch.context() as changed, pytest.raises(ProgrammingError, match="permission denied"):
        changed.setitem(shared_app.config, "DESK", alone)
        audit.shorten()

    assert len(kept()) == 5
