"""What was sent for a draft goes with the request, reply or note that it was sent for."""

import pytest

from portal.attachments.models import Attachment, State
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Shares
from portal.tickets import actions as tickets
from portal.tickets import moving, participants
from portal.tickets.models import Comment, Ticket
from tests import factories as make
from tests.attachments.store import announce, put, row, send


@pytest.fixture
def ann(world):
    return make.employee(name="Ann Sørensen")


@pytest.fixture
def ticket(ann):
    made = make.ticket(ann)
    db.session.commit()
    return made


def reply(client, ticket, body="", **more):
    return client.post(f"/tickets/{ticket.key}/comments", data={"body": body} | more)


def test_a_reply_takes_its_files_along_also_one_that_is_still_checked(client_for, ann, ticket, queue):
    client = client_for(ann)
    sent = send(client, draft=f"{ticket.key}:reply")
    assert reply(client, ticket, "See the log.").status_code == 303

    said = db.session.query(Comment).one()
    attached = row(sent.public_id)
    assert (attached.comment_id, attached.ticket_id, attached.draft) == (said.id, ticket.id, None)
    queue.run()
    assert row(sent.public_id).state is State.CLEAN
    page = client.get(f"/tickets/{ticket.key}").text
    assert page.count(f"/attachments/{sent.public_id}/download") == 1


def test_files_alone_are_a_reply_and_nothing_at_all_is_none(client_for, ann, ticket):
    client = client_for(ann)
    assert reply(client, ticket, "  ").status_code == 422
    send(client, draft=f"{ticket.key}:reply")
    assert reply(client, ticket, "  ").status_code == 303
    assert db.session.query(Comment).one().body == ""
    assert '<div class="prose"></div>' not in client.get(f"/tickets/{ticket.key}").text


def test_what_has_not_arrived_is_no_reply_and_stays_with_the_draft(client_for, ann, ticket):
    client = client_for(ann)
    told = announce(client, draft=f"{ticket.key}:reply").json
    assert reply(client, ticket).status_code == 422
    assert reply(client, ticket, "It comes later.").status_code == 303
    assert row(told["id"]).comment_id is None
    assert "notes.txt" in client.get(f"/tickets/{ticket.key}").text


def test_a_request_takes_its_files_along(client_for, ann, world):
    db.session.commit()
    client = client_for(ann)
    sent = send(client)
    assert sent.public_id in client.get("/tickets/new").text
    form = {"type": "incident", "title": "It burns", "project_id": world.id, "priority": "medium"}
    assert client.post("/tickets/new", data=form | {"title": ""}).status_code == 422
    assert row(sent.public_id).draft == "new"

    assert client.post("/tickets/new", data=form).status_code == 303

    made = db.session.query(Ticket).one()
    assert row(sent.public_id).ticket_id == made.id
    assert sent.public_id in client.get(f"/tickets/{made.key}").text


def test_a_form_that_comes_twice_attaches_once(client_for, ann, ticket):
    client = client_for(ann)
    sent = send(client, draft=f"{ticket.key}:reply")
    for _time in range(2):
        assert reply(client, ticket, "Once.", idempotency_key="k").status_code == 303
    assert db.session.query(Comment).count() == 1
    assert row(sent.public_id).comment_id


def test_the_drafts_of_others_are_not_sent(client_for, ann, ticket):
    petra = make.agent()
    db.session.commit()
    theirs = send(client_for(ann), draft=f"{ticket.key}:reply")
    assert reply(client_for(petra), ticket, "We look.").status_code == 303
    assert row(theirs.public_id).draft == f"{ticket.id}:reply"
    assert theirs.public_id not in client_for(petra).get(f"/tickets/{ticket.key}").text


def test_a_draft_keeps_its_files_when_the_ticket_is_moved(client_for, ann, ticket):
    client = client_for(ann)
    sent = send(client, draft=f"{ticket.key}:reply")
    moving.move(db.session.get(Ticket, ticket.id), make.project(key="HR"), actor=None)
    db.session.commit()
    key = db.session.get(Ticket, ticket.id).key
    assert key.startswith("HR-")
    assert sent.public_id in client.get(f"/tickets/{key}").text
    assert reply(client, db.session.get(Ticket, ticket.id)).status_code == 303
    assert row(sent.public_id).comment_id


