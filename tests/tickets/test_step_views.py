"""A step that asks for something has a page; so have the steps of whoever asked for the ticket."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.plan import Need
from portal.tickets.models import Comment
from tests import factories as make
from tests.lifecycles.drafts import publish, with_step

EVERYTHING = frozenset(Need)


@pytest.fixture
def ticket(world):
    return make.ticket(category=None)


@pytest.fixture
def petra(world):
    return make.agent(name="Petra")


@pytest.fixture
def closed(world):
    return make.status("closed")


def asks_for(*needs, **who):
    publish(with_step(DEFAULT, "open", "closed", needs=frozenset(needs), **who))
    db.session.commit()


def page_of(ticket, status):
    return f"/tickets/{ticket.key}/steps/{status.id}"


def status_of(ticket):
    db.session.expire_all()
    return ticket.status.name


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_menu_leads_to_the_page_and_changes_nothing(client_for, ticket, petra, closed, headers):
    asks_for(Need.COMMENT)

    answer = client_for(petra).post(
        f"/tickets/{ticket.key}/status", data={"status": closed.id, "version": 1}, headers=headers
    )

    assert page_of(ticket, closed) in (answer.headers.get("HX-Redirect") or answer.location)
    assert status_of(ticket) == "open"


def test_the_board_leads_there_too(client_for, ticket, petra, closed):
    asks_for(Need.COMMENT)

    answer = client_for(petra).post(f"/tickets/{ticket.key}/column", data={"to": "closed"})

    assert answer.location.endswith(page_of(ticket, closed))
    assert status_of(ticket) == "open"


def test_everything_it_asks_for_is_given_in_one_go(client_for, ticket, petra, closed):
    asks_for(*Need)
    team, category = make.team(), make.category("VPN")
    db.session.commit()
    typed = {
        "seen": ticket.status_id,
        "body": "Looked at it.",
        "audience": "note",
        "team_id": team.id,
        "assignee_id": petra.id,
        "category_id": category.id,
        "day": "2030-01-31",
        "length": "20",
    }

    assert client_for(petra).get(page_of(ticket, closed)).text.count('class="field') >= 7
    answer = client_for(petra).post(page_of(ticket, closed), data=typed)

    assert answer.status_code == 303
    assert status_of(ticket) == "closed"
    assert (ticket.team, ticket.assignee, ticket.category) == (team, petra, category)
    assert (ticket.minutes_spent, ticket.due_at.year) == (20, 2030)
    assert db.session.scalars(select(Comment)).one().is_internal


@pytest.mark.parametrize(
    ("need", "typed"),
    [
        (Need.COMMENT, {"body": "  "}),
        (Need.ASSIGNEE, {"assignee_id": ""}),
        (Need.ASSIGNEE, {"assignee_id": "999999"}),
        (Need.TEAM, {"team_id": "999999"}),
        (Need.CATEGORY, {"category_id": "999999"}),
        (Need.DUE, {"day": "yesterday"}),
        (Need.TIME, {"length": "a while"}),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_nothing_is_done(
    client_for, ticket, petra, closed, need, typed
):
    asks_for(need, Need.COMMENT)

    answer = client_for(petra).post(page_of(ticket, closed), data={"body": "Kept words"} | typed)

    assert answer.status_code == 422
    assert "Kept words" in answer.text or "body" in typed
    assert status_of(ticket) == "open"
    assert db.session.scalars(select(Comment)).all() == []


def test_a_ticket_that_went_on_meanwhile_is_left_as_it_is(client_for, ticket, petra, closed):
    publish(with_step(with_step(DEFAULT, "open", "closed", needs=EVERYTHING), "in_progress", "closed"))
    make.walk(ticket, "in_progress")
    db.session.commit()

    answer = client_for(petra).post(
        page_of(ticket, closed), data={"seen": make.status("open").id, "body": "Late"}
    )

    assert (answer.status_code, "Somebody was faster" in answer.text) == (409, True)
    assert status_of(ticket) == "in_progress"


def test_whoever_asked_takes_the_step_that_is_theirs(client_for, ticket, closed):
    asks_for(roles=frozenset(), by_requester=True, label="It came back to life")
    client = client_for(ticket.requester)

    assert "It came back to life" in client.get(f"/tickets/{ticket.key}").text
    answer = client.post(page_of(ticket, closed))
    assert answer.status_code == 303
    assert status_of(ticket) == "closed"


def test_what_whoever_asked_writes_for_a_step_everybody_reads(client_for, ticket, closed):
    asks_for(Need.COMMENT, roles=frozenset(), by_requester=True)
    client = client_for(ticket.requester)

    assert "Who reads it?" not in client.get(page_of(ticket, closed)).text
    sent = {"body": "It works.", "audience": "note"}
    assert client.post(page_of(ticket, closed), data=sent).status_code == 303
    assert not db.session.scalars(select(Comment)).one().is_internal
    assert status_of(ticket) == "closed"


def test_a_step_of_the_desk_is_none_for_whoever_asked(client_for, ticket, closed):
    db.session.commit()
    client = client_for(ticket.requester)

    assert client.get(page_of(ticket, closed)).status_code == 303
    refused = client.post(page_of(ticket, closed))
    assert (refused.status_code, "Closed" in refused.text) == (409, False)
    assert status_of(ticket) == "open"
