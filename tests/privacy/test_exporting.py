"""Somebody gets what is known of them, and nothing that is not theirs to know."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from jobs import privacy as job
from portal import clock
from portal.accounts import actions as accounts
from portal.accounts import links
from portal.accounts.models import Picture, PictureState, Session
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.storage import Storage, StorageAway
from portal.privacy import actions, exporting, work
from portal.privacy.models import PersonJobState
from portal.tickets import actions as tickets
from tests import factories as make


@pytest.fixture
def boss(world):
    return make.admin(name="Aylin Demir", email="aylin@example.org")


@pytest.fixture
def ann(boss, app):
    ann = make.employee(name="Änne Lindqvist", organization=make.organization(name="Nordwerk"))
    accounts.open_session(ann, user_agent="Firefox", address="203.0.113.7")
    accounts.note_login(ann)
    links.mail_reset(ann)
    ticket = make.ticket(ann, title="My chair squeaks", description="All day long.")
    make.reply(ticket, author=boss, body="We bring another one.")
    make.reply(ticket, author=ann, body="Thank you!")
    make.note(ticket, author=boss, body="Ann is difficult.")
    tickets.watch(make.ticket(make.employee(), title="Somebody else's secret"), ann)
    db.session.commit()
    return ann


def run(begun):
    """The job as its worker leaves it."""
    job.work()
    return db.session.get_one(type(begun), begun.id, populate_existing=True)


def begin(person, actor):
    begun = actions.ask_for_export(person, actor=actor)
    db.session.commit()
    return begun


@pytest.fixture
def files(ann, boss, app):
    """The files of Ann's export, by name, as text."""
    done = run(begin(ann, boss))
    assert done.state is PersonJobState.DONE, done.error
    return _unpacked(fetch(app, done))


def fetch(app, done, name="x.zip"):
    return requests.get(app.extensions["storage"].link(done.result_key, name=name), timeout=20)


def _unpacked(answer):
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_the_account_the_requests_and_what_was_written(files):
    account = json.loads(files["account.json"])[0]
    ticket = json.loads(files["tickets.json"])[0]

    assert (account["name"], account["organizations"][0]["organization"]) == ("Änne Lindqvist", "Nordwerk")
    assert (ticket["title"], ticket["description"]) == ("My chair squeaks", "All day long.")
    assert [reply["text"] for reply in ticket["replies"]] == ["We bring another one.", "Thank you!"]
    assert [each["text"] for each in json.loads(files["comments.json"])] == ["Thank you!"]
    assert "account.logged_in" in {each["what"] for each in json.loads(files["events.json"])}
    assert json.loads(files["belongings/sessions.json"])[0]["address"] == "203.0.113.7"
    assert json.loads(files["work.json"])[0]["title"] == "Somebody else's secret"
    assert "Änne Lindqvist" in files["about.txt"]


def test_it_holds_no_note_of_others_and_nothing_that_lets_somebody_in(files, ann):
    whole = "\n".join(files.values())

    assert "difficult" not in whole
    assert make.PASSWORD_HASH not in whole
    for session in db.session.scalars(select(Session)):
        assert session.token_digest not in whole
    for mail in json.loads(files["mails.json"]):
        assert "/reset/" not in mail["text"] or "/reset/…" in mail["text"]
    assert len(json.loads(files["mails.json"])) == 1


def test_every_file_is_json_and_every_belonging_has_one(files):
    for name, content in files.items():
        assert name == "about.txt" or isinstance(json.loads(content), list), name
    assert {"belongings/notifications.json", "belongings/memberships.json"} <= files.keys()


def test_a_note_of_ones_own_is_in_it(boss, ann):
    make.note(make.ticket(), author=boss, body="I called twice.")
    db.session.commit()

    told = [exporting._own_comment(comment) for comment in db.session.scalars(exporting._comments(boss))]

    assert ("I called twice.", True) in {(each["text"], each["is_internal"]) for each in told}


def test_many_rows_come_in_batches_and_each_once(ann, boss, app, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 2)
    for number in range(5):
        make.ticket(ann, title=f"Request {number}")
    db.session.commit()

    done = run(begin(ann, boss))
    titles = [each["title"] for each in json.loads(_unpacked(fetch(app, done))["tickets.json"])]

    assert titles == ["My chair squeaks", *(f"Request {number}" for number in range(5))]
    assert done.done == done.total > 6


