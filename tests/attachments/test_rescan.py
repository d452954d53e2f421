"""With new signatures, the files of the last days are looked at again."""

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from jobs import file_checks, file_store
from portal import clock
from portal.attachments.models import Reason, State
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.storage import Area, StorageAway
from portal.outbox_mail.models import Mail
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.attachments.store import EICAR, clean_file, fetch, long_to_scan, row, there

OTHERS = {"signatures": "27811"}  # than the scanner has


@pytest.fixture
def asked(monkeypatch):
    """How often the scanner, who answers all the same, is given a file."""
    seen = []
    look_at = antivirus.look_at
    monkeypatch.setattr(antivirus, "look_at", lambda file, **more: seen.append(1) or look_at(file, **more))
    return seen


def rescan(queue):
    file_checks.rescan()
    queue.run()


def test_what_is_now_known_to_be_a_virus_is_served_no_more(client_for, ann, queue, store):
    known = clean_file(store, ann, EICAR, thumbnail_key="c/thumb", excerpt="X5O", has_excerpt=True, **OTHERS)
    public_id, key = known.public_id, known.clean_key
    assert fetch(client_for(ann), public_id).status == 200

    rescan(queue)

    blocked = row(public_id)
    assert (blocked.state, blocked.clean_key, blocked.excerpt) == (State.INFECTED, None, None)
    assert "Eicar" in blocked.found
    assert fetch(client_for(ann), public_id).status_code == 409
    assert not there(store, Area.CLEAN, key)
    assert db.session.scalars(select(Event).where(Event.kind == Kind.FILE_BLOCKED)).one().data["found"]
    assert "was blocked" in db.session.scalars(select(Mail)).one().subject


@pytest.fixture
def keeps_infected(app):
    change_settings(actor=None, keeps_infected=True)
    db.session.commit()
    forget_site()


def test_where_such_files_are_kept_it_is_locked_away_until_an_admin_deletes_it(
    client_for, ann, queue, store, keeps_infected
):
    known = clean_file(store, ann, EICAR, **OTHERS)
    public_id, was_served_as, was_put_as = known.public_id, known.clean_key, known.object_key

    rescan(queue)
    with clock.travelling_to(clock.now() + timedelta(hours=2)):
        file_store.compare()
        queue.run()

    locked = row(public_id)
    key = locked.object_key
    assert (locked.state, locked.clean_key, key != was_put_as) == (State.INFECTED, None, True)
    assert b"".join(store.read(Area.QUARANTINE, key)) == EICAR
    assert not there(store, Area.CLEAN, was_served_as)
    assert fetch(client_for(ann), public_id).status_code == 409

    boss = make.admin()
    db.session.commit()
    assert client_for(boss).post(f"/admin/files/{public_id}/removal").status_code == 303
    queue.run()
    assert not there(store, Area.QUARANTINE, key)


def test_what_cannot_be_locked_away_is_rather_lost_than_served_on(
    ann, queue, store, keeps_infected, monkeypatch
):
    known = clean_file(store, ann, EICAR, **OTHERS)

    def full(*_args, **_more):
        raise StorageAway("The store is full.")

    monkeypatch.setattr(store, "send", full)
    public_id, key = known.public_id, known.clean_key
    rescan(queue)
    assert row(public_id).state is State.INFECTED
    assert not there(store, Area.CLEAN, key)


def test_what_is_still_clean_is_served_on_and_asked_about_once(client_for, ann, queue, store, asked):
    old = clean_file(store, ann, **OTHERS)
    first_scanned = old.scanned_at

    rescan(queue)
    rescan(queue)

    still = row(old.public_id)
    assert (still.state, still.signatures, still.lease_until) == (State.CLEAN, None, None)
    assert still.scanned_at == first_scanned
    assert fetch(client_for(ann), old.public_id).data == b"Hello, desk."
    assert len(asked) == 1


