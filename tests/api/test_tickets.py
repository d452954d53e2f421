"""A program sees and does what its owner sees and does on the pages, no more and no less."""

import json

import pytest
from sqlalchemy import func, select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Shares
from portal.permissions import Role, Scope
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from portal.tickets import moving
from portal.tickets.models import Comment, Part, Ticket, TicketPerson
from portal.tickets.policy import visible_to
from tests import factories as make


@pytest.fixture
def ann(world):
    return make.employee(name="Ann Sørensen")


@pytest.fixture
def petra(world):
    return make.agent(name="Petra Lindqvist", email="petra@example.org")


def keys(answer):
    assert answer.status_code == 200, answer.text
    return [ticket["key"] for ticket in answer.json["tickets"]]


# Lists.


@pytest.mark.parametrize("role", Role)
def test_the_list_holds_what_its_owner_may_see_and_nothing_else(program_of, world, role):
    team, house = make.team(), make.organization(shares=Shares.ALL)
    person = getattr(make, role)(organization=house, team=team if role is not Role.EMPLOYEE else None)
    colleague = make.member(house)
    make.ticket(person), make.ticket(person, is_confidential=True)
    make.ticket(), make.ticket(team=make.team()), make.ticket(team=team)
    make.ticket(is_confidential=True), make.ticket(is_confidential=True, team=make.team())
    (
        make.ticket(colleague, organization=house),
        make.ticket(colleague, organization=house, is_confidential=True),
    )
    program = program_of(person)
    visible = set(db.session.scalars(select(Ticket.key).where(visible_to(person))))

    assert set(keys(program.get("/tickets"))) == visible
    assert visible
    for key in db.session.scalars(select(Ticket.key)).all():
        assert program.get(f"/tickets/{key}").status_code == (200 if key in visible else 404)


def test_a_row_says_what_a_program_needs(program_of, petra, ann):
    make.ticket(ann, title="Printer on fire", assignee=petra, status="in_progress")

    [row] = program_of(petra).get("/tickets").json["tickets"]

    assert row["key"] == "IT-1"
    assert row["status"] == {"name": "in_progress", "category": "active"}
    assert (row["requester"], row["assignee"], row["project"]) == ("Ann Sørensen", "Petra Lindqvist", "IT")
    assert row["url"] == "http://localhost/tickets/IT-1"
    assert row["created_at"].endswith("+00:00")


def test_pages_follow_each_other_without_a_gap(program_of, ann):
    others = make.employee()
    for number in range(60):
        ticket = make.ticket(others if number % 3 else ann, title=f"Number {number}")
        if number % 3:
            db.session.add(TicketPerson(ticket_id=ticket.id, user_id=ann.id, part=Part.PARTICIPANT))
    db.session.commit()
    program = program_of(ann)
    found, cursor, sizes = [], None, []
    while True:
        answer = program.get("/tickets", query_string={"cursor": cursor} if cursor else {})
        sizes.append(len(answer.json["tickets"]))
        found += keys(answer)
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break

    assert sizes == [25, 25, 10]
    assert len(set(found)) == 60


@pytest.mark.parametrize("cursor", ["x", "", "WzEsMl0", "WzEsMSxmYWxzZV0", "💥"])
def test_a_cursor_that_leads_nowhere_is_told(program_of, ann, cursor):
    answer = program_of(ann).get("/tickets", query_string={"cursor": cursor})

    assert (answer.status_code, answer.json["error_code"]) == (422, "E_CURSOR")


def test_the_filter_is_that_of_the_queue(program_of, petra, ann):
    mine = make.ticket(ann, title="Printer", assignee=petra)
    closed = make.ticket(ann, title="Mouse", status="closed")
    program = program_of(petra)

    def found(text):
        return set(keys(program.get("/tickets", query_string={"filter": text})))

    assert found("is:mine") == {mine.key}
    assert found("is:closed") == {closed.key}
    assert found("assignee:petra@example.org is:open") == {mine.key}
    assert found("mouse") == {closed.key}
    assert found("") == {mine.key, closed.key}


def test_a_filter_that_cannot_be_understood_is_told_with_what_was_perhaps_meant(program_of, petra):
    answer = program_of(petra).get("/tickets", query_string={"filter": "statsu:open"})

    assert (answer.status_code, answer.json["error_code"]) == (422, "E_FILTER")
    assert answer.json["details"]["corrected"] == "status:open"


