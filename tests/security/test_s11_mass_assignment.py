"""A form sets what it shows, whatever else is sent with it."""

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.tickets.drafts import MOST
from portal.tickets.models import Comment, Ticket, TicketPerson
from portal.tickets.unsent import Draft
from tests import factories as make

MORE = {
    "id": "1", "role": "admin", "is_active": "", "is_staff": "1", "email": "evil@example.org", "user_id": "1",
    "requester_id": "1", "requester": "1", "assignee_id": "1", "team_id": "1", "status": "4",
    "state": "closed",
    "status_category": "done", "version": "99", "key": "IT-999", "number": "999", "is_confidential": "y",
    "is_internal": "y", "author_id": "1", "created_at": "2000-01-01", "password_hash": "x", "actor": "1",
    "email_verified_at": "2000-01-01", "description_html": "<script>", "body_html": "<script>",
    "made": "IT-1", "two_step_since": "2000-01-01", "deputy_id": "1", "absent_from": "2000-01-01",
    "is_break_glass": "y",
}  # fmt: skip


def columns_of(row):
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def test_a_ticket_is_its_senders_and_new(world, client_for):
    ann = make.employee()
    db.session.commit()
    form = {
        "type": "incident",
        "title": "Broken",
        "priority": "low",
        "project_id": world.id,
        "description": "x",
    }

    client_for(ann).post("/tickets/new", data=MORE | form)

    ticket = db.session.scalars(select(Ticket)).one()
    assert (ticket.requester_id, ticket.assignee_id, ticket.team_id, ticket.number) == (ann.id, None, None, 1)
    assert (ticket.status_category, ticket.version, ticket.is_confidential) == ("new", 1, False)
    assert "<script>" not in ticket.description_html


def test_a_reply_is_public_and_its_writers_and_changes_no_field(world, client_for):
    ann = make.employee()
    ticket = make.ticket(ann)
    db.session.commit()
    before = columns_of(ticket)

    client_for(ann).post(f"/tickets/{ticket.key}/comments", data=MORE | {"body": "Hello", "then": "close"})

    written = db.session.scalars(select(Comment)).one()
    assert (written.author_id, written.is_internal, written.body_html) == (ann.id, False, "<p>Hello</p>\n")
    db.session.refresh(ticket)
    changed = {name for name, value in columns_of(ticket).items() if value != before[name]}
    assert changed <= {"reply_count", "updated_at"}


@pytest.mark.parametrize("path", ["/account", "/account/appearance", "/language"])
def test_nobody_becomes_more_than_they_are(app, client_for, path):
    ann = make.employee()
    db.session.commit()
    before = columns_of(ann)
    form = {"name": ann.name, "locale": "en", "timezone": "", "theme": "dark", "density": "compact"}

    client_for(ann).post(path, data=MORE | form)

    after = columns_of(db.session.get_one(User, ann.id))
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed <= {"locale", "theme", "density", "timezone", "shortcuts_enabled"}


def test_an_agents_fields_are_those_of_the_form(world, client_for):
    petra = make.agent()
    ticket = make.ticket(make.employee())
    db.session.commit()
    before = columns_of(ticket)
    form = {"version": ticket.version, "title": "New", "description": "", "type": ticket.type.value,
            "priority": ticket.priority.value, "category_id": ""}  # fmt: skip

    client_for(petra).post(f"/tickets/{ticket.key}/fields", data=MORE | form)

    db.session.refresh(ticket)
    changed = {name for name, value in columns_of(ticket).items() if value != before[name]}
    assert changed <= {"title", "version", "updated_at", "search"}


