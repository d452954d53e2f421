"""How long the desk worked on a ticket: noted by those who did, read by the desk alone."""

from datetime import timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.invariants import broken
from portal.tickets.models import TimeEntry
from portal.web.durations import duration, minutes_of
from tests import factories as make


@pytest.fixture
def desk(world, client_for):
    """A ticket, and an agent's browser."""
    ticket, ann = make.ticket(), make.agent(name="Ann Agent")
    db.session.commit()
    return ticket, client_for(ann)


def today():
    return clock.now().date()


def notes(client, ticket, length="1h 30m", day=None, note=""):
    data = {"length": length, "worked_on": (day or today()).isoformat(), "note": note}
    return client.post(f"/tickets/{ticket.key}/time", data=data)


def entry_of(ticket):
    return db.session.query(TimeEntry).filter_by(ticket_id=ticket.id).one()


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("45", 45), ("45m", 45), ("45 min", 45), ("1h", 60), ("1 h 30", 90), ("1h30m", 90), ("1:30", 90),
        ("1,5 h", 90), ("1.25h", 75), ("2 Std. 5 Min.", 125), (" 10 Minuten ", 10), ("0", 0), ("24h", 1440),
        ("", None), ("h", None), ("-5", None), ("1:75", None), ("1h 30s", None), ("a day", None),
        ("1e3", None), ("9" * 30, None), ("٣", None),
    ],
)  # fmt: skip
def test_lengths_as_people_type_them(typed, minutes):
    assert minutes_of(typed) == minutes


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [(0, "0 min", "0 Min."), (90, "1 hr 30 min", "1 Std. 30 Min."), (120, "2 hr", "2 Std.")],
)
def test_lengths_as_people_read_them(app: Flask, minutes, english, german):
    with app.test_request_context():
        with force_locale("en"):
            assert duration(minutes) == english
        with force_locale("de"):
            assert duration(minutes) == german


def test_what_is_noted_adds_up_and_stands_in_the_history(desk):
    ticket, client = desk
    assert notes(client, ticket, "1h 30m", note="Cabinet C2").status_code == 303
    assert notes(client, ticket, "20", today() - timedelta(days=1)).status_code == 303

    page = client.get(f"/tickets/{ticket.key}/time").text
    assert "Cabinet C2" in page
    assert "1 hr 50 min" in page
    shown = client.get(f"/tickets/{ticket.key}").text
    assert "1 hr 50 min" in shown
    assert "worked on it for 20 min" in shown
    assert ticket.minutes_spent == 110
    assert not broken()


def test_it_is_taken_back_by_whoever_noted_it_or_a_manager(desk, client_for):
    ticket, client = desk
    notes(client, ticket)
    path = f"/tickets/{ticket.key}/time/{entry_of(ticket).id}/removal"

    assert client_for(make.agent()).post(path).status_code == 403
    assert client_for(make.manager()).post(path).status_code == 303
    assert ticket.minutes_spent == 0
    assert client.post(path).status_code == 404
    assert "took back 1 hr 30 min that Ann Agent had noted" in client.get(f"/tickets/{ticket.key}").text


def test_an_entry_of_another_ticket_is_not_found_here(desk):
    ticket, client = desk
    notes(client, ticket)
    other = make.ticket()
    db.session.commit()

    assert client.post(f"/tickets/{other.key}/time/{entry_of(ticket).id}/removal").status_code == 404


@pytest.mark.parametrize("length", ["", "0", "soon", "25h", "-5"])
def test_what_is_no_length_is_refused_and_kept(desk, length):
    ticket, client = desk

    answer = notes(client, ticket, length, note="Cabinet C2")

    assert (answer.status_code, 'value="Cabinet C2"' in answer.text) == (422, True)


def test_nobody_works_in_the_future_or_more_than_a_day_on_a_day(desk):
    ticket, client = desk

    assert notes(client, ticket, day=today() + timedelta(days=2)).status_code == 422
    notes(client, ticket, "20h")
    answer = notes(client, ticket, "5h")
    assert (answer.status_code, "no more than 24 hours" in answer.text) == (409, True)
    assert ticket.minutes_spent == 1200


def test_requesters_learn_nothing_of_it(desk, client_for):
    ticket, client = desk
    notes(client, ticket, note="Cabinet C2")
    theirs = client_for(ticket.requester)

    shown = theirs.get(f"/tickets/{ticket.key}").text
    assert not any(word in shown for word in ("1 hr 30 min", "Time spent", "Cabinet C2"))
    assert theirs.get(f"/tickets/{ticket.key}/time").status_code == 403
    assert not db.session.query(Event).filter_by(kind=Kind.TIME_SPENT).one().is_public


def test_filters_find_what_took_long(desk):
    ticket, client = desk
    notes(client, ticket, "3h")

    assert ticket.key in client.get("/queue/all", query_string={"q": "spent>120"}).text
    assert ticket.key not in client.get("/queue/all", query_string={"q": "spent<120"}).text
