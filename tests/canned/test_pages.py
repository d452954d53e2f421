"""Canned replies are kept, changed, tried out and deleted, with and without a script."""

import pytest
from sqlalchemy import select

from portal.canned.models import BODY_LIMIT, CannedReply
from portal.extensions import db
from tests import factories as make

HTMX = {"HX-Request": "true"}
TYPED = {"name": "Thanks", "body": "Hello {{ requester.first_name }}", "place": "nobody", "project_id": ""}


@pytest.fixture
def agent(world):
    return make.agent(name="Petra Lindqvist")


@pytest.fixture
def client(agent, client_for):
    db.session.commit()
    return client_for(agent)


def only():
    return db.session.scalars(select(CannedReply).execution_options(populate_existing=True)).one()


def path_of(reply):
    return f"/canned-replies/{reply.public_id}"


def test_an_empty_desk_says_what_they_are_for(client):
    page = client.get("/canned-replies").text

    assert "No canned replies yet" in page
    assert "/canned-replies/new" in page


def test_one_is_kept_changed_and_deleted(client, agent):
    made = client.post("/canned-replies/new", data=TYPED | {"body": "One\r\ntwo\r\n"})
    assert (made.status_code, made.location) == (303, "/canned-replies")
    assert (only().name, only().body, only().owner_id) == ("Thanks", "One\ntwo", agent.id)

    path = path_of(only())
    changed = client.post(path, data=TYPED | {"name": "Many thanks", "version": 1})
    assert changed.status_code == 303
    assert (only().name, only().version) == ("Many thanks", 2)
    assert "Many thanks" in client.get("/canned-replies").text

    assert client.post(f"{path}/deletion").status_code == 303
    assert db.session.scalars(select(CannedReply)).all() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "  "}, "Enter a name."),
        ({"name": "x" * 81}, "Use at most 80 characters."),
        ({"body": " \n"}, "Write the text."),
        ({"body": "x" * (BODY_LIMIT + 1)}, "Use at most 20000 characters."),
        ({"place": "everyone"}, "Not a valid choice"),
        ({"project_id": "999999"}, "Not a valid choice"),
        ({"project_id": "x"}, "Invalid Choice"),
        (
            {"body": "a\n{{ requester.nmae }}"},
            "Line 2: there is no placeholder “requester.nmae”. Do you mean “requester.name”?",
        ),
        ({"body": "{{ }}"}, "Line 1: there is no name between the braces."),
        ({"body": "{{ ticket.key }"}, "Line 1: two braces that are not closed"),
        ({"body": "{{ x }}\n{{ config }}\n}}\n{{ y }}"}, "Line 3: two braces"),
        ({"body": "nul\0"}, "Remove the characters that cannot be shown."),
    ],
)
def test_what_is_none_is_refused_and_kept_in_the_form(client, typed, said):
    answer = client.post("/canned-replies/new", data=TYPED | typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert "requester." in answer.text
    assert db.session.scalars(select(CannedReply)).all() == []


def test_a_name_that_is_taken_is_refused_with_what_was_typed(client, agent):
    make.canned(agent, name="Thanks")
    db.session.commit()

    answer = client.post("/canned-replies/new", data=TYPED | {"body": "All of this is kept."})

    assert answer.status_code == 409
    assert "There is a canned reply “Thanks” there already." in answer.text
    assert "All of this is kept." in answer.text


def test_in_two_windows_the_second_is_told_and_loses_nothing(client, client_for, agent):
    boss, other = make.manager(name="Mateusz"), make.manager()
    reply = make.canned(name="Ours", body="As it was.", everyone=True)
    db.session.commit()
    first, second, path = client_for(boss), client_for(other), path_of(reply)
    shared = TYPED | {"place": "everyone", "name": "Ours"}
    first.post(path, data=shared | {"body": "From the first.", "version": 1})

    answer = second.post(path, data=shared | {"body": "From the second.", "version": 1})

    assert answer.status_code == 409
    assert "Theirs (Mateusz):" in answer.text
    assert "From the first." in answer.text
    assert "From the second." in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert only().body == "From the first."

    assert second.post(path, data=shared | {"body": "From both.", "version": 2}).status_code == 303
    assert only().body == "From both."


def test_without_a_version_nothing_is_overwritten(client, agent):
    reply = make.canned(agent)
    db.session.commit()

    assert client.post(path_of(reply), data=TYPED).status_code == 409


def test_the_preview_shows_an_example_and_runs_nothing(client):
    shown = client.post(
        "/canned-replies/preview", data={"text": "**Dear** {{ requester.name }}, {{ config }} <b>"}
    ).text

    assert "<strong>Dear</strong> Ann Example, {{ config }} &lt;b&gt;" in shown


def test_without_a_script_a_button_shows_it_and_saves_nothing(client, agent):
    shown = client.post("/canned-replies/new", data=TYPED | {"preview": "1", "body": "Dear {{ agent.name }}"})

    assert shown.status_code == 200
    assert "Dear Petra Lindqvist" in shown.text
    assert "Dear {{ agent.name }}" in shown.text
    assert db.session.scalars(select(CannedReply)).all() == []


def test_a_copy_of_what_one_only_reads_is_begun(client, client_for):
    reply = make.canned(name="Ours", body="To copy.", everyone=True)
    secret = make.canned(make.agent(), body="Not yours.")
    db.session.commit()

    assert f"copy={reply.public_id}" in client.get(path_of(reply)).text
    assert "To copy." in client.get(f"/canned-replies/new?copy={reply.public_id}").text
    assert client.get(f"/canned-replies/new?copy={secret.public_id}").status_code == 404


def test_they_are_found_by_name(client, agent):
    make.canned(agent, name="Änderung am VPN")
    make.canned(agent, name="Printer 100%")
    db.session.commit()

    assert (
        "Änderung" in client.get("/canned-replies?q=aender").text
        or "Änderung" in client.get("/canned-replies?q=ander").text
    )
    assert "Printer" not in client.get("/canned-replies?q=vpn").text
    assert "Printer" in client.get("/canned-replies?q=0%25").text
    assert "None is called that" in client.get("/canned-replies?q=nothing").text


def test_a_long_list_has_pages_and_costs_as_many_statements_as_a_short_one(client, agent, statements):
    make.canned(agent)
    db.session.commit()
    client.get("/canned-replies")  # what the desk remembers is known from now on
    statements.clear()
    client.get("/canned-replies")
    few = len(statements)
    for _ in range(30):
        make.canned(agent)
        make.canned(everyone=True)
    db.session.commit()

    statements.clear()
    page = client.get("/canned-replies").text

    assert len(statements) == few <= 5
    assert page.count('<th scope="row">') == 25
    assert "cursor=" in page


def test_it_speaks_german(world, client_for):
    agent = make.agent(locale="de")
    db.session.commit()
    client = client_for(agent)

    assert "Textbausteine" in client.get("/canned-replies").text
    assert "Zeile 1" in client.post("/canned-replies/new", data=TYPED | {"body": "{{ x }}"}).text


def test_employees_have_none(client_for, world):
    employee = make.employee()
    db.session.commit()

    assert client_for(employee).get("/canned-replies").status_code == 403
    assert "/canned-replies" not in client_for(employee).get("/").text
