"""Test this moment: when it would be due, what was counted, and what is said of what makes no sense."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.extensions import db
from portal.sla.calendar import NoHours, Time
from portal.sla.models import SlaCalendarVersion
from portal.sla.replay import Target
from portal.sla.trial import MOST, try_out
from tests import factories as make
from tests.sla.test_calendar import at, calendar, calendars, moments

FRAGMENT = {"HX-Request": "true"}
HOUR = timedelta(hours=1)
CHRISTMAS = {"day": "2026-12-23", "at": "15:00"}  # a Wednesday


def nameless(_day):
    return ""


@given(calendars(), moments, st.integers(1, 60))
def test_what_was_counted_is_what_was_asked_for(known, start, hours):
    try:
        due_at = known.add(start, hours * HOUR)
    except NoHours:
        assert try_out(known, start, hours * HOUR, called=nameless).due_at is None
        return
    tried = try_out(known, start, hours * HOUR, called=nameless)

    assert tried.due_at == due_at
    assert len(tried.stretches) <= MOST
    ends = [start, *(each.end for each in tried.stretches)]
    assert [each.start for each in tried.stretches] == ends[:-1]
    if not tried.more:
        counted = [each.end - each.start for each in tried.stretches if each.kind is Time.WORKING]
        assert sum(counted, timedelta()) == hours * HOUR
        assert ends[-1] == due_at


def test_holidays_in_a_row_are_all_named():
    names = {date(2026, 12, 25): "Christmas", date(2026, 12, 28): "A day of our own"}
    known = calendar(country="DE", days={date(2026, 12, 28): ()})

    tried = try_out(known, at("2026-12-24T16:00"), 2 * HOUR, called=lambda day: names.get(day, ""))

    assert tried.due_at == at("2026-12-29T10:00")
    assert [each.names for each in tried.stretches if each.names] == [("Christmas",), ("A day of our own",)]


@pytest.fixture
def admin(world, client_for):
    admin = make.admin(timezone="Europe/Berlin")
    db.session.commit()
    return client_for(admin)


@pytest.fixture
def office(world):
    made = make.calendar("Office", country="DE")
    db.session.commit()
    return made


@pytest.fixture
def gold(office):
    targets = {Target.FIRST_RESPONSE: {"high": 60}, Target.RESOLUTION: {"high": 480}}
    made = make.policy("Gold", kept_by=office, targets=targets)
    db.session.commit()
    return made


def typed(**changes):
    week = {"monday": "09:00-17:00", "wednesday": "09:00-17:00", "thursday": "09:00-17:00"}
    return week | {"zone": "Europe/Berlin", "country": "", "region": "", "days": ""} | CHRISTMAS | changes


def test_without_a_script_it_is_a_page_that_goes_by_what_is_saved(admin, office):
    linked = admin.get(f"/admin/calendars/{office.id}").text
    assert f'href="/admin/calendars/{office.id}/trial"' in linked

    page = admin.get(f"/admin/calendars/{office.id}/trial", query_string=CHRISTMAS | {"length": "12h"})

    assert page.status_code == 200
    assert "Due on Mon, 28 Dec 2026, 12:00, after 12 hr of working time." in page.text
    assert "holiday: Christmas Day" in page.text
    assert "counted: 2 hr" in page.text
    assert "outside hours" in page.text
    assert "By what is saved" in page.text


def test_a_script_has_it_go_by_what_is_typed(admin, office):
    answer = admin.post(
        f"/admin/calendars/{office.id}/trial",
        data=typed(length="4h", days="2026-12-24 10:00-11:00 Half a day"),
        headers=FRAGMENT,
    )

    assert answer.status_code == 200
    assert "Due on Mon, 28 Dec 2026, 10:00, after 4 hr of working time." in answer.text
    assert "saved or not" in answer.text
    assert db.session.scalar(select(func.count()).select_from(SlaCalendarVersion)) == 1


def test_a_calendar_that_is_not_made_yet_can_be_tried(admin):
    answer = admin.post("/admin/calendars/trial", data=typed(length="1h"), headers=FRAGMENT)

    assert "Due on Wed, 23 Dec 2026, 16:00, after 1 hr of working time." in answer.text


def test_before_anything_is_typed_it_waits(admin):
    page = admin.get("/admin/calendars/trial")

    assert page.status_code == 200
    assert "as soon as the form above says enough" in page.text


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"day": ""}, "day", "Choose a day."),
        ({"day": "soon"}, "day", "Not a valid date value."),
        ({"day": "9999-12-31"}, "day", "Choose a day from 1970 to 2100."),
        ({"at": "25:00"}, "at", "Not a valid time value."),
        ({"length": ""}, "length", "Enter a length of time"),
        ({"length": "a while"}, "length", "is no length of time"),
        ({"length": "99999h"}, "length", "is no length of time"),
    ],
)
def test_what_makes_no_sense_is_said_at_the_field(admin, office, sent, field, said):
    url = f"/admin/calendars/{office.id}/trial"
    for answer in (
        admin.get(url, query_string=CHRISTMAS | {"length": "4h"} | sent),
        admin.post(url, data=typed(length="4h") | sent, headers=FRAGMENT),
    ):
        assert answer.status_code == 422
        assert said in re.search(rf'id="{field}-error".*?</div>', answer.text, re.DOTALL)[0].replace(
            "&#34;", '"'
        )
        assert "Due on" not in answer.text


def test_what_is_wrong_with_the_hours_is_said_too(admin, office):
    answer = admin.post(
        f"/admin/calendars/{office.id}/trial", data=typed(length="4h", monday="9-8"), headers=FRAGMENT
    )

    assert answer.status_code == 422
    assert "ends before it begins" in answer.text


def test_hours_that_never_come_are_said(admin):
    week = dict.fromkeys(("monday", "wednesday", "thursday"), "") | {"sunday": "09:00-09:01"}

    answer = admin.post("/admin/calendars/trial", data=typed(length="60000m", **week), headers=FRAGMENT)

    assert answer.status_code == 200
    assert "It is never due" in answer.text


def test_a_policy_is_tried_at_a_priority(admin, gold):
    url = f"/admin/sla/{gold.id}/trial"

    page = admin.get(url, query_string=CHRISTMAS | {"priority": "high"})
    none = admin.get(url, query_string=CHRISTMAS | {"priority": "low"})

    first, solution = "<strong>First answer</strong>", "<strong>Solution</strong>"
    assert f"{first}: Due on Wed, 23 Dec 2026, 16:00, after 1 hr of working time." in page.text
    assert f"{solution}: Due on Thu, 24 Dec 2026, 16:00, after 8 hr of working time." in page.text
    assert "At this priority nothing is promised." in none.text


def test_a_policy_is_tried_as_it_is_typed_by_the_calendar_that_is_chosen(admin, gold):
    always = make.calendar("Always", week=make.ALWAYS)
    db.session.commit()
    sent = {"calendar_id": always.id, "first_response_low": "10h", "priority": "low"} | CHRISTMAS

    for url in (f"/admin/sla/{gold.id}/trial", "/admin/sla/trial"):
        answer = admin.post(url, data=sent, headers=FRAGMENT)
        assert "Due on Thu, 24 Dec 2026, 01:00, after 10 hr of working time." in answer.text


def test_times_that_are_none_are_said(admin, gold):
    sent = {"calendar_id": gold.current.calendar_id, "first_response_low": "soon", "priority": "low"}

    answer = admin.post(f"/admin/sla/{gold.id}/trial", data=sent | CHRISTMAS, headers=FRAGMENT)

    assert answer.status_code == 422
    assert "is no length of time" in answer.text


def test_a_moment_is_one_of_the_calendars_zone(admin):
    sent = typed(zone="America/New_York", length="1h")

    answer = admin.post("/admin/calendars/trial", data=sent, headers=FRAGMENT)

    assert "Due on Wed, 23 Dec 2026, 16:00," in answer.text
    assert "America/New_York" in answer.text


def test_nobody_else_tries_one_and_what_is_not_there_is_not(admin, office, client_for):
    for person in (make.manager(), make.agent(), make.employee()):
        db.session.commit()
        assert client_for(person).get(f"/admin/calendars/{office.id}/trial").status_code == 403
    assert admin.get("/admin/calendars/999/trial").status_code == 404
    assert admin.get("/admin/sla/999/trial").status_code == 404