def test_the_store_hands_it_out_under_its_name_and_not_without_a_signature(ann, boss, app):
    done = run(begin(ann, boss))
    answer = fetch(app, done, name='Änne "A" 2026.zip')
    naked = app.extensions["storage"].link(done.result_key, name="x.zip").partition("?")[0]

    disposition = answer.headers["Content-Disposition"]
    assert "filename*=UTF-8''%C3%84nne%20%22A%22%202026.zip" in disposition
    assert disposition.startswith('attachment; filename="_nne _A_ 2026.zip"')
    assert requests.get(naked, timeout=20).status_code == 403


def test_after_seven_days_it_is_gone(ann, boss, app):
    done = run(begin(ann, boss))
    job.forget_exports()
    assert fetch(app, done).status_code == 200

    with clock.travelling_to(clock.now() + timedelta(days=7, minutes=1)):
        job.forget_exports()
    db.session.refresh(done)

    assert done.result_key is None
    db.session.rollback()


def test_one_that_is_collected_is_not_begun_twice(ann, boss):
    first = begin(ann, boss)

    assert begin(ann, boss).id == first.id
    asked = select(Event).where(Event.kind == Kind.EXPORT_ASKED)
    assert len(db.session.scalars(asked).all()) == 1


def test_ones_own_comes_once_an_hour(ann, boss):
    run(begin(ann, ann))
    with pytest.raises(DomainError, match="last hour"):
        actions.ask_for_export(ann, actor=ann)

    with clock.travelling_to(clock.now() + timedelta(hours=1, minutes=1)):
        assert begin(ann, ann).is_open


def test_cancelled_in_the_middle_nothing_is_kept(ann, boss, monkeypatch):
    begun = begin(ann, boss)
    kept = []
    monkeypatch.setattr(Storage, "keep", lambda *_, **__: kept.append("file"))
    whole = exporting.length

    def cancelled_meanwhile(person):
        actions.cancel(begun, actor=boss)
        db.session.commit()
        return whole(person)

    monkeypatch.setattr(exporting, "length", cancelled_meanwhile)

    assert run(begun).state is PersonJobState.CANCELLED
    assert kept == []


def test_cancelled_at_the_last_moment_the_file_is_removed(ann, boss, app, monkeypatch):
    begun = begin(ann, boss)
    keys, keep = [], Storage.keep

    def cancelled_after(storage, key, file, **options):
        keep(storage, key, file, **options)
        keys.append(key)
        actions.cancel(begun, actor=boss)
        db.session.commit()

    monkeypatch.setattr(Storage, "keep", cancelled_after)

    assert run(begun).result_key is None
    assert requests.get(app.extensions["storage"].link(keys[0], name="x"), timeout=20).status_code == 404


class Killed(BaseException):
    """As SIGKILL: nothing of what is written to catch errors gets to see it."""


def test_when_its_worker_is_killed_another_one_begins_anew(ann, boss, app, monkeypatch):
    begun = begin(ann, boss)

    def dying(*_, **__):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Storage, "keep", dying)
        job.work()
    with clock.travelling_to(clock.now() + work.LEASE + timedelta(seconds=1)):
        done = run(begun)

    assert done.state is PersonJobState.DONE
    assert fetch(app, done).status_code == 200


def test_a_store_that_is_away_is_waited_for_and_in_the_end_told(ann, boss, monkeypatch):
    begun = begin(ann, boss)

    def away(*_, **__):
        raise StorageAway("It does not answer.")

    monkeypatch.setattr(Storage, "keep", away)
    for hours in range(work.MAX_ATTEMPTS):
        with clock.travelling_to(clock.now() + timedelta(hours=hours)):
            last = run(begun)

    assert (last.state, last.error) == (PersonJobState.FAILED, "It does not answer.")


def test_their_picture_is_a_file_of_its_own(ann, boss, app):
    drawn = b"RIFF....WEBP of Ann"
    row = Picture(user_id=ann.id, state=PictureState.READY, sent_at=clock.now(), drawn=drawn, digest="0" * 32)
    db.session.add(row)
    db.session.commit()

    done = run(begin(ann, boss))

    with zipfile.ZipFile(io.BytesIO(fetch(app, done).content)) as archive:
        assert archive.read("picture.webp") == drawn
        [told] = json.loads(archive.read("belongings/pictures.json"))
    assert told["state"] == "ready"
    assert "drawn" not in told
