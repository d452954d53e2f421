"""My requests: what somebody asked for, where it stands in plain words, and how it is found again."""

import re
from html import unescape

import pytest

from portal.extensions import db
from portal.tickets import actions
from portal.tickets.models import Part, WaitingFor
from tests import factories as make


@pytest.fixture
def town(world, client_for):
    ann, team = make.employee(name="Ann"), make.team(name="Network")
    petra = make.agent(name="Petra Lindqvist", team=team)
    tickets = {
        "new": make.ticket(ann, title="VPN drops", team=team),
        "turn": make.ticket(ann, title="Printer on fire", team=team, assignee=petra, status="in_progress"),
        "supplier": make.ticket(ann, title="Second monitor", status="in_progress"),
        "done": make.ticket(ann, title="Printer jam", status="closed"),
        "shared": make.ticket(title="New badge", team=team, assignee=petra, status="in_progress"),
    }
    for name, reason in (("turn", WaitingFor.REQUESTER), ("supplier", WaitingFor.SUPPLIER)):
        actions.change_status(tickets[name], make.status("blocked"), actor=petra, waiting_for=reason)
    actions.take_part(tickets["shared"], ann, Part.WATCHER)
    make.note(tickets["new"], petra, body="An internal hypochondria")
    make.ticket(title="Printer of a stranger")
    db.session.commit()
    return client_for(ann), tickets, petra


def listed(page):
    return set(re.findall(r'<h3><a href="/tickets/([^"]+)"', page.text))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"new", "turn", "supplier", "shared"}),
        ("?show=turn", {"turn"}),
        ("?show=done", {"done"}),
        ("?show=all", {"new", "turn", "supplier", "shared", "done"}),
        ("?show=xyzzy", {"new", "turn", "supplier", "shared"}),
        ("?q=printer", {"turn", "done"}),
        ("?q=printer&show=open", {"turn"}),
        ("?q=PRINTER+jam", {"done"}),
        ('?q="jam+printer"', set()),
        ('?q="unclosed+printer', set()),
        ("?q=status:closed", set()),  # a word like any other
        ("?q=hypochondria", set()),
        ("?q=IT-1", {"new"}),
    ],
)
def test_the_lists_of_an_employee(town, query, shown):
    client, tickets, _ = town
    page = client.get(f"/tickets{query}")
    assert page.status_code == 200
    assert listed(page) == {tickets[name].key for name in shown}


def test_each_tells_where_it_stands_in_plain_words(town):
    client, _, _ = town
    page = unescape(client.get("/tickets").text)
    for words in (
        "We have received your request ·",
        "It's your turn: Petra Lindqvist asked you a question ·",
        "We wait for a supplier ·",
        "Petra Lindqvist is working on it ·",
    ):
        assert words in page
    assert page.count('class="turn"') == page.count("request is-turn") == 1
    assert 'Waiting for you <span class="count is-loud">1</span>' in page


def test_a_search_for_nothing_is_refused_and_kept(town):
    client, _, _ = town
    for typed in ("!!!", "x" * 1001, "a " * 31):
        page = client.get("/tickets", query_string={"q": typed})
        assert page.status_code == 422
        assert 'id="search-error"' in page.text
        assert f'value="{typed.strip()}"' in page.text


def test_each_empty_list_says_what_belongs_there(world, client_for):
    client = client_for(make.employee())
    for query, words in (
        ("", "You have no open requests"),
        ("?show=turn", "Nothing is waiting for you"),
        ("?show=done", "Nothing is done yet"),
        ("?q=xyzzy", "None of your requests holds “xyzzy”"),
    ):
        assert words in client.get(f"/tickets{query}").text


def test_an_agents_own_wishes_are_apart_from_their_work(town, client_for):
    _, _, petra = town
    wish = make.ticket(petra, title="A new chair")
    db.session.commit()
    assert listed(client_for(petra).get("/tickets")) == {wish.key}


def test_pages_are_walked_by_their_links_there_and_back(world, client_for):
    ann = make.employee()
    for _number in range(30):
        make.ticket(ann)
    client = client_for(ann)
    first = client.get("/tickets")
    onward = unescape(re.search(r'href="([^"]+)" rel="next"', first.text)[1])
    second = client.get(onward)
    back = unescape(re.search(r'href="([^"]+)" rel="prev"', second.text)[1])
    assert (len(listed(first)), len(listed(second))) == (25, 5)
    assert not listed(first) & listed(second)
    assert listed(client.get(back)) == listed(first)


def test_my_requests_need_the_same_few_statements_with_3_and_with_60(world, client_for, statements):
    ann = make.employee()
    client, counts = client_for(ann), []
    db.session.commit()
    client.get("/tickets?q=printer")  # how frequent a word is, is remembered
    for number in (3, 57):
        for _turn in range(number):
            make.ticket(ann)
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get("/tickets?q=printer")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_without_a_login_there_is_nothing(world, client_for):
    assert client_for(None).get("/tickets").status_code == 303
