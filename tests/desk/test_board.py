"""The board: the queue's filter, a column for each status, and cards that move as the lifecycle allows."""

import json
import re
from html import unescape

import pytest

from portal import clock
from portal.extensions import db
from portal.lifecycles.models import Status
from portal.tickets import actions
from portal.tickets.models import Priority, WaitingFor
from tests import factories as make


@pytest.fixture
def petra(world):
    return make.agent(name="Petra")


@pytest.fixture
def client(petra, client_for):
    return client_for(petra)


def column(page, name):
    """The HTML of one column."""
    return re.search(rf'<section class="column[^>]*data-column="{name}".*?</section>', page, re.DOTALL)[0]


def number(html, name):
    found = re.search(rf'<span id="number-{name}"[^>]*>([^<]*)<', html)
    return found and found[1]


def keys(html):
    return re.findall(r'data-key-of="([^"]+)"', html)


def status(name):
    return db.session.scalar(db.select(Status).where(Status.name == name))


def board(client, query=""):
    answer = client.get(f"/queue?layout=board{query}")
    assert answer.status_code == 200
    return answer.text


def move(client, ticket, to, **more):
    return client.post(f"/tickets/{ticket.key}/column", data={"to": to} | more)


def test_each_ticket_stands_in_the_column_of_its_status_in_the_order_of_the_queue(client, petra):
    first, second, third = (make.ticket(title=f"No. {number}") for number in range(3))
    actions.change_status(second, status("in_progress"), actor=petra)
    third.updated_at = clock.now().replace(year=2000)
    db.session.commit()

    page = board(client)
    assert keys(column(page, "open")) == [first.key, third.key]
    assert keys(column(page, "in_progress")) == [second.key]
    assert keys(column(board(client, "&sort=updated"), "open")) == [third.key, first.key]


def test_the_filter_is_that_of_the_list(client):
    make.ticket(title="Low")
    high = make.ticket(title="High", priority=Priority.HIGH)
    db.session.commit()

    assert keys(board(client, "&q=priority:high")) == [high.key]
    wrong = client.get("/queue?layout=board&q=priority:hihg")
    assert (wrong.status_code, "hihg" in wrong.text) == (422, True)


def test_statuses_that_the_view_leaves_out_are_places_to_drop_on(client, petra):
    ticket = make.ticket()
    actions.settle(ticket, actor=petra)
    db.session.commit()

    page = board(client)
    assert "What comes here leaves this view." in column(page, "closed")
    assert keys(page) == []
    assert keys(column(client.get("/queue/closed?layout=board").text, "closed")) == [ticket.key]
    assert 'class="column is-outside"' in column(board(client, "&q=status:open"), "in_progress")


def test_closed_tickets_whose_moment_nobody_knows_have_no_place_in_the_order_of_closing(client, petra):
    known, unknown = make.ticket(), make.ticket()
    for ticket in (known, unknown):
        actions.settle(ticket, actor=petra)
    unknown.closed_at = None
    db.session.commit()

    page = client.get("/queue/closed?layout=board&sort=-closed")
    assert (page.status_code, keys(column(page.text, "closed"))) == (200, [known.key])


def test_what_an_agent_may_not_see_stands_nowhere(world, client):
    hidden = make.ticket(team=make.team(), title="Elsewhere")
    db.session.commit()
    page = board(client)
    assert (keys(page), "Elsewhere" in page, hidden.key in page) == ([], False, False)


def test_a_long_column_says_how_many_there_are_and_leads_to_the_list(client):
    for name in range(23):
        make.ticket(title=f"No. {name}")
    db.session.commit()

    page = board(client, "&q=priority:medium")
    here = column(page, "open")
    assert (len(keys(here)), number(here, "open")) == (20, "20+")
    assert 'href="/queue?q=priority:medium+status:open"' in here
    after = client.get(unescape(re.search(r'hx-get="([^"]+/number[^"]*)"', page)[1])).text
    assert (number(after, "open"), number(after, "in_progress"), number(after, "closed")) == ("23", "0", None)
    assert number(column(board(client, "&q=priority:medium&counted=yes"), "open"), "open") == "23"


