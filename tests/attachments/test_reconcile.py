"""`flask storage reconcile` says whether desk and store speak of the same files."""

import io
from datetime import timedelta

import pytest

from portal import clock
from portal.attachments.actions import MB, announce
from portal.attachments.upkeep import report
from portal.extensions import db
from portal.gateways.storage import Area, Storage
from tests import factories as make
from tests.attachments.store import clean_file, there

LATER, NEXT_DAY = timedelta(hours=2), timedelta(hours=25)


@pytest.fixture
def store(shared_app):
    return shared_app.extensions["storage"]


@pytest.fixture
def ann(shared_app):
    person = make.employee(name="Ann")
    db.session.commit()
    return person


@pytest.fixture
def reconcile(shared_app, store):
    """Two hours later, when all should have settled; nothing is there that other tests have left."""
    for area in Area:
        for each in list(store.objects(area)):
            store.forget(each.key, area)
        for each in list(store.unfinished(area)):
            store.drop_parts(each.key, each.upload, area)

    def run(*options, after=LATER):
        with clock.travelling_to(clock.now() + after):
            return shared_app.test_cli_runner().invoke(args=["storage", "reconcile", *options])

    return run


@pytest.mark.parametrize("options", [(), ("--verify",)])
def test_where_all_is_well_it_says_so(reconcile, store, ann, options):
    clean_file(store, ann, b"x" * 1_000_000)
    done = reconcile(*options)
    assert done.exit_code == 0, done.output
    assert "Desk and store agree." in done.output


def test_objects_of_no_file_are_counted_and_removed_only_when_asked(shared_app, reconcile, store):
    store.send("q/lost", io.BytesIO(b"abc"), size=3, kind="text/plain")
    store.keep("c/lost", io.BytesIO(b"ab"), size=2, kind="text/plain")
    store.keep("exports/kept", io.BytesIO(b"ab"), size=2, kind="text/plain")

    done = reconcile()
    assert done.exit_code == 1
    assert "quarantine: 1 objects of no file (3 bytes)" in done.output
    assert "clean: 1 objects of no file (2 bytes)" in done.output
    assert there(store, Area.CLEAN, "c/lost")

    assert reconcile("--repair").exit_code == 0
    with clock.travelling_to(clock.now() + LATER):
        shared_app.extensions["queue"].run()
    assert not there(store, Area.QUARANTINE, "q/lost")
    assert not there(store, Area.CLEAN, "c/lost")
    assert there(store, Area.CLEAN, "exports/kept")


def test_uploads_that_were_begun_and_are_nobodys_are_counted_and_removed_after_a_day(
    shared_app, reconcile, store, ann
):
    left = store.begin_parts("q/left", kind="text/plain")
    large = announce("large.log", mime="text/plain", size=70 * MB, uploader=ann, draft="new")
    noted = large.upload_id = store.begin_parts(large.object_key, kind="text/plain")
    db.session.commit()
    assert reconcile().exit_code == 0  # so young that its id may still be noted

    done = reconcile(after=NEXT_DAY)
    assert done.exit_code == 1
    assert "quarantine: 1 unfinished uploads of no file\n" in done.output
    assert "clean: 0 unfinished uploads of no file\n" in done.output
    assert {each.upload for each in store.unfinished(Area.QUARANTINE)} == {left, noted}

    assert reconcile("--repair", after=NEXT_DAY).exit_code == 0
    assert reconcile(after=NEXT_DAY).exit_code == 0  # its job knows of it
    with clock.travelling_to(clock.now() + NEXT_DAY):
        shared_app.extensions["queue"].run()
    assert {each.upload for each in store.unfinished(Area.QUARANTINE)} == {noted}


def test_of_many_uploads_that_were_begun_none_is_missed(reconcile, store, monkeypatch):
    monkeypatch.setattr("portal.gateways.storage.AT_A_TIME", 2)
    begun = {store.begin_parts(f"q/{number}", kind="text/plain") for number in range(5)}
    assert {each.upload for each in store.unfinished(Area.QUARANTINE)} == begun
    assert "quarantine: 5 unfinished uploads" in reconcile(after=NEXT_DAY).output


def test_a_file_without_its_object_is_wrong_and_stands_on_the_page(reconcile, store, ann):
    lost = clean_file(store, ann)
    store.forget(lost.clean_key)
    done = reconcile("--repair")
    assert done.exit_code == 1
    assert f"1 files without their object: {lost.id}" in done.output
    assert report().lost == [lost.id]


def test_a_file_that_is_another_is_found_by_reading_it(reconcile, store, ann):
    changed = clean_file(store, ann, b"what was checked")
    store.keep(changed.clean_key, io.BytesIO(b"something other"), size=15, kind="text/plain")

    assert reconcile().exit_code == 0
    done = reconcile("--verify")
    assert done.exit_code == 1
    assert f"1 of 1 files are not what was checked: {changed.id}" in done.output


def test_a_store_that_is_away_is_not_taken_for_an_empty_one(shared_app, reconcile, store, ann, monkeypatch):
    clean_file(store, ann)
    away = Storage(shared_app.config["DESK"].model_copy(update={"s3_endpoint": "http://127.0.0.1:1"}))
    monkeypatch.setitem(shared_app.extensions, "storage", away)
    done = reconcile()
    assert done.exit_code == 1
    assert "The store does not answer" in done.output
    assert report().lost == []