@pytest.mark.parametrize(
    "text", ["assignee:petra@example.org", "requester:petra@example.org", "team:Network", "category:none"]
)
def test_people_who_ask_learn_of_nobody_by_a_filter(program_of, ann, petra, text):
    make.team(name="Network")
    answers = [
        program_of(ann).get("/tickets", query_string={"filter": asked}) for asked in (text, text + "-unknown")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "Network" not in answers[0].json["message"].replace(text, "")
    assert "petra" not in answers[1].json["details"]["filter"][0].replace(text, "")


def test_people_who_ask_filter_theirs_by_state_and_words(program_of, ann):
    mine = make.ticket(ann, title="Printer")
    make.ticket(ann, title="Mouse", status="closed")

    answer = program_of(ann).get("/tickets", query_string={"filter": "is:open status:open printer"})

    assert keys(answer) == [mine.key]


def test_what_is_mistyped_in_the_address_is_told(program_of, ann):
    answer = program_of(ann).get("/tickets?filer=is:open")

    assert (answer.status_code, answer.json["error_code"]) == (422, "E_UNKNOWN_FIELD")
    assert "filer" in answer.json["details"]


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.AGENT])
def test_a_list_takes_as_many_statements_for_many_as_for_few(program_of, world, role, statements):
    person = getattr(make, role)()
    make.ticket(person)
    program = program_of(person)
    program.get("/tickets")
    statements.clear()
    program.get("/tickets")
    few = len(statements)
    for _number in range(20):
        make.ticket(person)
    db.session.commit()
    statements.clear()

    program.get("/tickets")

    assert len(statements) == few <= 4


# One ticket.


def test_a_ticket_comes_whole_with_the_comments_its_reader_may_read(program_of, petra, ann):
    ticket = make.ticket(ann, description="It **burns**.")
    make.reply(ticket, ann, "Still burning.")
    make.note(ticket, petra, "Typical.")

    for_ann, for_petra = (program_of(who).get(f"/tickets/{ticket.key}") for who in (ann, petra))

    assert for_ann.json["description"] == "It **burns**."
    assert [comment["body"] for comment in for_ann.json["comments"]] == ["Still burning."]
    assert "Typical" not in for_ann.text
    assert [comment["is_internal"] for comment in for_petra.json["comments"]] == [False, True]
    assert for_ann.json["comments"][0]["author"] == "Ann Sørensen"


def test_small_letters_are_forgiven_and_an_old_key_leads_on(program_of, petra, ann):
    ticket, other = make.ticket(ann), make.project("HR")
    old = ticket.key
    moving.move(ticket, other, actor=petra)
    program = program_of(petra)

    answer = program.get(f"/tickets/{old}")

    assert (answer.status_code, answer.location) == (301, f"/api/v1/tickets/{ticket.key}")
    assert program.get(f"/tickets/{ticket.key.lower()}").json["key"] == ticket.key
    assert program_of(make.employee()).get(f"/tickets/{old}").status_code == 404


def test_what_may_not_be_seen_is_answered_as_what_is_not_there(program_of, ann):
    hidden = make.ticket()
    program = program_of(ann)

    answers = [program.get(f"/tickets/{key}") for key in (hidden.key, "IT-999")]

    assert [answer.json["error_code"] for answer in answers] == ["E_TICKET_NOT_FOUND"] * 2
    assert answers[0].text.replace(hidden.key, "") == answers[1].text.replace("IT-999", "")


def test_many_comments_come_a_hundred_at_a_time(program_of, ann):
    ticket = make.ticket(ann)
    for number in range(130):
        make.reply(ticket, ann, f"Number {number}")
    program = program_of(ann)

    last = program.get(f"/tickets/{ticket.key}").json
    first = last["comments"][0]["id"]
    earlier = program.get(f"/tickets/{ticket.key}", query_string={"comments_before": first}).json

    assert [comment["body"] for comment in last["comments"]] == [
        f"Number {number}" for number in range(30, 130)
    ]
    assert [comment["body"] for comment in earlier["comments"]] == [
        f"Number {number}" for number in range(30)
    ]
    assert (last["has_earlier_comments"], earlier["has_earlier_comments"]) == (True, False)


def test_a_comment_that_may_not_be_read_is_no_place_to_go_on_from(program_of, ann):
    ticket = make.ticket(ann)
    note = make.note(ticket)
    program = program_of(ann)

    for place in (note.public_id, "nothing"):
        answer = program.get(f"/tickets/{ticket.key}", query_string={"comments_before": place})
        assert (answer.status_code, answer.json["error_code"]) == (422, "E_COMMENT")


def test_reading_marks_nothing_as_read_and_writes_nothing(program_of, ann, statements):
    ticket = make.ticket(ann)
    program = program_of(ann)
    program.get(f"/tickets/{ticket.key}")
    statements.clear()

    program.get(f"/tickets/{ticket.key}")

    assert [statement for statement in statements if not statement.lstrip().startswith("SELECT")] == []
    assert len(statements) <= 4


# Writing.


def comments():
    db.session.rollback()
    return list(db.session.scalars(select(Comment).order_by(Comment.id)))


