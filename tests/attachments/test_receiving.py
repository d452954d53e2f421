"""Files that come with a plain form, for those without a script."""

import time
from io import BytesIO
from threading import Barrier, Thread

import pytest
from sqlalchemy import func

from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways.storage import Area, Storage, StorageAway
from portal.tickets.models import Comment, Ticket
from tests import factories as make
from tests.attachments.store import browser_of, fetch

MB = 2**20


@pytest.fixture
def ann(world):
    return make.employee()


@pytest.fixture
def ticket(ann):
    made = make.ticket(ann)
    db.session.commit()
    return made


def form(*files, **fields):
    """`files` are pairs of name and content."""
    sent = [(BytesIO(content), name, "text/plain") for name, content in files]
    return {"data": fields | {"files": sent}, "content_type": "multipart/form-data"}


def test_files_of_a_plain_reply_are_checked_and_served(client_for, ann, ticket, queue):
    client, content = client_for(ann), b"0123456789abcdef" * (3 * MB // 16)
    sent = form(("one.txt", content), ("two.txt", b"two"), body="")
    assert client.post(f"/tickets/{ticket.key}/comments", **sent).status_code == 303
    queue.run()
    one, two = db.session.query(Attachment).order_by(Attachment.id)
    assert (one.state, two.state) == (State.CLEAN, State.CLEAN)
    assert one.comment_id == two.comment_id == db.session.query(Comment).one().id
    assert fetch(client, one.public_id).data == content


def test_what_is_refused_is_said_and_everything_else_is_kept(client_for, ann, ticket):
    client = client_for(ann)
    sent = form(("fine.txt", b"fine"), ("run.exe", b"MZ"), body="As typed.")
    answer = client.post(f"/tickets/{ticket.key}/comments", **sent)
    assert answer.status_code == 422
    assert "run.exe: Files of this kind are not taken" in answer.text
    assert "As typed." in answer.text
    kept = db.session.query(Attachment).one()
    assert (kept.original_filename, kept.draft) == ("fine.txt", f"{ticket.id}:reply")
    assert kept.public_id in answer.text

    answer = client.post(f"/tickets/{ticket.key}/comments", data={"body": "As typed."})
    assert answer.status_code == 303
    assert db.session.query(Attachment).one().comment_id


def test_a_request_that_is_not_whole_keeps_its_file(client_for, ann, world):
    db.session.commit()
    client = client_for(ann)
    fields = {"type": "incident", "title": "", "project_id": world.id, "priority": "medium"}
    answer = client.post("/tickets/new", **form(("log.txt", b"log"), **fields))
    assert (answer.status_code, "log.txt" in answer.text) == (422, True)
    answer = client.post("/tickets/new", data=fields | {"title": "It burns"})
    assert answer.status_code == 303
    assert db.session.query(Attachment).one().ticket_id == db.session.query(Ticket).one().id


def test_files_of_a_plain_note_are_for_the_desk(client_for, ann, ticket):
    petra = make.agent()
    db.session.commit()
    sent = form(("secret.txt", b"secret"), body="For us.")
    assert client_for(petra).post(f"/tickets/{ticket.key}/notes", **sent).status_code == 303
    assert db.session.query(Attachment).one().is_internal
    assert "secret.txt" not in client_for(ann).get(f"/tickets/{ticket.key}").text


def places(ticket, project):
    """Where forms with files go, and what they say, by what they are."""
    words = {"type": "incident", "title": "It burns", "project_id": project.id, "priority": "medium"}
    return {
        "reply": (f"/tickets/{ticket.key}/comments", {"body": "Once."}),
        "files": (f"/tickets/{ticket.key}/comments", {"body": ""}),
        "note": (f"/tickets/{ticket.key}/notes", {"body": "Once."}),
        "request": ("/tickets/new", words),
    }


@pytest.mark.parametrize("kind", ["reply", "files", "note", "request"])
def test_a_form_that_comes_twice_leaves_its_files_once(client_for, world, ticket, queue, store, kind):
    path, words = places(ticket, world)[kind]
    petra = make.agent()
    db.session.commit()
    client = client_for(petra)
    before = {each.key for each in store.objects(Area.QUARANTINE)}
    for _time in range(2):
        sent = form(("log.txt", b"log"), idempotency_key="k", **words)
        assert client.post(path, **sent).status_code == 303
    kept = db.session.query(Attachment).one()
    assert (kept.draft, kept.state) == (None, State.UPLOADED)
    assert {each.key for each in store.objects(Area.QUARANTINE)} - before == {kept.object_key}


def test_the_same_words_with_another_file_are_another_form(client_for, ann, ticket):
    client = client_for(ann)
    for content in (b"log", b"LOG"):
        sent = form(("log.txt", content), idempotency_key="k", body="See.")
        assert client.post(f"/tickets/{ticket.key}/comments", **sent).status_code == 303
    said = {each.id for each in db.session.query(Comment)}
    assert {each.comment_id for each in db.session.query(Attachment)} == said
    assert len(said) == 2


def test_a_name_as_long_as_a_book_keeps_nobody_waiting_and_is_not_said_again(client_for, ann, ticket):
    client, endless = client_for(ann), "ü" * 400_000
    sent = form((f"{endless}.txt", b"fine"), (f"{endless}.exe", b"MZ"), body="As typed.")
    began = time.process_time()

    answer = client.post(f"/tickets/{ticket.key}/comments", **sent)

    assert (answer.status_code, time.process_time() - began < 5) == (422, True)
    assert len(answer.text) < 100_000
    assert db.session.query(Attachment).one().original_filename == "ü" * 125 + ".txt"


def test_a_store_that_is_away_loses_no_words(client_for, ann, ticket, monkeypatch):
    def away(*args, **kwargs):
        raise StorageAway("away")

    monkeypatch.setattr(Storage, "send", away)
    answer = client_for(ann).post(f"/tickets/{ticket.key}/comments", **form(("a.txt", b"a"), body="Words."))
    assert answer.status_code == 422
    assert "a.txt: The store for files does not answer." in answer.text
    assert "Words." in answer.text
    assert db.session.query(Attachment).one().state is State.EXPIRED


def test_there_is_room_for_files_only_where_they_are_taken_and_only_with_a_login(client_for, ann, ticket):
    large = ("large.txt", b"0123456789abcdef" * (3 * MB // 16))
    client, path = client_for(ann), f"/tickets/{ticket.key}"
    assert client.post(f"{path}/solution", **form(large)).status_code == 413
    assert client.post(f"{path}/comments", data={"body": "x" * (3 * MB)}).status_code == 413
    stranger = client_for(None)
    stranger.sends_token = False
    assert stranger.post(f"{path}/comments", **form(large)).status_code in {400, 413}
    assert db.session.query(Attachment).count() == 0


@pytest.mark.parametrize("who", ["stranger", "reader"])
def test_who_may_not_reply_leaves_no_file(client_for, ticket, who):
    person = make.employee() if who == "stranger" else make.agent(team=make.team())
    db.session.commit()
    if who == "reader":
        ticket.team = make.team()
        db.session.commit()
    answer = client_for(person).post(f"/tickets/{ticket.key}/comments", **form(("a.txt", b"a"), body="x"))
    assert answer.status_code == 404
    assert db.session.query(Attachment).count() == 0


@pytest.mark.parametrize("kind", ["reply", "files", "request"])
def test_two_copies_at_the_same_moment_leave_their_files_once(shared_app, monkeypatch, kind):
    """Both have put their file before either says what it is about."""
    project, ann = make.desk(), make.employee()
    path, words = places(make.ticket(ann), project)[kind]
    db.session.commit()
    both, put, answers = Barrier(2, timeout=30), Storage.send, []

    def put_together(*args, **kwargs):
        put(*args, **kwargs)
        both.wait()

    def send(client):
        sent = form(("log.txt", b"log"), idempotency_key="k", **words)
        with shared_app.app_context():
            answers.append(client.post(path, **sent).status_code)

    monkeypatch.setattr(Storage, "send", put_together)
    threads = [Thread(target=send, args=[browser_of(shared_app, ann)]) for _copy in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert answers == [303, 303]
    kept = db.session.query(Attachment).one()
    assert (kept.draft, kept.ticket_id) == (None, db.session.query(func.max(Ticket.id)).scalar())
    assert "removed log.txt" not in browser_of(shared_app, ann).get(f"/tickets/{kept.ticket.key}").text
