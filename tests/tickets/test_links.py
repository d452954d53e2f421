"""Tickets that are linked: who makes it so, who reads it, and what stands in both histories."""

import pytest
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.tickets import links
from portal.tickets.queries import held_together_or_404
from portal.tickets.relations import LinkKind, Relation, TicketLink
from tests import factories as make
from tests.parallel import at_once

HTMX = {"HX-Request": "true"}


@pytest.fixture
def two(world):
    """IT-1 and IT-2, with Petra, who works on both."""
    tickets = make.ticket(title="No VPN"), make.ticket(title="Certificate is over")
    petra = make.agent(name="Petra")
    db.session.commit()
    return *tickets, petra


def add(client, key, relation, other, **more):
    return client.post(f"/tickets/{key}/links", data={"relation": relation, "other": other}, **more)


def all_links():
    return [(row.from_id, row.kind.value, row.to_id) for row in db.session.scalars(select(TicketLink)).all()]


@pytest.mark.parametrize("relation", Relation)
def test_a_link_is_read_on_both_tickets_from_its_own_end(two, client_for, relation):
    client = client_for(two[2])

    answer = add(client, "IT-1", relation, "it-2")

    assert (answer.status_code, answer.location) == (303, "/tickets/IT-1")
    here, there = client.get("/tickets/IT-1").text, client.get("/tickets/IT-2").text
    assert f'<small class="muted">{relation.label}</small>' in here
    assert f'<small class="muted">{relation.reversed.label}</small>' in there
    assert "Certificate is over" in here
    assert "No VPN" in there
    assert f"added a link: {relation.label} <b>IT-2</b>" in here
    assert f"added a link: {relation.reversed.label} <b>IT-1</b>" in there


def test_every_relation_has_another_end_and_a_kind():
    assert {each.reversed.reversed for each in Relation} == set(Relation)
    assert {each.kind for each in Relation} == set(LinkKind)
    assert all(each.reversed.kind == each.kind for each in Relation)


@pytest.mark.parametrize(
    "typed", ["IT-2", " it-2 ", "https://desk.example.org/tickets/IT-2#event-5", "certificate", "Cert is"]
)
def test_the_other_one_is_named_by_key_address_or_a_part_of_its_subject(two, client_for, typed):
    answer = add(client_for(two[2]), "IT-1", "blocks", typed)
    if typed == "Cert is":
        assert answer.status_code == 422
        assert "There is no ticket “Cert is” that you may see." in answer.text
    else:
        assert answer.status_code == 303


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("typed", ["", "IT-999", "x" * 401, "no such words"])
def test_what_names_no_ticket_is_refused_and_kept(two, client_for, typed, headers):
    answer = add(client_for(two[2]), "IT-1", "blocks", typed, headers=headers)
    assert answer.status_code == 422
    assert typed in answer.text
    assert all_links() == []


def test_several_that_are_called_so_are_named(two, client_for):
    make.ticket(title="Certificate of Ann")
    db.session.commit()
    answer = add(client_for(two[2]), "IT-1", "blocks", "certificate")
    assert answer.status_code == 422
    assert "IT-3 (Certificate of Ann), IT-2 (Certificate is over)" in answer.text


def test_said_twice_it_is_there_once_from_whichever_end(two):
    one, other, petra = two
    for _ in range(2):
        links.link(one, Relation.RELATES_TO, other, actor=petra)
        links.link(other, Relation.RELATES_TO, one, actor=petra)
        links.link(one, Relation.BLOCKS, other, actor=petra)
        links.link(other, Relation.BLOCKED_BY, one, actor=petra)
    assert sorted(all_links()) == [(one.id, "blocks", other.id), (one.id, "relates_to", other.id)]
    told = select(Event.ticket_id).where(Event.kind == Kind.TICKET_LINKED)
    assert sorted(db.session.scalars(told)) == [one.id, one.id, other.id, other.id]


