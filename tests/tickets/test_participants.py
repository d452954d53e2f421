"""Colleagues who take part in a request: named, told, and gone again."""

from html import unescape

import pytest
from sqlalchemy import select

from portal.errors import NotAllowed
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.queries import unread_count
from portal.organizations.queries import memberships_of
from portal.tickets import actions, participants
from portal.tickets.models import Comment, Part, Ticket, TicketPerson, WaitingFor
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def house(world, queue):
    """Ann asked; Zoe is her colleague, Jürgen is of another house."""
    nordwerk, hafen = make.organization(name="Nordwerk"), make.organization(name="Hafen")
    people = {
        "ann": make.employee(name="Ann Sørensen", email="ann@example.org", organization=nordwerk),
        "zoe": make.employee(name="Zoë van den Berg", email="zoe@example.org", organization=nordwerk),
        "juergen": make.employee(name="Jürgen Weiß", email="juergen@example.org", organization=hafen),
        "petra": make.agent(name="Petra", email="petra@example.org"),
    }
    ticket = make.ticket(people["ann"], title="VPN drops")
    db.session.commit()
    queue.run()
    return ticket, people


def add(client, ticket, person, **kwargs):
    return client.post(f"/tickets/{ticket.key}/participants", data={"person": person}, **kwargs)


def remove(client, ticket, person, **kwargs):
    return client.post(f"/tickets/{ticket.key}/participants/{person.id}/removal", **kwargs)


def takes_part(ticket, person):
    return db.session.get(TicketPerson, (person.id, ticket.id, Part.PARTICIPANT)) is not None


def organization_of(person):
    return memberships_of(person)[0].organization


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


@pytest.mark.parametrize(
    "typed",
    [
        "zoe@example.org",
        " ZOE@Example.org ",
        "Zoë van den Berg",
        "zoe  van den berg",
        "Zoë <zoe@example.org>",
    ],
)
def test_the_requester_adds_a_colleague_by_name_or_address(house, client_for, typed):
    ticket, people = house

    answer = add(client_for(people["ann"]), ticket, typed)

    assert (answer.status_code, answer.location) == (303, f"/tickets/{ticket.key}")
    assert takes_part(ticket, people["zoe"])
    (event,) = events(Kind.PARTICIPANT_ADDED)
    assert (event.actor, event.is_public, event.data["user"]) == (people["ann"], True, "Zoë van den Berg")


def test_adding_twice_is_one_event_and_the_requester_takes_part_already(house, client_for):
    ticket, people = house
    client = client_for(people["ann"])
    for person in ("zoe@example.org", "zoe@example.org", "ann@example.org"):
        assert add(client, ticket, person).status_code == 303
    assert len(events(Kind.PARTICIPANT_ADDED)) == 1
    assert not takes_part(ticket, people["ann"])


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a name or a mail address."),
        ("Nobody Ever", "Nobody is found under “Nobody Ever”"),
        ("juergen@example.org", "Nobody is found under “juergen@example.org”"),  # of another house
        ("Jürgen Weiß", "Nobody is found under"),
        ("gone@example.org", "Nobody is found under"),
        ("Zo", "Nobody is found under “Zo”"),
        ("Kim Lee", "Several people are called “Kim Lee”. Enter the mail address"),
        ("x" * 401, "at most 400"),
        ("a\0b", ""),
    ],
)
def test_whom_nobody_finds_is_said_at_the_field_and_what_was_typed_stays(
    house, client_for, typed, words, headers
):
    ticket, people = house
    organization = organization_of(people["ann"])
    for number in (1, 2):
        make.employee(name="Kim Lee", email=f"kim{number}@example.org", organization=organization)
    make.employee(email="gone@example.org", organization=organization, is_active=False)

    answer = add(client_for(people["ann"]), ticket, typed, headers=headers)

    page = unescape(answer.text)
    assert answer.status_code == 422
    assert words in page
    assert f'value="{typed}"' in page or "\0" in typed or not typed
    assert 'aria-invalid="true"' in page
    assert ("<html" in page) == (not headers)
    assert events(Kind.PARTICIPANT_ADDED) == []


def test_the_desk_finds_everybody_active(house, client_for):
    ticket, people = house
    make.employee(name="Left", email="left@example.org", is_active=False)
    client = client_for(people["petra"])

    assert add(client, ticket, "juergen@example.org").status_code == 303
    assert add(client, ticket, "left@example.org").status_code == 422

    assert takes_part(ticket, people["juergen"])