def test_a_comment_is_a_public_reply_as_on_the_page(program_of, petra, ann):
    ticket = make.ticket(ann, status="blocked")

    answer = program_of(petra).post(f"/tickets/{ticket.key}/comments", json={"body": "On **it**.\r\nSoon."})

    assert answer.status_code == 201
    [written] = comments()
    assert (written.author_id, written.is_internal) == (petra.id, False)
    assert written.body == "On **it**.\nSoon."
    assert "<strong>it</strong>" in written.body_html
    assert answer.json["id"] == written.public_id
    assert answer.json["author"] == "Petra Lindqvist"
    event = db.session.scalars(select(Event).where(Event.kind == Kind.COMMENT_ADDED)).one()
    assert (event.actor_id, event.data["comment_id"]) == (petra.id, written.id)


def test_the_reply_of_a_requester_reopens_what_was_closed(program_of, ann):
    ticket = make.ticket(ann, status="closed")

    program_of(ann).post(f"/tickets/{ticket.key}/comments", json={"body": "It burns again."})

    db.session.refresh(ticket)
    assert not ticket.is_done


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "Write something first."),
        ("", "Write something first."),
        ("  \n ", "Write something first."),
        (7, "Write something first."),
        (["x"], "Write something first."),
        ("x" * 50_001, "Use at most 50000 characters."),
        ("a\0b", "Remove the characters that cannot be shown."),
        ("a\ud800b", "Remove the characters that cannot be shown."),
    ],
)
def test_what_is_no_text_is_refused_at_its_field(program_of, ann, body, said):
    ticket = make.ticket(ann)
    program = program_of(ann)

    answer = program.post(
        f"/tickets/{ticket.key}/comments", data=json.dumps({"body": body}), content_type="application/json"
    )

    assert answer.status_code == 422
    assert answer.json["details"] == {"body": [said]}
    assert comments() == []


@pytest.mark.parametrize(
    ("data", "status"),
    [("{", 400), ("[" * 100_000, 400), (b"\xff", 400), ("[]", 422), ('"text"', 422), ("null", 422)],
)
def test_what_is_no_object_is_refused(program_of, ann, data, status):
    ticket = make.ticket(ann)

    answer = program_of(ann).post(
        f"/tickets/{ticket.key}/comments", data=data, content_type="application/json"
    )

    assert answer.status_code == status
    assert comments() == []


@pytest.mark.parametrize("more", ["is_internal", "author_id", "id", "ticket_id", "created_at", "body_html"])
def test_a_field_that_is_not_known_is_refused_and_sets_nothing(program_of, ann, more):
    ticket = make.ticket(ann)

    answer = program_of(ann).post(f"/tickets/{ticket.key}/comments", json={"body": "Hello", more: "1"})

    assert (answer.status_code, answer.json["error_code"]) == (422, "E_UNKNOWN_FIELD")
    assert list(answer.json["details"]) == [more]
    assert comments() == []


def test_whoever_only_reads_writes_nothing(program_of, world):
    house = make.organization(shares=Shares.ALL)
    colleague, reader = make.member(house), make.member(house)
    ticket = make.ticket(colleague, organization=house)
    program = program_of(reader)

    assert program.get(f"/tickets/{ticket.key}").status_code == 200
    answer = program.post(f"/tickets/{ticket.key}/comments", json={"body": "Me too"})

    assert (answer.status_code, answer.json["error_code"]) == (403, "E_FORBIDDEN")
    assert comments() == []


def test_nobody_writes_where_they_see_nothing(program_of, ann):
    ticket = make.ticket()

    answer = program_of(ann).post(f"/tickets/{ticket.key}/comments", json={"body": "Hello"})

    assert answer.status_code == 404
    assert comments() == []


def test_with_a_key_it_counts_once_however_often_it_is_sent(program_of, ann):
    ticket = make.ticket(ann)
    program = program_of(ann)

    def send(body, key):
        headers = {"Idempotency-Key": key}
        return program.post(f"/tickets/{ticket.key}/comments", json={"body": body}, headers=headers)

    first, again, other = send("Hello", "k1"), send("Hello", "k1"), send("Hello", "k2")

    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 201]
    assert first.json == again.json
    assert len(comments()) == 2


def test_as_many_may_be_written_as_on_the_page(program_of, ann):
    change_settings(actor=None, comments_per_hour=2)
    ticket = make.ticket(ann)
    program = program_of(ann)
    forget_site()

    answers = [
        program.post(f"/tickets/{ticket.key}/comments", json={"body": f"Number {number}"})
        for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert len(comments()) == 2


def test_to_read_is_not_to_write(program_of, ann):
    ticket = make.ticket(ann)

    answer = program_of(ann, Scope.TICKETS_READ).post(
        f"/tickets/{ticket.key}/comments", json={"body": "Hello"}
    )

    assert answer.status_code == 403
    assert db.session.scalar(select(func.count()).select_from(Comment)) == 0