def test_no_ticket_is_linked_with_itself(two, client_for):
    answer = add(client_for(two[2]), "IT-1", "relates_to", "IT-1")
    assert answer.status_code == 409
    assert "A ticket is not linked with itself." in answer.text


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        (Relation.BLOCKS, "IT-1 blocks IT-3 already, by itself or by others."),
        (Relation.CHILD_OF, "IT-1 is a child of IT-3 already, or of one of its children."),
    ],
)
def test_nothing_blocks_itself_or_is_its_own_child_in_the_end(two, client_for, relation, words):
    one, other, petra = two
    third = make.ticket()
    links.link(one, relation, other, actor=petra)
    links.link(other, relation, third, actor=petra)
    db.session.commit()

    answer = add(client_for(petra), "IT-3", relation, "IT-1", headers=HTMX)

    assert answer.status_code == 409
    assert words in answer.text
    assert len(all_links()) == 2
    links.link(third, Relation.CAUSED_BY, one, actor=petra)  # what is no order may go round


def test_two_links_at_once_close_no_circle(shared_app):
    one, other = make.ticket(), make.ticket()
    boss = make.admin()
    db.session.commit()
    keys, boss_id = (one.key, other.key), boss.id

    def blocks(first, second):
        def thing():
            actor = db.session.get_one(make.User, boss_id)
            tickets = held_together_or_404(first, second, seen_by=actor)
            links.link(tickets[0], Relation.BLOCKS, tickets[1], actor=actor)

        return thing

    answers = at_once(shared_app, blocks(*keys), blocks(*keys[::-1]))

    assert sum(isinstance(answer, DomainError) for answer in answers) == 1
    assert len(all_links()) == 1


def test_it_is_taken_away_from_either_end_and_both_tell_it(two, client_for):
    one, other, petra = two
    made = links.link(one, Relation.BLOCKS, other, actor=petra).id
    db.session.commit()
    client = client_for(petra)

    for _ in range(2):  # what is not there, is not there
        assert client.post(f"/tickets/IT-2/links/{made}/removal").status_code == 303

    assert all_links() == []
    assert "removed a link: blocks <b>IT-2</b>" in client.get("/tickets/IT-1").text
    assert "removed a link: is blocked by <b>IT-1</b>" in client.get("/tickets/IT-2").text


def test_a_link_of_other_tickets_is_not_removed_from_here(two, client_for):
    one, other, petra = two
    made = links.link(one, Relation.BLOCKS, other, actor=petra)
    make.ticket()
    db.session.commit()
    assert client_for(petra).post(f"/tickets/IT-3/links/{made.id}/removal").status_code == 303
    assert len(all_links()) == 1


def test_open_tickets_that_block_it_are_shown(two, client_for):
    one, other, petra = two
    links.link(one, Relation.BLOCKED_BY, other, actor=petra)
    db.session.commit()
    client = client_for(petra)
    assert "1 open ticket blocks this one." in client.get("/tickets/IT-1").text
    assert "blocks this one" not in client.get("/tickets/IT-2").text
    make.walk(other, "closed")
    db.session.commit()
    assert "blocks this one" not in client.get("/tickets/IT-1").text


def test_open_pages_of_both_hear_of_it(two, client_for, monkeypatch):
    said = []
    monkeypatch.setattr("portal.tickets.reactions.publish_after_commit", said.append)
    one, other, petra = two
    add(client_for(petra), "IT-1", "blocks", "IT-2")
    assert {f"ticket:{one.id}", f"ticket:{other.id}"} <= set(said)


# Who reads it.