@pytest.mark.parametrize(
    ("place", "form", "may_change"),
    [
        ("participants", {"person": "zoe@example.org"}, {"updated_at"}),
        ("confidentiality", {}, {"updated_at", "is_confidential", "version"}),
        ("project", {"project_id": "HR"}, {"updated_at", "project_id", "number", "key", "search", "version"}),
    ],
)
def test_the_people_and_the_place_of_a_ticket_are_changed_one_by_one(
    world, client_for, place, form, may_change
):
    petra, hr = make.agent(), make.project("HR")
    ticket, zoe = make.ticket(), make.employee(email="zoe@example.org")
    db.session.commit()
    before = columns_of(ticket)
    sent = MORE | form | ({"project_id": hr.id} if "project_id" in form else {})

    answer = client_for(petra).post(f"/tickets/{ticket.key}/{place}", data=sent)

    assert answer.status_code == 303
    after = columns_of(db.session.get_one(Ticket, ticket.id))
    assert {name for name, value in after.items() if value != before[name]} <= may_change
    assert zoe.role == "employee"
    parts = set(db.session.scalars(select(TicketPerson.part).where(TicketPerson.user_id == zoe.id)))
    assert parts == ({"participant"} if place == "participants" else set())


# Keys that make a form count once.

FORM = {"type": "incident", "title": "One", "priority": "low"}


@pytest.fixture
def ann(world):
    return make.employee()


def bodies():
    return sorted(db.session.scalars(select(Comment.body)))


def test_a_key_used_on_one_ticket_swallows_no_reply_on_another(ann, client_for):
    one, other = make.ticket(ann), make.ticket(ann)
    db.session.commit()
    client = client_for(ann)

    for ticket in (one, other, other):
        client.post(f"/tickets/{ticket.key}/comments", data={"body": "Same words", "idempotency_key": "k"})

    assert bodies() == ["Same words", "Same words"]


def test_a_page_one_went_back_to_and_wrote_on_is_not_swallowed(ann, client_for):
    ticket = make.ticket(ann)
    db.session.commit()
    client = client_for(ann)

    for body in ("First", "Second", "Second"):
        client.post(f"/tickets/{ticket.key}/comments", data={"body": body, "idempotency_key": "k"})

    assert bodies() == ["First", "Second"]


def test_a_key_of_a_note_swallows_no_reply(world, client_for):
    petra, ticket = make.agent(), make.ticket()
    db.session.commit()
    client = client_for(petra)

    for place in ("notes", "comments"):
        client.post(f"/tickets/{ticket.key}/{place}", data={"body": "Same words", "idempotency_key": "k"})

    assert bodies() == ["Same words", "Same words"]


def test_a_key_of_a_reply_swallows_no_ticket(ann, world, client_for):
    ticket = make.ticket(ann)
    db.session.commit()
    client = client_for(ann)
    client.post(f"/tickets/{ticket.key}/comments", data={"body": "x", "idempotency_key": "k"})

    first, again, other = (
        client.post(
            "/tickets/new", data=FORM | {"title": title, "project_id": world.id, "idempotency_key": "k"}
        )
        for title in ("One", "One", "Two")
    )

    titles = sorted(db.session.scalars(select(Ticket.title)))
    assert titles == ["One", "Printer on fire", "Two"]
    assert first.location == again.location != other.location
    assert client.get(first.location).status_code == 200


# Drafts.


@pytest.mark.parametrize(
    "scope",
    ["junk", "IT-1", "IT-1:", "it-1:reply", "IT-1:reply\n", "IT-1:secret", "ticket:new2", "ticket:new\n"],
)
def test_a_draft_belongs_to_a_form_that_there_is(client_for, scope):
    ann = make.employee()
    db.session.commit()

    answer = client_for(ann).post("/tickets/drafts", data={"scope": scope, "content": '{"body": "x"}'})

    assert answer.status_code == 422
    assert db.session.scalar(select(Draft)) is None


def test_drafts_do_not_fill_the_disk(client_for):
    ann = make.employee()
    db.session.commit()
    client = client_for(ann)

    for number in range(1, MOST + 4):
        form = {"scope": f"IT-{number}:reply", "content": '{"body": "x"}'}
        assert client.post("/tickets/drafts", data=form).status_code == 200

    kept = set(db.session.scalars(select(Draft.scope)))
    assert kept == {f"IT-{number}:reply" for number in range(4, MOST + 4)}
