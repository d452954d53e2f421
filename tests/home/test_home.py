"""The first page: an employee's greeting and requests, the desk's figures and where each leads."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from portal import clock
from portal.extensions import db
from portal.home.chart import HEIGHT, LINES, WIDTH, chart, round_up
from portal.tickets import actions
from portal.tickets.models import Priority, WaitingFor
from tests import factories as make


def rows(page):
    return re.findall(r'<tr class="ticket-row', page.text)


@pytest.fixture
def desk(world):
    """Tickets of two teams in every state and priority; one is secret, one came long ago."""
    ours, theirs = make.team(), make.team()
    petra = make.agent(name="Petra", team=ours)
    for number, priority in enumerate([*Priority] * 3):
        make.ticket(team=[ours, theirs, None][number % 3], priority=priority, title=f"Ticket {number}")
    make.ticket(team=ours, assignee=petra, status="in_progress")
    make.ticket(team=ours, assignee=petra, status="blocked", priority=Priority.CRITICAL)
    make.ticket(team=theirs, assignee=petra, is_confidential=True)
    make.ticket(team=ours, is_confidential=True)
    make.ticket(team=ours, status="closed")
    with clock.travelling_to(clock.now() - timedelta(days=3)):
        make.ticket(team=ours, title="Came three days ago")
    db.session.commit()
    return {"agent": petra, "manager": make.manager(), "admin": make.admin(), "lonely": make.agent()}


def figures(page):
    """Each number of the page with the address it leads to."""
    text = unescape(page.text)
    tiles = re.findall(r'<h2><a href="([^"]+)">[^<]*</a></h2>\s*<div class="tile-number">(\d+)', text)
    bars = re.findall(r'<li><a href="([^"]+)">[^<]*</a>.*?<span class="number">(\d+)', text, re.DOTALL)
    days = re.findall(r'<td class="number"><a href="([^"]+)">(\d+)</a></td>', text)
    return tiles, bars, days


@pytest.mark.parametrize("who", ["agent", "manager", "admin", "lonely"])
def test_each_figure_is_the_number_of_tickets_behind_it(desk, client_for, who):
    client = client_for(desk[who])
    tiles, bars, days = figures(client.get("/"))
    assert (len(tiles), len(bars)) == (3, 7)
    assert days
    for address, number in (*tiles, *bars, *days):
        assert len(rows(client.get(f"{address}{'&' if '?' in address else '?'}size=100"))) == int(number), (
            address
        )


def test_a_ticket_that_nobody_may_see_is_counted_for_nobody(desk, client_for):
    totals = {who: int(figures(client_for(desk[who]).get("/"))[0][0][1]) for who in desk}
    assert totals == {"agent": 12, "manager": 15, "admin": 17, "lonely": 4}


def test_the_oldest_stands_first(desk, client_for):
    page = client_for(desk["manager"]).get("/")
    oldest = re.findall(r'<th scope="row"><a href="/tickets/[^"]+">([^<]+)', page.text)
    assert len(oldest) == 5
    assert oldest[0] == "Came three days ago"


def test_a_desk_without_tickets_shows_noughts(world, client_for):
    page = client_for(make.admin()).get("/")
    tiles, bars, days = figures(page)
    assert {number for _, number in (*tiles, *bars)} == {"0"}
    assert days == []
    assert "Nothing is open." in page.text


def test_the_dashboard_needs_at_most_ten_statements(desk, client_for, statements):
    client = client_for(desk["agent"])
    client.application.extensions.pop("site_settings", None)
    statements.clear()
    client.get("/")
    assert len(statements) <= 10


# An employee's.


def test_an_employee_is_greeted_by_the_hour_of_their_day(world, client_for):
    ann = make.employee(name="Ann Sørensen", timezone="Asia/Tokyo")
    client = client_for(ann)
    for hour, words in ((21, "Good morning, Ann"), (3, "Good afternoon, Ann"), (10, "Good evening, Ann")):
        with clock.travelling_to(datetime(2026, 11, 20, hour, 30, tzinfo=UTC)):
            assert words in client_for(ann).get("/").text
    assert client.get("/").status_code == 200


def test_an_employee_begins_with_three_tasks_and_what_is_open(world, client_for):
    ann = make.employee()
    for number in range(6):
        make.ticket(ann, title=f"Request {number}")
    waiting = make.ticket(ann, title="It is your turn", status="in_progress")
    actions.change_status(waiting, make.status("blocked"), actor=None, waiting_for=WaitingFor.REQUESTER)
    make.ticket(ann, title="Request 7")
    make.ticket(ann, title="Long done", status="closed")
    make.ticket(title="Somebody else's")
    db.session.commit()

    page = client_for(ann).get("/")

    titles = re.findall(r'<h3><a href="/tickets/[^"]+"[^>]*>([^<]+)', page.text)
    assert titles == ["It is your turn", "Request 7", "Request 5", "Request 4", "Request 3"]
    assert "One of your requests is waiting for an answer from you." in page.text
    assert "All 8 open requests" in page.text
    for kind in ("incident", "request", "question"):
        assert f'href="/tickets/new?type={kind}"' in page.text
    assert 'action="/tickets"' in page.text


def test_somebody_new_is_told_what_will_stand_here(world, client_for):
    page = client_for(make.employee()).get("/")
    assert "Nothing is open" in page.text
    assert "you always see where it stands" in page.text


def test_an_employees_home_needs_the_same_few_statements_with_3_and_with_60(world, client_for, statements):
    ann = make.employee()
    client, counts = client_for(ann), []
    for number in (3, 57):
        for _turn in range(number):
            make.ticket(ann)
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get("/")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


# The drawing.


@pytest.mark.parametrize(
    ("number", "top"), [(0, 4), (4, 4), (5, 8), (9, 20), (21, 40), (81, 200), (1000, 2000)]
)
def test_the_axis_ends_at_a_number_that_reads_well(number, top):
    assert round_up(number) == top


def test_the_lines_stay_on_the_drawing():
    drawn = chart([0, 3, 80, 12], [1, 1, 79, 12], ["a", "b", "c", "d"])
    numbers = [float(number) for number in re.findall(r"[\d.]+", drawn.created.path + drawn.closed.path)]
    assert all(0 <= x <= WIDTH for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
    assert drawn.created.path.startswith("M0.0 180.0L")
    assert len(drawn.grid) == LINES + 1
    assert abs(drawn.labels[0] - drawn.labels[1]) >= 16
