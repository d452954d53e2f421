"""Programs of the desk read, add and remove links, as far as their owner sees the tickets."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.permissions import Scope
from portal.tickets import links
from portal.tickets.merging import merge
from portal.tickets.relations import Relation, TicketLink
from tests import factories as make


@pytest.fixture
def two(world):
    tickets = make.ticket(title="No VPN"), make.ticket(title="Certificate")
    petra = make.agent()
    db.session.commit()
    return *tickets, petra


def test_a_link_is_added_once_and_read_from_both_ends(program_of, two):
    program = program_of(two[2])
    first = program.post("/tickets/IT-1/links", json={"relation": "blocked_by", "key": "it-2"})
    again = program.post("/tickets/IT-1/links", json={"relation": "blocked_by", "key": "IT-2"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json == {
        "id": first.json["id"],
        "relation": "blocked_by",
        "key": "IT-2",
        "title": "Certificate",
        "status": {"name": "open", "category": "new"},
        "url": "http://localhost/tickets/IT-2",
    }
    assert program.get("/tickets/IT-1").json["links"] == [first.json]
    assert [one["relation"] for one in program.get("/tickets/IT-2").json["links"]] == ["blocks"]


def test_it_is_removed_and_once_more_is_no_mistake(program_of, two):
    program = program_of(two[2])
    made = program.post("/tickets/IT-1/links", json={"relation": "blocks", "key": "IT-2"}).json["id"]
    for _ in range(2):
        assert program.delete(f"/tickets/IT-2/links/{made}").status_code == 204
    assert db.session.scalar(select(TicketLink.id)) is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"relation": "likes", "key": "IT-2"}, "relation"),
        ({"relation": "blocks"}, "key"),
        ({"relation": "blocks", "key": "No VPN"}, "key"),
        ({"relation": "blocks", "key": "IT-2", "more": "x"}, "more"),
    ],
)
def test_a_mistake_is_told_with_its_field(program_of, two, sent, field):
    answer = program_of(two[2]).post("/tickets/IT-1/links", json=sent)
    assert answer.status_code == 422
    assert field in answer.json["details"]


def test_what_the_owner_may_not_see_is_not_there(program_of, two):
    one, _other, petra = two
    hidden, boss = make.ticket(is_confidential=True, title="Quokka"), make.admin()
    links.link(one, Relation.BLOCKS, hidden, actor=boss)
    db.session.commit()
    made = db.session.scalar(select(TicketLink.id))
    program = program_of(petra)
    assert program.get("/tickets/IT-1").json["links"] == []
    for key in ("IT-3", "IT-99"):
        answer = program.post("/tickets/IT-1/links", json={"relation": "blocks", "key": key})
        assert (answer.status_code, answer.json["error_code"]) == (404, "E_TICKET_NOT_FOUND")
        assert program.post(f"/tickets/{key}/links", json={}).status_code == 404
    assert program.delete(f"/tickets/IT-1/links/{made}").status_code == 204
    assert db.session.scalar(select(TicketLink.id)) == made


def test_whoever_asked_reads_and_makes_none(program_of, two):
    one, other, petra = two
    links.link(one, Relation.BLOCKS, other, actor=petra)
    db.session.commit()
    program = program_of(one.requester)
    assert program.get("/tickets/IT-1").json["links"] == []
    for answer in (
        program.post("/tickets/IT-1/links", json={"relation": "blocks", "key": "IT-1"}),
        program.delete("/tickets/IT-1/links/1"),
    ):
        assert (answer.status_code, answer.json["error_code"]) == (403, "E_FORBIDDEN")


def test_writing_asks_for_its_scope_and_a_circle_is_a_conflict(program_of, two):
    one, other, petra = two
    reader = program_of(petra, Scope.TICKETS_READ)
    sent = {"relation": "blocks", "key": "IT-1"}
    assert reader.post("/tickets/IT-2/links", json=sent).json["error_code"] == "E_INSUFFICIENT_SCOPE"
    links.link(one, Relation.BLOCKS, other, actor=petra)
    db.session.commit()
    answer = program_of(petra).post("/tickets/IT-2/links", json=sent)
    assert (answer.status_code, answer.json["error_code"]) == (409, "E_CONFLICT")


def test_a_merged_ticket_leads_to_the_other_and_takes_what_is_written(program_of, two):
    one, other, petra = two
    merge(other, one, actor=petra)
    db.session.commit()
    program = program_of(petra)
    assert program.get("/tickets/IT-2").location.endswith("/api/v1/tickets/IT-1")
    assert program.post("/tickets/IT-2/comments", json={"body": "Hello"}).status_code == 201
    assert [one["body"] for one in program.get("/tickets/IT-1").json["comments"]] == ["Hello"]
    assert [row["key"] for row in program.get("/tickets").json["tickets"]] == ["IT-1"]
