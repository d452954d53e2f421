"""By when a ticket is to be done: set and cleared, told, shown, and sorted by."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.tickets.deadlines import set_due
from portal.tickets.due import end_of
from portal.tickets.lists import Sort
from portal.tickets.selections import Selection, Slice, page_of
from tests import factories as make

HTMX = {"HX-Request": "true"}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def petra(world):
    return make.agent(name="Petra Lindqvist", timezone="Europe/Berlin")


def due_in(**ahead):
    ticket = make.ticket()
    set_due(ticket, clock.now() + timedelta(**ahead), actor=None)
    return ticket


@pytest.mark.parametrize(
    ("day", "at", "moment"),
    [
        (date(2026, 12, 1), None, "2026-12-01T22:59:59+00:00"),
        (date(2026, 7, 1), time(9, 30), "2026-07-01T07:30:00+00:00"),
        (date(2026, 10, 25), None, "2026-10-25T22:59:59+00:00"),  # the day the clocks change
    ],
)
def test_a_day_ends_in_the_zone_of_who_sets_it(day, at, moment):
    assert end_of(day, at, BERLIN).isoformat() == moment


def test_an_agent_sets_moves_and_clears_it(petra, client_for):
    ticket = make.ticket()
    db.session.commit()
    client, path = client_for(petra), f"/tickets/{ticket.key}/due"
    day = clock.now().year + 1

    client.post(path, data={"day": f"{day}-05-04", "version": ticket.version})
    assert ticket.due_at == datetime(day, 5, 4, 21, 59, 59, tzinfo=UTC)
    form = client.get(path).text
    assert f'value="{day}-05-04"' in form
    assert 'name="at" type="time" value=""' in form
    client.post(path, data={"day": f"{day}-05-04", "at": "09:30", "version": ticket.version})
    assert ticket.due_at == datetime(day, 5, 4, 7, 30, tzinfo=UTC)
    panel = client.post(path, data={"day": "", "version": ticket.version}, headers=HTMX)
    assert ticket.due_at is None

    assert re.search(r"set the due date to <b>[^<]* 23:59</b>", panel.text)
    assert re.search(r"moved the due date from <b>[^<]* 23:59</b> to <b>[^<]* 09:30</b>", panel.text)
    assert re.search(r"took off the due date <b>[^<]* 09:30</b>", panel.text)
    told = list(db.session.scalars(select(Event).where(Event.kind == Kind.DUE_CHANGED).order_by(Event.id)))
    assert [event.is_public for event in told] == [False, False, False]
    assert told[0].data["changes"]["due_at"] == {
        "old": {"id": None, "label": None},
        "new": {"id": f"{day}-05-04T21:59:59+00:00", "label": f"{day}-05-04T21:59:59+00:00"},
    }


def test_a_day_that_is_pressed_is_whole_and_one_button_clears_it(petra, client_for):
    ticket = due_in(days=1, hours=1)
    db.session.commit()
    client, path = client_for(petra), f"/tickets/{ticket.key}/due"
    form = client.get(path).text
    day = re.search(r'name="day" value="([\d-]+)"', form[form.index("clear-due") :])[1]
    client.post(path, data={"day": day, "version": ticket.version})
    assert ticket.due_at.astimezone(BERLIN).isoformat().startswith(f"{day}T23:59:59")
    client.post(path, data={"version": ticket.version})
    assert ticket.due_at is None


def test_the_same_moment_changes_nothing(petra, client_for):
    ticket = due_in(days=3)
    version = ticket.version
    set_due(ticket, ticket.due_at, actor=petra)
    assert ticket.version == version


@pytest.mark.parametrize(
    "sent",
    [
        {"day": "tomorrow"},
        {"day": "2026-13-01"},
        {"day": "9999-12-31"},
        {"at": "09:00"},
        {"day": "0001-01-01"},
    ],
)
def test_what_is_no_day_is_refused(petra, client_for, sent):
    ticket = make.ticket()
    db.session.commit()
    page = client_for(petra).post(f"/tickets/{ticket.key}/due", data={"version": 1} | sent)
    assert page.status_code == 422
    assert ticket.due_at is None


def test_who_sets_it_after_somebody_else_did_is_shown_theirs(petra, client_for):
    ticket = make.ticket()
    seen = ticket.version
    set_due(ticket, clock.now() + timedelta(days=400), actor=make.agent(name="Ben"))
    db.session.commit()
    client, mine = client_for(petra), (clock.now() + timedelta(days=9)).date().isoformat()

    page = client.post(f"/tickets/{ticket.key}/due", data={"day": mine, "version": seen})

    assert page.status_code == 409
    assert "Ben: due" in page.text
    assert f'value="{mine}"' in page.text
    again = re.search(r'name="version" value="(\d+)"', page.text)[1]
    assert client.post(f"/tickets/{ticket.key}/due", data={"day": mine, "version": again}).status_code == 303
    assert ticket.due_at.astimezone(BERLIN).date().isoformat() == mine


def test_requesters_learn_nothing_of_it(world, client_for):
    ann = make.employee()
    ticket = make.ticket(ann)
    set_due(ticket, clock.now() - timedelta(days=400), actor=None)
    db.session.commit()
    client = client_for(ann)
    page = client.get(f"/tickets/{ticket.key}").text
    assert "due date" not in page
    assert "Overdue" not in page
    assert client.post(f"/tickets/{ticket.key}/due", data={"day": "", "version": 1}).status_code == 403


def test_what_is_late_says_so_in_a_word(petra, client_for):
    late, soon = due_in(hours=-1), due_in(days=2)
    done = make.ticket(team=make.team(), assignee=petra, status="closed")
    set_due(done, clock.now() - timedelta(days=1), actor=None)
    db.session.commit()
    client = client_for(petra)
    page = client.get("/queue/all").text
    row = dict(re.findall(r'id="row-([^"]+)"(.*?)</tr>', page, re.DOTALL))
    assert "Overdue" in row[late.key]
    assert "Overdue" not in row[soon.key] + row[done.key]
    assert "Overdue" in client.get(f"/tickets/{late.key}").text


def test_lists_walk_by_due_date_and_those_without_come_last(petra):
    tickets = [due_in(days=3), make.ticket(), due_in(days=1), make.ticket(), due_in(days=-2)]
    expected = [tickets[4], tickets[2], tickets[0], tickets[1], tickets[3]]
    order, cursor, walked = Sort.typed("due"), None, []
    while True:
        page = page_of(Selection.once(petra), Slice(order, cursor, 2))
        walked += [row.key for row in page.rows]
        if not (cursor := page.older):
            break
    assert walked == [ticket.key for ticket in expected]
    back = [row.key for row in page_of(Selection.once(petra), Slice(Sort.typed("-due"), None, 9)).rows]
    assert back == walked[::-1]