@pytest.fixture
def secret_link(world):
    """IT-1, which all may read, is linked with a secret IT-2 of the same Ann's."""
    ann, boss = make.employee(name="Ann"), make.admin()
    network = make.team(name="Network")
    seen, hidden = make.ticket(ann, team=network), make.ticket(ann, title="Quokka", is_confidential=True)
    make.walk(hidden, "in_progress", actor=boss)
    links.link(seen, Relation.CAUSED_BY, hidden, actor=boss)
    links.link(seen, Relation.BLOCKED_BY, hidden, actor=boss)
    db.session.commit()
    return ann, make.agent(team=network), boss


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_of_a_ticket_that_they_may_not_see_readers_see_no_link(secret_link, client_for, headers):
    ann, petra, boss = secret_link
    for path in ("/tickets/IT-1", "/tickets/IT-1/timeline?before=999999"):
        assert "IT-2" in client_for(boss).get(path, headers=headers).text
        for person in (ann, petra):
            page = client_for(person).get(path, headers=headers)
            assert page.status_code == 200
            for hint in ("IT-2", "Quokka", "added a link", "caused by IT", "blocks this one"):
                assert hint not in page.text, (path, hint)


def test_whoever_asked_reads_no_links_even_of_their_own_tickets(two, client_for):
    one, other, petra = two
    other.requester = one.requester
    make.actions.take_part(other, one.requester, "requester")
    links.link(one, Relation.DUPLICATES, other, actor=petra)
    db.session.commit()
    page = client_for(one.requester).get("/tickets/IT-1").text
    assert "IT-2" not in page
    assert "Linked tickets" not in page


def test_nobody_is_offered_or_links_a_ticket_that_they_may_not_see(secret_link, client_for):
    _ann, petra, boss = secret_link
    for typed in ("IT-2", "Quokka", "quok"):
        assert "IT-2" in client_for(boss).get(f"/tickets/named?other={typed}").text
        assert "IT-2" not in client_for(petra).get(f"/tickets/named?into={typed}").text
        answer = add(client_for(petra), "IT-1", "blocks", typed)
        assert answer.status_code == 422
    assert len(all_links()) == 2


def test_a_link_that_is_not_seen_is_not_removed(secret_link, client_for):
    made = db.session.scalars(select(TicketLink)).first()
    assert client_for(secret_link[1]).post(f"/tickets/IT-1/links/{made.id}/removal").status_code == 303
    assert len(all_links()) == 2


def test_a_project_that_is_shut_to_them_keeps_its_tickets_from_links(world, client_for):
    hr = make.project("HR", members_only=True)
    ines, petra = make.agent(), make.agent()
    make.project_member(hr, ines)
    make.ticket(title="Seen"), make.ticket(project=hr, title="Salaries")
    db.session.commit()

    assert add(client_for(ines), "IT-1", "relates_to", "HR-1").status_code == 303

    assert "Salaries" in client_for(ines).get("/tickets/IT-1").text
    page = client_for(petra).get("/tickets/IT-1").text
    assert "HR-1" not in page
    assert add(client_for(petra), "IT-1", "relates_to", "HR-1").status_code == 422


@pytest.mark.parametrize("part", ["participant", "watcher"])
def test_whoever_only_follows_the_other_one_does_not_link_it(world, client_for, part):
    hr, petra = make.project("HR", members_only=True), make.agent()
    make.ticket()
    secret = make.ticket(project=hr)
    make.actions.take_part(secret, petra, part)
    db.session.commit()
    assert add(client_for(petra), "IT-1", "relates_to", "HR-1").status_code == 403
    assert add(client_for(petra), "HR-1", "relates_to", "IT-1").status_code == 403


def test_a_page_without_links_costs_nothing_for_them_and_with_many_a_statement(two, client_for, statements):
    one, _other, petra = two
    client = client_for(petra)
    counts = []
    for number in range(3):
        client.get("/tickets/IT-1")
        statements.clear()
        client.get("/tickets/IT-1")
        counts.append(len(statements))
        for _ in range(number * 5 + 1):
            links.link(one, Relation.RELATES_TO, make.ticket(), actor=None)
        db.session.commit()
    plain, *linked = counts
    assert not any("ticket_links.kind" in statement for statement in statements[:1])
    assert linked[0] == linked[1] <= plain + 2  # theirs, and their keys for the history