@pytest.mark.parametrize(("days", "age", "times"), [(30, 29, 1), (30, 31, 0), (0, 0, 0)])
def test_only_files_of_the_last_days_are_looked_at(ann, queue, store, asked, days, age, times):
    change_settings(actor=None, rescan_days=days)
    db.session.commit()
    forget_site()
    clean_file(store, ann, scanned_at=clock.now() - timedelta(days=age), **OTHERS)
    rescan(queue)
    assert len(asked) == times


def test_a_file_that_is_deleted_while_the_scanner_reads_stays_deleted(ann, queue, store, monkeypatch):
    old = clean_file(store, ann, EICAR, **OTHERS)
    public_id, look_at = old.public_id, antivirus.look_at

    def slowly(file, **more):
        verdict = look_at(file, **more)
        db.session.delete(row(public_id))
        db.session.commit()
        return verdict

    monkeypatch.setattr(antivirus, "look_at", slowly)
    rescan(queue)
    assert row(public_id) is None
    assert db.session.scalars(select(Event).where(Event.kind == Kind.FILE_BLOCKED)).all() == []


def test_what_the_store_has_changed_is_served_no_more(client_for, ann, queue, store):
    old = clean_file(store, ann, b"What was checked.", **OTHERS)
    key = old.clean_key
    store.keep(key, BytesIO(b"What was changed."), size=17, kind="application/octet-stream")
    rescan(queue)

    changed = row(old.public_id)
    assert (changed.state, changed.reason, changed.clean_key) == (State.EXPIRED, Reason.CHANGED, None)
    assert fetch(client_for(ann), old.public_id).status_code == 409
    lost = db.session.scalars(select(Event).where(Event.kind == Kind.FILE_LOST)).one()
    assert lost.data["reason"] == "changed"
    assert not there(store, Area.CLEAN, key)


@pytest.mark.parametrize("fails_with", [antivirus.ScanBroke("It died."), StorageAway("500")])
def test_a_file_that_cannot_be_looked_at_again_does_not_hold_up_the_others(
    ann, queue, store, monkeypatch, fails_with
):
    """The latest is looked at first."""
    other, first = clean_file(store, ann, b"other", **OTHERS), clean_file(store, ann, b"first", **OTHERS)
    first.scanned_at = clock.now()
    db.session.commit()
    look_at = antivirus.look_at

    def fail(file, **more):
        content = file.read()
        if content == b"first":
            raise fails_with
        return look_at(BytesIO(content), **more)

    monkeypatch.setattr(antivirus, "look_at", fail)
    rescan(queue)
    assert row(first.public_id).signatures == OTHERS["signatures"]
    assert row(other.public_id).signatures != OTHERS["signatures"]


def test_while_the_scanner_is_away_nothing_is_looked_at_and_all_is_served(
    app, ann, queue, store, monkeypatch
):
    old = clean_file(store, ann, **OTHERS)
    away = app.config["DESK"].model_copy(update={"clamav_port": 1})
    monkeypatch.setitem(app.config, "DESK", away)
    rescan(queue)
    assert (row(old.public_id).state, row(old.public_id).signatures) == (State.CLEAN, "27811")


def test_a_file_whose_object_is_gone_does_not_hold_up_the_others(ann, queue, store, asked):
    gone, whole = clean_file(store, ann, **OTHERS), clean_file(store, ann, **OTHERS)
    store.forget(gone.clean_key)
    rescan(queue)
    assert row(whole.public_id).signatures is None
    assert len(asked) == 1


def test_a_file_that_the_scanner_does_not_get_through_does_not_hold_up_the_others(
    ann, queue, store, monkeypatch
):
    monkeypatch.setattr(antivirus, "SCAN_PATIENCE", 1)
    whole, endless = clean_file(store, ann, **OTHERS), clean_file(store, ann, long_to_scan(), **OTHERS)
    rescan(queue)
    assert row(whole.public_id).signatures is None
    assert (row(endless.public_id).state, row(endless.public_id).signatures) == (State.CLEAN, "27811")