def test_a_page_that_stood_open_while_its_ticket_was_moved_sends_its_files(client_for, ann, ticket):
    client, petra, former = client_for(ann), make.agent(), ticket.key
    moving.move(db.session.get(Ticket, ticket.id), make.project(key="HR"), actor=None)
    db.session.commit()

    sent = send(client, draft=f"{former}:reply")
    noted = send(client_for(petra), draft=f"{former}:note")
    data = {"original_filename": "plan.txt", "mime": "text/plain", "size": 5}
    told = client.post(f"/tickets/{former}/attachments/presign", data=data)

    assert (sent.draft, noted.draft) == (f"{ticket.id}:reply", f"{ticket.id}:note")
    assert row(told.json["id"]).ticket_id == ticket.id
    assert client.post(f"/tickets/{former}/comments", data={"body": "See."}).status_code == 303
    assert (row(sent.public_id).ticket_id, bool(row(sent.public_id).comment_id)) == (ticket.id, True)


def test_where_nothing_may_be_sent_the_script_is_told_so_in_words(client_for, ann, ticket):
    follower = make.agent()
    project = db.session.get(Ticket, ticket.id).project
    project.members_only = True
    tickets.take_part(db.session.get(Ticket, ticket.id), follower, "watcher")
    db.session.commit()
    client = client_for(follower)

    note = announce(client, draft=f"{ticket.key}:note")
    nowhere = announce(client, draft="IT-9999:reply")
    data = {"original_filename": "plan.txt", "mime": "text/plain", "size": 5}
    beside = client.post("/tickets/IT-9999/attachments/presign", data=data)

    assert (note.status_code, "do not work in its project" in note.json["message"]) == (403, True)
    assert (nowhere.status_code, "does not exist" in nowhere.json["message"]) == (404, True)
    assert (beside.status_code, "does not exist" in beside.json["message"]) == (404, True)


def test_a_file_for_the_ticket_itself_is_told_once_it_is_there(client_for, ann, ticket):
    client = client_for(ann)
    data = {"original_filename": "plan.txt", "mime": "text/plain", "size": 5}
    told = client.post(f"/tickets/{ticket.key}/attachments/presign", data=data).json
    assert "plan.txt" not in client.get(f"/tickets/{ticket.key}").text
    put(told, b"12345")
    client.post(told["complete_url"])
    client.post(told["complete_url"])
    assert db.session.query(Event).filter_by(kind="file.attached").count() == 1
    assert "attached plan.txt" in client.get(f"/tickets/{ticket.key}").text


def test_who_only_reads_by_now_completes_nothing_there(client_for, ann):
    house = make.organization(shares=Shares.ALL)
    for person in (ann, ben := make.employee()):
        make.member(house, person=person)
    ticket = make.ticket(ann)
    ticket.organization = house
    participants.add_participant(ticket, ben, actor=ann)
    db.session.commit()
    client, key = client_for(ben), ticket.key
    data = {"original_filename": "plan.txt", "mime": "text/plain", "size": 5}
    told = client.post(f"/tickets/{key}/attachments/presign", data=data).json
    put(told, b"12345")
    participants.remove_participant(ticket, ben.id, actor=ann)
    db.session.commit()
    assert client.get(f"/tickets/{key}").status_code == 200

    assert client.post(told["complete_url"]).status_code == 403

    assert row(told["id"]).state is State.PENDING
    assert "plan.txt" not in client_for(ann).get(f"/tickets/{key}").text


def test_whoever_sent_a_file_takes_it_away_again_which_is_told(client_for, ann, ticket):
    client = client_for(ann)
    public_id = send(client, draft=f"{ticket.key}:reply").public_id
    reply(client, ticket, "See.")
    assert client.post(f"/attachments/{public_id}/removal").status_code == 303
    assert db.session.query(Attachment).count() == 0
    page = client.get(f"/tickets/{ticket.key}").text
    assert "removed notes.txt" in page
    assert public_id not in page


def test_another_who_takes_part_takes_no_file_away(client_for, ann, ticket):
    other = make.employee()
    tickets.take_part(db.session.get(Ticket, ticket.id), other, "participant")
    db.session.commit()
    sent = send(client_for(ann), draft=f"{ticket.key}:reply")
    reply(client_for(ann), ticket, "See.")
    assert client_for(other).post(f"/attachments/{sent.public_id}/removal").status_code == 403
    assert row(sent.public_id)


@pytest.mark.parametrize("role", ["requester", "agent"])
def test_a_ticket_page_needs_the_same_statements_with_1_and_with_20_files(
    client_for, ann, ticket, statements, role
):
    petra = make.agent()
    db.session.commit()
    client = client_for(ann if role == "requester" else petra)
    client.get(f"/tickets/{ticket.key}")
    counts = []
    for number in (1, 19):
        held = db.session.get(Ticket, ticket.id)
        said = make.reply(held)
        for _each in range(number):
            make.file(held, comment=said)
        make.file(None, ann, draft=f"{ticket.id}:reply")
        db.session.commit()
        statements.clear()
        assert client.get(f"/tickets/{ticket.key}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 13, statements
