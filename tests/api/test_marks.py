"""Tags and due dates by the API: read and written by who works on the ticket."""

from datetime import UTC, datetime

import pytest

from portal.extensions import db
from portal.tickets import tagging
from portal.tickets.deadlines import set_due
from tests import factories as make

WHEN = datetime(2026, 12, 1, 16, tzinfo=UTC)


@pytest.fixture
def petra(world):
    return make.agent(name="Petra Lindqvist")


@pytest.fixture
def ticket(world):
    made = make.ticket(make.employee(email="ann@example.org"))
    tagging.change_tags(made, ["vpn", "mail"], actor=None)
    set_due(made, WHEN, actor=None)
    db.session.commit()
    return made


def test_who_works_on_it_reads_them(program_of, petra, ticket):
    program = program_of(petra)
    for told in (program.get("/tickets").json["tickets"][0], program.get(f"/tickets/{ticket.key}").json):
        assert told["tags"] == ["mail", "vpn"]
        assert told["due_at"] == "2026-12-01T16:00:00+00:00"


def test_who_asked_for_it_does_not(program_of, ticket):
    program = program_of(ticket.requester)
    for told in (program.get("/tickets").json["tickets"][0], program.get(f"/tickets/{ticket.key}").json):
        assert (told["tags"], told["due_at"]) == ([], None)
    assert program.put(f"/tickets/{ticket.key}/tags", json={"tags": []}).status_code == 403
    assert program.put(f"/tickets/{ticket.key}/due", json={"due_at": None}).status_code == 403


def test_a_program_puts_tags(program_of, petra, ticket):
    program, seen = program_of(petra), ticket.version
    tagging.change_tags(ticket, ["vpn", "mail", "theirs"], actor=None)
    db.session.commit()
    answer = program.put(f"/tickets/{ticket.key}/tags", json={"tags": ["VPN", "new one"], "version": seen})
    assert answer.json["tags"] == ["new one", "theirs", "vpn"]
    assert program.put(f"/tickets/{ticket.key}/tags", json={"tags": []}).json["tags"] == []


def test_a_program_sets_and_clears_the_due_date(program_of, petra, ticket):
    program, path = program_of(petra), f"/tickets/{ticket.key}/due"
    answer = program.put(path, json={"due_at": "2026-12-24T12:00:00+01:00"})
    assert answer.json["due_at"] == "2026-12-24T11:00:00+00:00"
    assert program.put(path, json={"due_at": None}).json["due_at"] is None


def test_of_a_day_that_somebody_else_set_since_it_is_told(program_of, petra, ticket):
    sent = {"due_at": "2027-01-01T12:00:00Z", "version": ticket.version - 1}
    answer = program_of(petra).put(f"/tickets/{ticket.key}/due", json=sent)
    assert (answer.status_code, answer.json["error_code"]) == (409, "E_CONFLICT")
    assert answer.json["details"] == {"due_at": "2026-12-01T16:00:00+00:00", "version": ticket.version}


@pytest.mark.parametrize(
    ("noun", "sent"),
    [
        ("tags", {}),
        ("tags", {"tags": "vpn"}),
        ("tags", {"tags": [1]}),
        ("tags", {"tags": ["a,b"]}),
        ("tags", {"tags": ["\x00"]}),
        ("tags", {"tags": ["\ud800"]}),
        ("tags", {"tags": [str(number) for number in range(21)]}),
        ("tags", {"tags": [], "version": "x"}),
        ("tags", {"tags": [], "version": True}),
        ("tags", {"tags": [], "colour": "red"}),
        ("due", {}),
        ("due", {"due_at": "tomorrow"}),
        ("due", {"due_at": "2026-12-01T17:00:00"}),
        ("due", {"due_at": "0001-01-01T00:00:00+14:00"}),
        ("due", {"due_at": "9999-12-31T23:59:59-14:00"}),
        ("due", {"due_at": 7}),
    ],
)
def test_what_is_neither_is_refused(program_of, petra, ticket, noun, sent):
    answer = program_of(petra).put(f"/tickets/{ticket.key}/{noun}", json=sent)
    assert answer.status_code == 422, answer.text


def test_a_mistake_in_a_filter_names_word_place_and_what_was_perhaps_meant(program_of, petra, ticket):
    answer = program_of(petra).get("/tickets", query_string={"filter": "is:open tag:vpnn"})
    assert answer.status_code == 422
    told = answer.json["details"]
    assert (told["word"], told["position"], told["nearest"]) == ("vpnn", 12, "vpn")
    assert told["corrected"] == "is:open tag:vpn"
