"""What was said on one ticket, made a ticket of its own."""

import re

import pytest
from sqlalchemy import select

from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways.storage import NoSuchObject, Storage, StorageAway
from portal.tickets.models import Comment, Part, Ticket, TicketPerson
from portal.tickets.relations import Relation, TicketLink
from tests import factories as make


@pytest.fixture
def said(world):
    """IT-1 of Ann's, on which she says what is a matter of its own; Petra reads it."""
    ann, petra = make.employee(name="Ann", email="ann@example.org"), make.agent(name="Petra")
    ticket = make.ticket(ann, title="No VPN")
    comment = make.reply(ticket, ann, body="Besides, the **printer** is on fire.\nSince noon.")
    db.session.commit()
    return ticket, comment, ann, petra


def form(world, **more):
    return {
        "type": "incident",
        "title": "Printer is on fire",
        "description": "> Besides …",
        "project_id": world.id,
        "priority": "medium",
        "person": "ann@example.org",
        "relation": "relates_to",
    } | more


def path(comment):
    return f"/tickets/IT-1/comments/{comment.public_id}/ticket"


def made():
    return db.session.scalar(select(Ticket).where(Ticket.key == "IT-2"))


def test_the_form_begins_with_what_was_said_and_by_whom(said, client_for):
    _ticket, comment, _ann, petra = said
    client = client_for(petra)
    assert f'href="{path(comment)}"' in client.get("/tickets/IT-1").text
    page = client.get(path(comment)).text
    assert 'value="ann@example.org"' in page
    assert "&gt; Besides, the **printer** is on fire.\n&gt; Since noon." in page
    assert 'value="Besides, the **printer** is on fire. Since noon."' in page


@pytest.mark.parametrize(("relation", "here"), [("relates_to", "relates_to"), ("caused_by", "causes")])
def test_it_is_made_linked_and_told_in_both_histories(said, world, client_for, relation, here):
    _ticket, comment, ann, petra = said
    client = client_for(petra)

    answer = client.post(path(comment), data=form(world, relation=relation))

    assert (answer.status_code, answer.location) == (303, "/tickets/IT-2")
    new = made()
    assert (new.requester_id, new.title, new.description) == (ann.id, "Printer is on fire", "> Besides …")
    assert db.session.get(TicketPerson, (petra.id, new.id, Part.PARTICIPANT))
    assert db.session.scalars(select(TicketLink.kind)).all() == [Relation(here).kind]
    assert "<b>Petra</b> made the new ticket <b>IT-2</b> of a comment" in client.get("/tickets/IT-1").text
    assert "<b>Petra</b> made this of a comment on <b>IT-1</b>" in client.get("/tickets/IT-2").text
    assert "IT-1" not in client_for(ann).get("/tickets/IT-2").text


@pytest.fixture
def burning(said):
    """What she says comes with a picture of it, with one that is being looked at still, and an evil one."""
    ticket, comment, ann, petra = said
    file = make.file(ticket, comment=comment, name="fire.png")
    for name, state in {"later.txt": State.SCANNING, "evil.txt": State.INFECTED}.items():
        of_state = {"scanned_status": state, "clean_key": None, "sha256": None}
        make.file(ticket, comment=comment, name=name, **of_state)
    db.session.commit()
    return file, comment, ann, petra


def copies():
    found = select(Attachment).where(Attachment.comment_id.is_(None)).order_by(Attachment.id)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def test_its_files_go_along_and_stay_and_are_looked_at_again(burning, world, client_for, queue):
    file, comment, ann, petra = burning
    client = client_for(petra)
    page = client.get(path(comment)).text
    assert re.search(r'<input[^>]*checked[^>]*name="with_files"', page)
    assert [name in page.partition('id="split"')[2] for name in ("fire.png", "later.txt", "evil.txt")] == [
        True,
        False,
        False,
    ]

    client.post(path(comment), data=form(world, with_files="y"))

    copy = copies()[0]
    kept = (copy.ticket_id, copy.uploader_id, copy.original_filename, copy.mime, copy.size, copy.draft)
    assert kept == (made().id, petra.id, "fire.png", "image/png", file.size, None)
    assert copy.state is State.UPLOADED
    assert client_for(ann).get(f"/attachments/{copy.public_id}").status_code != 302
    queue.run()
    copy = copies()[0]
    assert (copy.state, copy.sha256, bool(copy.thumbnail_key)) == (State.CLEAN, file.sha256, True)
    assert not {copy.clean_key, copy.thumbnail_key, copy.object_key} & {
        file.clean_key,
        file.thumbnail_key,
        file.object_key,
    }
    db.session.refresh(file)
    assert (file.ticket_id, file.comment_id) == (comment.ticket_id, comment.id)
    assert "fire.png" in client_for(ann).get("/tickets/IT-2").text
    assert len(copies()) == 1