def test_columns_that_are_whole_are_not_asked_for_their_numbers(client):
    make.ticket()
    db.session.commit()
    page = board(client)
    assert (number(page, "open"), number(page, "in_progress"), "/number" in page) == ("1", "0", False)


def test_nobody_counts_on_and_on(client, monkeypatch):
    monkeypatch.setattr("portal.desk.board.MANY", 21)
    for name in range(23):
        make.ticket(title=f"No. {name}")
    db.session.commit()
    assert number(board(client, "&counted=yes"), "open") == "21+"


def test_a_card_moves_and_the_board_is_told(client, petra):
    ticket = make.ticket()
    db.session.commit()

    answer = client.post(
        f"/tickets/{ticket.key}/column",
        data={"to": "in_progress", "from": ticket.status_id},
        headers={"HX-Request": "true"},
    )
    assert (answer.status_code, ticket.status.name) == (200, "in_progress")
    assert json.loads(answer.headers["HX-Trigger"]) == {"news": {"target": "#tickets"}}
    assert f"{ticket.key} is In progress now." in answer.text


def test_without_a_script_a_page_asks_where_to_and_leads_back(client):
    ticket = make.ticket()
    db.session.commit()
    back = "/queue/mine?layout=board&q=priority:high"

    page = client.get(f"/tickets/{ticket.key}/column", query_string={"back": back}).text
    assert re.findall(r'name="to" value="(\w+)"', page) == [step.name for step in ticket.status.next]
    answer = move(client, ticket, "in_progress", back=back)
    assert (answer.status_code, answer.location) == (303, back)
    assert move(client, ticket, "open", back="//evil.example").location == "/queue?layout=board"


def test_a_column_where_tickets_wait_asks_for_what(client, petra):
    ticket = make.ticket()
    actions.change_status(ticket, status("in_progress"), actor=petra)
    db.session.commit()
    page = client.get(f"/tickets/{ticket.key}/column?to=blocked").text
    assert re.findall(r'name="to" value="(\w+)"', page) == ["blocked"]

    move(client, ticket, "blocked", waiting_for="supplier")
    assert (ticket.status.name, ticket.waiting_for) == ("blocked", WaitingFor.SUPPLIER)


def test_a_step_that_the_lifecycle_does_not_know_is_refused_with_those_it_knows(client, petra):
    ticket = make.ticket()
    actions.settle(ticket, actor=petra)
    db.session.commit()
    allowed = {step.name for step in ticket.status.next}
    forbidden = ({"open", "in_progress", "blocked"} - allowed).pop()

    answer = move(client, ticket, forbidden)
    assert (answer.status_code, "can become:" in answer.text) == (409, True)
    assert ticket.is_done


@pytest.mark.parametrize(("to", "code"), [("nowhere", 422), ("", 422), ("closed", 303)])
def test_a_column_that_there_is_not_is_input_that_is_none(client, to, code):
    ticket = make.ticket()
    db.session.commit()
    assert move(client, ticket, to).status_code == code


def test_whoever_was_slower_does_not_undo_what_another_did(client, petra, client_for):
    ticket = make.ticket()
    db.session.commit()
    seen = ticket.status_id
    move(client_for(make.agent()), ticket, "closed", **{"from": seen})

    answer = move(client, ticket, "in_progress", **{"from": seen})
    assert (answer.status_code, "Somebody was faster" in answer.text) == (409, True)
    assert ticket.is_done
    assert move(client, ticket, "closed", **{"from": seen}).status_code == 303  # what both wanted


def test_the_statements_do_not_grow_with_the_cards(client, statements):
    make.ticket()
    db.session.commit()
    board(client)
    statements.clear()
    board(client)
    few = len(statements)
    for number in range(30):
        make.ticket(title=f"No. {number}", assignee=make.agent())
    db.session.commit()
    board(client)
    statements.clear()
    board(client)
    assert len(statements) == few <= 6


def test_the_short_address_is_that_of_all_that_is_open(client):
    assert client.get("/board").location == "/queue?layout=board"
