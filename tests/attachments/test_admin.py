"""What admins see of files that are not served, and what they can do about them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs import file_checks
from portal import clock, doctor
from portal.admin import health
from portal.attachments import upkeep
from portal.attachments.models import Attachment, State
from portal.attachments.upkeep import write_report
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.storage import Area
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.attachments.store import EICAR, announce, clean_file, fetch, put, row, send, there

LISTS = ("INFECTED", "UNSCANNABLE", "FAILED", "WAITING")


@pytest.fixture
def boss(world):
    boss = make.admin(name="Boss")
    db.session.commit()
    return boss


@pytest.fixture
def client(client_for, boss):
    return client_for(boss)


@pytest.fixture
def two_have_to(app):
    change_settings(actor=None, release_needs_two=True)
    db.session.commit()
    forget_site()


@pytest.fixture
def locked(client_for, ann, queue):
    sent = send(client_for(ann), "salaries.pdf", b"Salaries. " * 20, "application/pdf")
    queue.run()
    locked = row(sent.public_id)
    assert (locked.state, locked.reason) == (State.UNSCANNABLE, "mismatch")
    return locked


def a_file(ann, state, number=0, **values):
    given = {
        "uploader": ann, "original_filename": f"{state}-{number:02}.txt", "mime": "text/plain", "size": 7,
        "scanned_status": state, "expires_at": clock.now(), "uploaded_at": clock.now(),
    }  # fmt: skip
    db.session.add(Attachment(**given | values))
    db.session.commit()
    return db.session.scalars(select(Attachment).order_by(Attachment.id.desc()).limit(1)).one()


def release(client, public_id, why="Lucia sent it, I called her."):
    return client.post(f"/admin/files/{public_id}/release", data={"why": why})


def kinds():
    return list(db.session.scalars(select(Event.kind).order_by(Event.id)))


def test_each_list_shows_its_own(client, ann):
    for state in State:
        if state is not State.CLEAN:
            a_file(ann, state)

    def listed(name):
        text = client.get(f"/admin/files?state={name}").text
        return {state.value for state in State if f"{state}-00.txt" in text}

    assert {name: listed(name) for name in LISTS} == {
        "INFECTED": {"INFECTED"},
        "UNSCANNABLE": {"UNSCANNABLE"},
        "FAILED": {"FAILED"},
        "WAITING": {"PENDING", "UPLOADED", "SCANNING"},
    }
    assert listed("nonsense") == {"INFECTED"}


def test_lists_without_files_say_what_belongs_there(client):
    texts = [client.get(f"/admin/files?state={name}").text for name in LISTS]
    assert all("blankslate" in text for text in texts)
    assert "Nothing counted yet" in client.get("/admin/files/storage").text


def test_a_long_list_is_paged_with_as_many_statements_as_a_short_one(client, ann, statements):
    a_file(ann, State.FAILED, 99)
    client.get("/admin/files?state=FAILED")
    statements.clear()
    client.get("/admin/files?state=FAILED")
    few = len(statements)
    for number in range(30):
        a_file(make.employee(), State.FAILED, number)
    statements.clear()
    first = client.get("/admin/files?state=FAILED").text
    assert len(statements) == few

    address = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    older = client.get(address.replace("&amp;", "&")).text
    assert ("FAILED-29.txt" in first, "FAILED-04.txt" in first) == (True, False)
    assert ("FAILED-04.txt" in older, "FAILED-05.txt" in older) == (True, False)


def test_who_is_no_admin_sees_nothing_of_it(client_for, ann, locked):
    for person in (ann, make.agent(), make.manager()):
        db.session.commit()
        client = client_for(person)
        assert client.get("/admin/files").status_code == 403
        assert client.get(f"/admin/files/{locked.public_id}").status_code == 403
        assert release(client, locked.public_id).status_code == 403


def test_an_admin_does_not_get_what_is_in_the_quarantine(client, locked):
    assert client.get(f"/admin/files/{locked.public_id}").status_code == 200
    assert client.get(f"/attachments/{locked.public_id}/download").status_code == 404


def test_exactly_what_could_not_be_checked_is_released_with_a_reason(
    client, client_for, ann, boss, queue, locked, store
):
    content = b"".join(store.read(Area.QUARANTINE, locked.object_key))
    assert release(client, locked.public_id).status_code == 303
    queue.run()

    released = row(locked.public_id)
    assert (released.state, released.released_by_id) == (State.CLEAN, boss.id)
    assert fetch(client_for(ann), locked.public_id).data == content
    assert not there(store, Area.QUARANTINE, released.object_key)
    event = db.session.scalars(select(Event).where(Event.kind == Kind.FILE_RELEASED)).one()
    assert (event.actor_id, event.data["why"]) == (boss.id, "Lucia sent it, I called her.")


def test_without_a_reason_nothing_is_released(client, queue, locked):
    answer = release(client, locked.public_id, why=" ")
    assert (answer.status_code, "Say why it is safe." in answer.text) == (422, True)
    queue.run()
    assert row(locked.public_id).state is State.UNSCANNABLE


def test_another_file_put_in_its_place_is_not_released(client, client_for, ann, queue, store):
    content = b"Salaries. " * 20
    told = announce(client_for(ann), "salaries.pdf", content, "application/pdf").json
    put(told, content)
    client_for(ann).post(told["complete_url"])
    queue.run()
    assert put(told, b"Secrets.. " * 20).status == 200

    release(client, told["id"])
    queue.run()

    kept = row(told["id"])
    assert (kept.state, kept.clean_key, kept.released_by_id) == (State.UNSCANNABLE, None, None)
    assert Kind.FILE_RELEASE_REFUSED in kinds()
    assert Kind.FILE_RELEASED not in kinds()
    assert "is not what was looked at" in client.get(f"/admin/files/{told['id']}").text


def test_what_never_met_the_scanner_meets_it_before_it_is_released(client, client_for, ann, queue):
    """A virus under the name of a picture is refused before it is scanned."""
    sent = send(client_for(ann), "picture.png", EICAR, "image/png")
    queue.run()
    assert row(sent.public_id).reason == "mismatch"

    release(client, sent.public_id)
    queue.run()

    blocked = row(sent.public_id)
    assert (blocked.state, blocked.clean_key) == (State.INFECTED, None)
    assert Kind.FILE_RELEASED not in kinds()


def test_where_two_have_to_one_alone_cannot(client, client_for, queue, locked, two_have_to):
    assert release(client, locked.public_id).status_code == 303
    assert release(client, locked.public_id).status_code == 409
    queue.run()
    assert row(locked.public_id).state is State.UNSCANNABLE
    assert kinds().count(Kind.FILE_RELEASE_ASKED) == 1

    second = make.admin(name="Second")
    db.session.commit()
    page = client_for(second).get(f"/admin/files/{locked.public_id}").text
    assert "Boss asks to release it" in page
    assert "Lucia sent it, I called her." in page
    release(client_for(second), locked.public_id, why="")
    queue.run()

    released = row(locked.public_id)
    assert (released.state, released.released_by_id) == (State.CLEAN, second.id)
    event = db.session.scalars(select(Event).where(Event.kind == Kind.FILE_RELEASED)).one()
    assert (event.data["asked_by"], event.data["why"]) == ("Boss", "Lucia sent it, I called her.")


def test_a_release_whose_job_was_lost_is_found_by_the_sweep(client, queue, locked):
    release(client, locked.public_id)
    queue.jobs.clear()
    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    queue.run()
    assert row(locked.public_id).state is State.CLEAN


@pytest.mark.parametrize("state", [each for each in State if each not in (State.UNSCANNABLE, State.CLEAN)])
def test_nothing_else_is_released(client, ann, queue, state):
    file = a_file(ann, state, sha256="0" * 64)
    assert release(client, file.public_id).status_code == 409
    queue.run()
    assert Kind.FILE_RELEASED not in kinds()


def test_a_file_whose_check_failed_is_checked_again(client, client_for, ann, queue):
    sent = send(client_for(ann))
    queue.jobs.clear()
    sent.scanned_status, sent.attempts = State.FAILED, 5
    db.session.commit()

    assert client.post(f"/admin/files/{sent.public_id}/retry").status_code == 303
    queue.run()

    assert row(sent.public_id).state is State.CLEAN
    assert client.post(f"/admin/files/{sent.public_id}/retry").status_code == 409
    assert kinds().count(Kind.FILE_RETRIED) == 1


def test_all_whose_check_failed_are_checked_again(client, client_for, ann, boss, queue, monkeypatch):
    monkeypatch.setattr(file_checks, "BATCH", 2)
    sent = [send(client_for(ann)).public_id for _each in range(5)]
    queue.jobs.clear()
    for number, public_id in enumerate(sent):
        row(public_id).scanned_status = State.FAILED if number else State.INFECTED
        db.session.commit()
    assert "Check all again" in client.get("/admin/files?state=FAILED").text

    assert client.post("/admin/files/retry").status_code == 303
    queue.run()

    assert [row(each).state for each in sent] == [State.INFECTED, *[State.CLEAN] * 4]
    events = db.session.scalars(select(Event).where(Event.kind == Kind.FILE_RETRIED).order_by(Event.id)).all()
    assert [(each.actor_id, each.data["file_id"]) for each in events] == [
        (boss.id, each) for each in sent[1:]
    ]
    assert "Check all again" not in client.get("/admin/files?state=FAILED").text


def test_what_fails_again_while_all_are_checked_is_left_alone(
    client, client_for, ann, boss, queue, monkeypatch
):
    monkeypatch.setattr(file_checks, "BATCH", 1)
    first, second = (a_file(ann, State.FAILED, number).public_id for number in range(2))
    wait_again = upkeep.wait_again

    def fail_again(file, *, actor):
        wait_again(file, actor=actor)
        file.scanned_status = State.FAILED

    monkeypatch.setattr(upkeep, "wait_again", fail_again)
    file_checks.retry_failed(boss.id)
    assert {row(each).state for each in (first, second)} == {State.FAILED}
    assert kinds().count(Kind.FILE_RETRIED) == 2


def test_a_file_that_is_checked_again_counts_as_waiting_from_now_on(client, client_for, ann, queue):
    sent = send(client_for(ann))
    sent.scanned_status, sent.attempts = State.FAILED, 5
    sent.uploaded_at = sent.created_at = clock.now() - timedelta(days=3)
    db.session.commit()

    client.post(f"/admin/files/{sent.public_id}/retry")

    assert "waits for more than ten minutes" not in client.get("/admin/files").text
    with clock.travelling_to(clock.now() + timedelta(minutes=11)):
        assert "1 file waits for more than ten minutes" in client.get("/admin/files").text
    assert "3 days ago" in client.get(f"/admin/files/{sent.public_id}").text


def test_what_went_wrong_is_said_in_the_readers_language(client, ann, boss):
    errors = ["ScanBroke: It said nothing for 150 seconds.", "Changed", "MemoryError: "]
    files = [a_file(ann, State.FAILED, n, error=error).public_id for n, error in enumerate(errors)]
    boss.locale = "de"
    db.session.commit()

    pages = [client.get(f"/admin/files/{public_id}").text for public_id in files]

    said = [
        "Der Virenscanner hat kein Urteil",
        "ist nicht das, was geprüft wurde",
        "Die Prüfung ist abgebrochen",
    ]
    assert [words in page for words, page in zip(said, pages, strict=True)] == [True] * 3
    assert "It said nothing for 150 seconds." in pages[0]
    assert "ScanBroke" not in pages[0] + client.get("/admin/files?state=FAILED").text


def test_an_admin_deletes_a_file_and_its_object_goes(client, queue, locked, store):
    key, public_id = locked.object_key, locked.public_id
    answer = client.post(f"/admin/files/{public_id}/removal")
    queue.run()
    assert answer.location.endswith("/admin/files?state=UNSCANNABLE")
    assert row(public_id) is None
    assert not there(store, Area.QUARANTINE, key)
    assert Kind.FILE_DELETED in kinds()
    assert client.get(f"/admin/files/{public_id}").status_code == 404


def test_storage_is_shown_by_project_and_by_size(client, ann, boss, store):
    ticket = make.ticket(ann)
    db.session.commit()
    clean_file(store, ann, b"x" * 2000, ticket=ticket, original_filename="large.txt")
    clean_file(store, ann, b"x" * 1000, ticket=ticket, original_filename="small.txt")
    write_report([])
    db.session.commit()

    text = client.get("/admin/files/storage").text

    assert "3\xa0kB" in text
    assert text.index("large.txt") < text.index("small.txt")
    assert f"/tickets/{ticket.key}" in text
    assert "Store and desk were compared" in text


def test_lost_files_are_an_alarm_on_the_page(client, ann, store):
    gone = clean_file(store, ann, original_filename="gone.txt")
    write_report([gone.id])
    db.session.commit()
    assert "The store has lost 1 file" in client.get("/admin/files").text
    assert "gone.txt" in client.get("/admin/files/storage").text


def test_all_who_count_lost_files_count_the_same_less_those_that_were_deleted(client, ann, store):
    lost = [clean_file(store, ann, original_filename=f"gone-{number:02}.txt") for number in range(53)]
    write_report([each.id for each in lost])
    db.session.commit()
    client.post(f"/admin/files/{lost[0].public_id}/removal")

    files, storage = client.get("/admin/files").text, client.get("/admin/files/storage").text

    assert "The store has lost 52 files" in files
    assert "The store has lost 52 files" in storage
    assert health._files().said == "The store has lost 52 files that the desk has."
    assert [each.words.partition(" ")[0] for each in doctor._files()] == ["52"]
    table = storage.partition("Lost files</caption>")[2].partition("</table>")[0]
    assert ("gone-00.txt" in table, table.count("gone-")) == (False, 50)
    assert "The first 50 of them are listed." in storage
    assert kinds().count(Kind.FILE_LOST) == 53


def test_counting_again_is_a_job(client, queue, ann, store):
    clean_file(store, ann, b"x" * 5000)
    assert client.post("/admin/files/storage").status_code == 303
    queue.run()
    assert "5\xa0kB" in client.get("/admin/files/storage").text


def test_how_the_scanner_is_stands_beside_the_files(client):
    assert "signatures are for tests only" in client.get("/admin/files/scanner").text