def test_suggestions_are_those_whom_the_reader_may_look_up(house, client_for):
    _, people = house
    for who, typed, found in (
        ("ann", "zoe", True), ("ann", "weiss", False), ("petra", "WEISS", True), ("juergen", "zoe", False),
        ("petra", "e", False), ("ann", "berg van", True), ("ann", "%%", False),
    ):  # fmt: skip
        answer = client_for(people[who]).get("/tickets/people", query_string={"person": typed})
        assert answer.status_code == 200
        assert ("<option" in answer.text) == found, (who, typed)
    assert '<option value="zoe@example.org">Zoë van den Berg</option>' in (
        client_for(people["ann"]).get("/tickets/people?person=zo").text
    )


def test_a_participant_sees_answers_and_is_told_like_the_requester(house, client_for, queue):
    ticket, people = house
    zoe, petra = people["zoe"], people["petra"]
    assert client_for(zoe).get(f"/tickets/{ticket.key}").status_code == 404
    add(client_for(people["ann"]), ticket, zoe.email)
    queue.run()
    assert (unread_count(zoe), unread_count(people["ann"])) == (1, 0)  # only she is told that she was added
    assert "Ann Sørensen added you to this request" in client_for(zoe).get("/notifications").text

    make.reply(ticket, petra)
    make.note(ticket, petra, body="hypochondria")
    db.session.commit()
    queue.run()

    client = client_for(zoe)
    assert unread_count(zoe) == 2
    assert ticket.title in client.get("/tickets").text
    page = client.get(f"/tickets/{ticket.key}").text
    assert "hypochondria" not in page
    assert "<b>Ann Sørensen</b> added <b>Zoë van den Berg</b>" in page
    assert page.count("<dt>Requester</dt>") == 1
    assert client.post(f"/tickets/{ticket.key}/comments", data={"body": "Me too"}).status_code == 303
    assert db.session.scalars(select(Comment).order_by(Comment.id.desc())).first().author == zoe


@pytest.mark.parametrize("status", ["blocked", "closed"])
def test_a_colleagues_answer_sets_the_ticket_going_again(house, status):
    ticket, people = house
    participants.add_participant(ticket, people["zoe"], actor=people["ann"])
    make.walk(ticket, status)
    if status == "blocked":
        db.session.flush()
        actions.change_status(ticket, ticket.status, actor=None, waiting_for=WaitingFor.REQUESTER)

    make.reply(ticket, people["zoe"])

    assert ticket.status_category != ("waiting" if status == "blocked" else "done")


def test_an_agent_who_takes_part_answers_for_the_desk(house):
    ticket, people = house
    participants.add_participant(ticket, people["petra"], actor=people["ann"])
    make.walk(ticket, "closed")
    make.reply(ticket, people["petra"])
    assert ticket.is_done


def test_an_agents_own_list_has_what_they_take_part_in(house, client_for):
    ticket, people = house
    other = make.ticket(title="Not hers")
    participants.add_participant(ticket, people["petra"], actor=people["ann"])
    db.session.commit()
    page = client_for(people["petra"]).get("/tickets").text
    assert ticket.title in page
    assert other.title not in page


def test_removed_they_see_nothing_any_more_not_even_in_the_bell(house, client_for, queue):
    ticket, people = house
    ann, zoe = people["ann"], people["zoe"]
    participants.add_participant(ticket, zoe, actor=ann)
    db.session.commit()
    queue.run()

    for _twice in range(2):
        assert remove(client_for(ann), ticket, zoe).status_code == 303

    (event,) = events(Kind.PARTICIPANT_REMOVED)
    assert (event.actor, event.data["user_id"], event.is_public) == (ann, zoe.id, True)
    assert unread_count(zoe) == 0
    client = client_for(zoe)
    assert client.get(f"/tickets/{ticket.key}").status_code == 404
    assert ticket.title not in client.get("/tickets").text
    assert "removed <b>Zoë van den Berg</b>" in client_for(ann).get(f"/tickets/{ticket.key}").text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_participant_leaves_by_themselves_and_is_told_so(house, client_for, headers):
    ticket, people = house
    zoe = people["zoe"]
    participants.add_participant(ticket, zoe, actor=people["ann"])
    db.session.commit()
    client = client_for(zoe)

    answer = remove(client, ticket, zoe, headers=headers)

    assert (answer.headers.get("HX-Redirect") or answer.location) == "/tickets"
    assert "You take no part in" in client.get("/tickets").text
    (event,) = events(Kind.PARTICIPANT_REMOVED)
    assert event.actor == zoe