def test_files_go_along_only_where_somebody_wants_it(burning, world, client_for):
    _file, comment, _ann, petra = burning
    client_for(petra).post(path(comment), data=form(world))
    assert made()
    assert copies() == []


def test_what_comes_without_files_offers_none(said, client_for):
    _ticket, comment, _ann, petra = said
    assert "with_files" not in client_for(petra).get(path(comment)).text


@pytest.mark.parametrize("problem", [StorageAway("away"), NoSuchObject("NoSuchKey")])
def test_a_file_that_cannot_be_copied_is_told_and_keeps_no_ticket_from_being_made(
    burning, world, client_for, monkeypatch, problem
):
    _file, comment, _ann, petra = burning

    def fail(*args):
        raise problem

    monkeypatch.setattr(Storage, "copy_to_quarantine", fail)
    client = client_for(petra)
    page = client.post(path(comment), data=form(world, with_files="y"), follow_redirects=True).text
    assert "Not copied: fire.png" in page
    assert made()
    assert [each.state for each in copies()] == [State.EXPIRED]
    assert copies()[0].ticket_id is None


def test_sent_twice_it_is_one_ticket_with_one_copy(burning, world, client_for):
    _file, comment, _ann, petra = burning
    client = client_for(petra)
    key = re.search(r'name="idempotency_key"[^>]*value="([^"]+)"', client.get(path(comment)).text)[1]
    sent = form(world, with_files="y", idempotency_key=key)
    answers = [client.post(path(comment), data=sent).location for _ in range(2)]
    assert answers == ["/tickets/IT-2", "/tickets/IT-2"]
    assert db.session.query(Ticket).count() == 2
    assert [each.ticket_id for each in copies()] == [made().id]


def test_a_form_that_is_wrong_copies_nothing(burning, world, client_for):
    _file, comment, _ann, petra = burning
    answer = client_for(petra).post(path(comment), data=form(world, with_files="y", title=""))
    assert (answer.status_code, copies()) == (422, [])
    assert re.search(r'<input[^>]*checked[^>]*name="with_files"', answer.text)


def test_a_note_becomes_no_ticket(said, world, client_for):
    ticket, _comment, _ann, petra = said
    note = make.note(ticket, petra, body="Do not tell Ann")
    db.session.commit()
    client = client_for(petra)
    assert path(note) not in client.get("/tickets/IT-1").text
    for answer in (client.get(path(note)), client.post(path(note), data=form(world))):
        assert answer.status_code == 409
        assert "An internal note does not become a ticket" in answer.text
    assert made() is None


def test_what_is_confidential_stays_so(said, world, client_for):
    ticket, comment, _ann, _petra = said
    ticket.is_confidential = True
    db.session.commit()
    boss = client_for(make.admin())
    box = re.search(r'<input[^>]*name="confidential"[^>]*>', boss.get(path(comment)).text)[0]
    assert "checked" in box
    answer = boss.post(path(comment), data=form(world))
    assert answer.status_code == 422
    assert "IT-1 is confidential: so is what is made of it." in answer.text
    assert boss.post(path(comment), data=form(world, confidential="y")).status_code == 303
    assert made().is_confidential


def test_what_the_desk_said_is_offered_in_the_name_of_who_asked(said, client_for):
    ticket, _comment, _ann, petra = said
    answer = make.reply(ticket, petra, body="I shall see to your chair, too.")
    colleague = make.employee(email="ben@example.org")
    make.actions.take_part(ticket, colleague, Part.PARTICIPANT)
    theirs = make.reply(ticket, colleague, body="And to mine.")
    db.session.commit()
    assert 'value="ann@example.org"' in client_for(petra).get(path(answer)).text
    assert 'value="ben@example.org"' in client_for(petra).get(path(theirs)).text


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"person": ""}, {"person": "nobody@x"}, {"project_id": 999}, {"relation": "x"}]
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(said, world, client_for, wrong):
    _ticket, comment, _ann, petra = said
    answer = client_for(petra).post(path(comment), data=form(world, description="Keep me") | wrong)
    assert answer.status_code == 422
    assert "Keep me" in answer.text
    assert made() is None


def test_a_comment_of_another_ticket_is_none_of_this(said, client_for):
    _ticket, _comment, _ann, petra = said
    elsewhere = make.reply(make.ticket(title="Another"))
    db.session.commit()
    assert client_for(petra).get(path(elsewhere)).status_code == 404
    assert client_for(petra).get("/tickets/IT-1/comments/nothing/ticket").status_code == 404


def test_it_is_the_desks_to_do(said, world, client_for):
    ticket, comment, ann, _petra = said
    ticket.team = make.team()
    db.session.commit()
    for person, status in ((ann, 403), (make.agent(team=make.team()), 404)):
        assert client_for(person).get(path(comment)).status_code == status
        assert client_for(person).post(path(comment), data=form(world)).status_code == status
    assert path(comment) not in client_for(ann).get("/tickets/IT-1").text
    assert db.session.scalar(select(Comment.id).where(Comment.id == comment.id))
