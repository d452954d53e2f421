"""What lies about in the store, or waits for a job that was lost, is found."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs import file_store
from jobs.timetable import TIMETABLE
from portal import clock, invariants
from portal.attachments import actions
from portal.attachments.models import Attachment, Discarded, Reason, State
from portal.attachments.upkeep import jobs_due, report
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.storage import Area
from tests import factories as make
from tests.attachments.store import EICAR, announce, clean_file, put, row, send, there

SOON, LATER, WEEK = timedelta(minutes=1), timedelta(hours=2), timedelta(days=8)


def sweep(queue):
    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    queue.run()


def kinds():
    return list(db.session.scalars(select(Event.kind).order_by(Event.id)))


def test_a_file_whose_job_was_lost_is_found_and_scanned(client_for, ann, queue):
    sent = send(client_for(ann))
    queue.jobs.clear()
    assert jobs_due() == []  # its hint may be on its way still
    with clock.travelling_to(clock.now() + SOON):
        assert jobs_due() == ["jobs.files.scan_waiting"]
        sweep(queue)
    assert row(sent.public_id).state is State.CLEAN


def test_a_file_whose_worker_died_is_scanned_once_its_lease_is_over(client_for, ann, queue):
    sent = send(client_for(ann))
    queue.jobs.clear()
    sent.scanned_status, sent.attempts = State.SCANNING, 1
    sent.lease_until = clock.now() + timedelta(seconds=100)
    db.session.commit()
    sweep(queue)
    assert row(sent.public_id).state is State.SCANNING

    with clock.travelling_to(clock.now() + timedelta(seconds=101)):
        sweep(queue)

    assert (row(sent.public_id).state, row(sent.public_id).attempts) == (State.CLEAN, 2)


def test_while_nothing_waits_no_job_is_started_for_files(app, queue):
    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    queue.run_next()
    assert [job for job, _args in queue.jobs if ".file" in job] == []


def test_what_was_announced_and_never_came_expires(client_for, ann, queue):
    told = announce(client_for(ann)).json
    with clock.travelling_to(clock.now() + timedelta(minutes=12)):
        sweep(queue)
    assert row(told["id"]).state is State.EXPIRED
    assert client_for(ann).post(told["complete_url"]).status_code == 409


def test_what_is_to_be_removed_goes_though_its_job_was_lost(store, app, queue):
    store.send("q/left", io.BytesIO(b"left"), size=4, kind="text/plain")
    actions.discard_object(Area.QUARANTINE, "q/left")
    db.session.commit()
    queue.jobs.clear()
    sweep(queue)
    assert not there(store, Area.QUARANTINE, "q/left")
    assert db.session.scalars(select(Discarded)).all() == []


def test_what_was_put_once_more_after_the_scan_is_removed_within_the_hour(client_for, ann, queue, store):
    told = announce(client_for(ann), content=b"a" * len(EICAR)).json
    put(told, b"a" * len(EICAR))
    client_for(ann).post(told["complete_url"])
    queue.run()
    key = row(told["id"]).object_key
    assert put(told, EICAR).status == 200

    file_store.tidy_quarantine()
    queue.run()
    assert there(store, Area.QUARANTINE, key)  # so young it might be on its way

    with clock.travelling_to(clock.now() + LATER):
        file_store.tidy_quarantine()
        queue.run()
    assert not there(store, Area.QUARANTINE, key)
    assert row(told["id"]).state is State.CLEAN
    assert any(entry.job == "jobs.file_store.tidy_quarantine" for entry in TIMETABLE)


def test_parts_that_were_begun_and_never_noted_go_after_a_day_and_the_file_of_that_name_stays(
    client_for, ann, queue, store
):
    sent = send(client_for(ann))
    queue.jobs.clear()
    key = sent.object_key
    left = store.begin_parts(key, kind="text/plain")  # another tab's, whose web process died
    own = store._client._create_multipart_upload(store.buckets[1], "c/half-kept", {})

    file_store.compare()
    queue.run()
    assert left in {each.upload for each in store.unfinished(Area.QUARANTINE)}

    with clock.travelling_to(clock.now() + timedelta(hours=25)):
        file_store.compare()
        queue.run()
    assert left not in {each.upload for each in store.unfinished(Area.QUARANTINE)}
    assert own not in {each.upload for each in store.unfinished(Area.CLEAN)}
    assert there(store, Area.QUARANTINE, key)


@pytest.mark.parametrize("state", [State.UPLOADED, State.UNSCANNABLE, State.FAILED])
def test_what_a_file_still_needs_stays_in_the_quarantine(client_for, ann, queue, store, state):
    sent = send(client_for(ann))
    queue.jobs.clear()
    sent.scanned_status = state
    db.session.commit()
    with clock.travelling_to(clock.now() + LATER):
        file_store.tidy_quarantine()
        queue.run()
    assert there(store, Area.QUARANTINE, sent.object_key)


def test_a_clean_object_of_no_file_goes_and_exports_stay(ann, queue, store):
    for key in ("c/of-nobody", "exports/of-ann"):
        store.keep(key, io.BytesIO(b"x"), size=1, kind="text/plain")
    kept = clean_file(store, ann)
    pictures = {"thumbnail_key": "c/small", "preview_key": "c/large"}
    for name, key in pictures.items():
        store.keep(key, io.BytesIO(b"x"), size=1, kind="image/webp")
        setattr(kept, name, key)
    db.session.commit()

    found = clock.now() + LATER
    with clock.travelling_to(found):
        file_store.compare()
        queue.run()
    assert there(store, Area.CLEAN, "c/of-nobody")  # the right backup may know it

    for days in (1, 15):
        with clock.travelling_to(found + timedelta(days=days)):
            file_store.compare()
            sweep(queue)
        assert there(store, Area.CLEAN, "c/of-nobody") is (days == 1)
    for key in (kept.clean_key, "c/small", "c/large", "exports/of-ann"):
        assert there(store, Area.CLEAN, key)
        store.forget(key)


def test_an_object_that_a_file_speaks_of_again_is_not_removed(ann, queue, store):
    known = clean_file(store, ann)
    actions.discard_object(Area.CLEAN, known.clean_key)
    db.session.commit()
    queue.run()
    assert there(store, Area.CLEAN, known.clean_key)
    assert db.session.query(Discarded).count() == 0


def test_no_transaction_is_open_while_an_object_is_removed(app, queue, store, monkeypatch):
    for number in range(3):
        actions.discard_object(Area.QUARANTINE, f"q/{number}")
    db.session.commit()
    seen, forget = [], store.forget
    monkeypatch.setattr(
        store, "forget", lambda *of: seen.append(db.session().in_transaction()) or forget(*of)
    )
    queue.run()
    assert seen == [False, False, False]
    assert db.session.query(Discarded).count() == 0


def test_a_file_of_a_reply_that_arrived_damaged_stays_in_sight(client_for, ann, queue):
    sent = send(client_for(ann))
    damaged = row(sent.public_id)
    damaged.scanned_status, damaged.reason = State.EXPIRED, Reason.DAMAGED
    damaged.ticket, damaged.draft = make.ticket(requester=ann), None
    db.session.commit()
    with clock.travelling_to(clock.now() + WEEK):
        file_store.compare()
    assert row(sent.public_id) is not None


def test_a_file_that_the_store_has_lost_raises_an_alarm_once(ann, queue, store, caplog):
    whole, lost = clean_file(store, ann), clean_file(store, ann)
    store.forget(lost.clean_key)

    file_store.compare()
    file_store.compare()

    assert (report().lost, report().lost_count) == ([lost.id], 1)
    assert kinds().count(Kind.FILE_LOST) == 1
    assert str([lost.id]) in caplog.text
    sentence = "Every file that is ready has its object in the store, as of the last look."
    assert invariants.broken()[sentence] == [lost.id]
    assert whole.id not in report().lost

    store.keep(lost.clean_key, io.BytesIO(b"Hello, desk."), size=12, kind="text/plain")
    file_store.compare()
    assert report().lost == []
    assert sentence not in invariants.broken()


def test_files_of_a_draft_that_was_left_alone_go_after_a_week(client_for, ann, queue, store):
    left = send(client_for(ann), draft="ticket:new")
    queue.run()
    left_id, key = left.public_id, row(left.public_id).clean_key
    other = make.employee()
    db.session.commit()
    used = send(client_for(other), draft="ticket:new")
    queue.run()
    used.created_at = clock.now() + WEEK - timedelta(days=1)
    old = send(client_for(other), draft="ticket:new")
    queue.run()
    old_id, used_id = old.public_id, used.public_id
    db.session.commit()

    with clock.travelling_to(clock.now() + WEEK):
        file_store.compare()
        queue.run()

    assert row(left_id) is None
    assert not there(store, Area.CLEAN, key)
    assert row(old_id) is not None  # something was added to that draft yesterday
    assert row(used_id) is not None
    assert kinds().count(Kind.FILE_DELETED) == 1


def test_files_of_a_ticket_stay(ann, queue, store):
    ticket = make.ticket(ann)
    kept = clean_file(store, ann, ticket=ticket)
    with clock.travelling_to(clock.now() + WEEK):
        file_store.compare()
        queue.run()
    assert row(kept.public_id) is not None
    assert there(store, Area.CLEAN, kept.clean_key)


def test_what_never_came_is_forgotten_after_a_week(client_for, ann, queue):
    told = announce(client_for(ann)).json
    with clock.travelling_to(clock.now() + WEEK - timedelta(days=2)):
        sweep(queue)
        file_store.compare()
    assert row(told["id"]).state is State.EXPIRED
    with clock.travelling_to(clock.now() + WEEK):
        file_store.compare()
    assert db.session.scalars(select(Attachment)).all() == []