def test_a_participant_neither_adds_nor_removes_others(house, client_for):
    ticket, people = house
    other = make.employee(organization=organization_of(people["ann"]))
    participants.add_participant(ticket, people["zoe"], actor=people["ann"])
    participants.add_participant(ticket, other, actor=people["ann"])
    db.session.commit()
    client = client_for(people["zoe"])

    assert add(client, ticket, people["ann"].email).status_code == 403
    assert remove(client, ticket, other).status_code == 403

    assert takes_part(ticket, other)
    page = client.get(f"/tickets/{ticket.key}").text
    assert "Add somebody" not in page
    assert "Leave this request" in page
    with pytest.raises(NotAllowed):
        participants.add_participant(ticket, other, actor=people["zoe"])


@pytest.mark.parametrize("who", ["stranger", "agent of another team"])
def test_a_stranger_finds_no_ticket_to_add_to(house, client_for, who):
    ticket, people = house
    actions.assign_team(ticket, make.team(), actor=None)
    person = make.employee() if who == "stranger" else make.agent(team=make.team())
    db.session.commit()
    client = client_for(person)
    assert add(client, ticket, person.email).status_code == 404
    assert remove(client, ticket, people["ann"]).status_code == 404
    assert not takes_part(ticket, person)


def test_htmx_gets_the_part_of_the_page_that_changed(house, client_for):
    ticket, people = house
    client = client_for(people["ann"])
    answer = add(client, ticket, "zoe@example.org", headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<div")
    assert 'id="participants"' in answer.text
    assert "Zoë van den Berg" in answer.text
    assert "Zoë van den Berg" not in remove(client, ticket, people["zoe"], headers=HTMX).text


def test_the_page_needs_the_same_statements_with_one_and_with_twenty_participants(
    house, client_for, statements
):
    ticket, people = house
    client, counts = client_for(people["ann"]), []
    for number in (1, 19):
        for _turn in range(number):
            participants.add_participant(ticket, make.employee(), actor=people["ann"])
        db.session.commit()
        client.get(f"/tickets/{ticket.key}")
        statements.clear()
        client.get(f"/tickets/{ticket.key}")
        counts.append(len(statements))
    assert counts[0] == counts[1]


# On behalf of somebody else.


def form(project, **values):
    return {
        "type": "incident", "title": "Screen is black", "priority": "medium", "project_id": project.id,
    } | values  # fmt: skip


def the_ticket():
    return db.session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()


def test_who_asks_for_somebody_else_takes_part_and_is_named(house, world, client_for, queue):
    _, people = house
    ann, petra = people["ann"], people["petra"]

    answer = client_for(petra).post("/tickets/new", data=form(world, person="Ann Sørensen"))

    ticket = the_ticket()
    assert answer.location == f"/tickets/{ticket.key}?sent=1"
    assert ticket.requester == ann
    assert takes_part(ticket, petra)
    event = events(Kind.TICKET_SUBMITTED)[-1]
    assert (event.actor, event.data["submitted_by"]) == (petra, {"id": petra.id, "label": "Petra"})
    assert events(Kind.PARTICIPANT_ADDED) == []
    queue.run()
    assert unread_count(ann) == 1
    assert "Petra asked for this on your behalf" in client_for(ann).get("/notifications").text
    for who in (ann, petra):
        page = client_for(who).get(f"/tickets/{ticket.key}").text
        assert "Petra asked for this on behalf of Ann Sørensen" in page
    assert "Screen is black" in client_for(petra).get("/tickets").text


def test_asked_for_oneself_nobody_is_named(house, world, client_for):
    _, people = house
    client_for(people["ann"]).post("/tickets/new", data=form(world, person="ann@example.org"))
    event = events(Kind.TICKET_SUBMITTED)[-1]
    assert "submitted_by" not in event.data
    assert the_ticket().requester == people["ann"]
    assert not takes_part(the_ticket(), people["ann"])


def test_nobody_asks_for_a_stranger(house, world, client_for):
    ticket, people = house
    answer = client_for(people["ann"]).post(
        "/tickets/new", data=form(world, person="juergen@example.org", description="My words")
    )
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert "Nobody is found under “juergen@example.org”" in page
    assert 'value="juergen@example.org"' in page
    assert "My words" in page
    assert '<details class="fold" open>' in page
    assert the_ticket() == ticket


def test_the_form_does_not_show_the_field_until_it_is_wanted(world, client_for):
    page = client_for(make.employee()).get("/tickets/new").text
    assert '<details class="fold"><summary>' in page
    assert "For somebody else" in page
