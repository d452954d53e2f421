"""Policies and calendars as admins keep them: made, refused, ordered, rolled back, told to the audit log."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.sla.forms import NoHoursTyped, hours_of
from portal.sla.models import SlaCalendar, SlaPolicy, SlaRecount
from tests import factories as make

OFFICE = {"name": "Office", "zone": "Europe/Berlin", "monday": "9-12, 13:00-17:00", "friday": "09:00-12:00"}


@pytest.fixture
def admin(world):
    return make.admin(name="Aylin", timezone="Europe/Berlin")


@pytest.fixture
def client(admin, client_for):
    db.session.commit()
    return client_for(admin)


def gold(calendar, **values):
    return {
        "name": "Gold",
        "calendar_id": calendar.id,
        "first_response_high": "30m",
        "resolution_high": "1h 30m",
        "warn_at": "80",
        "pauses": ["requester", "supplier"],
    } | values


def committed(thing):
    db.session.commit()
    return thing


def only(model):
    return db.session.scalars(select(model)).one()


def audited(*kinds):
    events = select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)
    return [
        {name: (both["old"]["label"], both["new"]["label"]) for name, both in event.data["changes"].items()}
        for event in db.session.scalars(events)
    ]


def names():
    return list(db.session.scalars(select(SlaPolicy.name).order_by(SlaPolicy.position)))


# Calendars.


def test_an_admin_makes_a_calendar(client):
    days = "2026-12-24 Christmas Eve\n2026-12-31 09:00-12:00 New Year's Eve"
    sent = OFFICE | {"country": "DE", "region": "BY", "days": days}

    answer = client.post("/admin/calendars/new", data=sent)

    assert answer.status_code in {204, 303, 302}
    assert only(SlaCalendar).current.definition == {
        "name": "Office",
        "zone": "Europe/Berlin",
        "week": [[[540, 720], [780, 1020]], [], [], [], [[540, 720]], [], []],
        "country": "DE",
        "region": "BY",
        "days": [
            {"day": "2026-12-24", "name": "Christmas Eve", "hours": []},
            {"day": "2026-12-31", "name": "New Year's Eve", "hours": [[540, 720]]},
        ],
    }
    assert audited(Kind.SLA_CALENDAR_CREATED)[0]["monday"] == (None, "09:00-12:00, 13:00-17:00")


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"monday": "", "friday": ""}, "monday", "A calendar needs hours"),
        ({"monday": "9 to 5"}, "monday", "is no time from and until"),
        ({"monday": "22:00-06:00"}, "monday", "ends before it begins"),
        ({"monday": "09:00-12:00, 11:00-13:00"}, "monday", "overlap"),
        ({"monday": "09:00-25:00"}, "monday", "ends at 24:00"),
        ({"days": "tomorrow"}, "days", "does not begin with a day"),
        ({"days": "2026-02-30 Never"}, "days", "does not begin with a day"),
        ({"days": "2026-12-24\n2026-12-24"}, "days", "stands there twice"),
        ({"name": " "}, "name", "Enter a name."),
        ({"zone": "Mars/Olympus"}, "zone", "Not a valid choice"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said_at_its_field_and_nothing_is_lost(client, change, field, said):
    sent = OFFICE | {"days": "2026-05-05 Own"} | change

    answer = client.post("/admin/calendars/new", data=sent)

    assert answer.status_code == 422
    assert said in re.search(rf'id="{field}-error".*?</div>', answer.text, re.DOTALL)[0]
    for kept in ("days", "friday"):
        assert sent[kept].replace("\n", "\r\n").split()[0] in answer.text if sent[kept] else True
    assert list(db.session.scalars(select(SlaCalendar))) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ()),
        ("9-17", ((540, 1020),)),
        ("13:00-17:30; 9:00–12:00", ((540, 720), (780, 1050))),
        ("0-24", ((0, 1440),)),
        ("9-12,12-13", ((540, 720), (720, 780))),
    ],
)
def test_hours_are_typed_as_people_do(app, typed, meant):
    assert hours_of(typed) == meant


@pytest.mark.parametrize("typed", ["9", "12-9", "9-9", "9:60-10", "0-24:01", "x-y"])
def test_hours_that_are_none_are_refused(app, typed):
    with app.test_request_context(), pytest.raises(NoHoursTyped):
        hours_of(typed)


def test_the_holidays_of_a_region_are_shown_before_anything_is_kept(client):
    with clock.travelling_to(datetime(2026, 11, 23, tzinfo=UTC)):
        fragment = client.post("/admin/calendars/holidays", data={"country": "DE", "region": "BY"})
        page = client.post("/admin/calendars/new", data=OFFICE | {"country": "DE", "preview": "yes"})

    assert "Bayern" in fragment.text
    assert "12 public holidays in the coming year" in fragment.text
    assert "Epiphany" in fragment.text
    assert page.status_code == 200
    assert "Epiphany" not in page.text
    assert list(db.session.scalars(select(SlaCalendar))) == []


def test_a_region_of_another_country_is_forgotten(client):
    fragment = client.post("/admin/calendars/holidays", data={"country": "GB", "region": "BY"})

    assert "Scotland" in fragment.text
    assert "Bayern" not in fragment.text


def test_a_change_makes_a_version_that_can_be_taken_back(client):
    calendar = committed(make.calendar("Office"))
    was = calendar.current.definition

    changed = client.post(f"/admin/calendars/{calendar.id}", data=OFFICE | {"version": 1})
    assert changed.status_code in {204, 302, 303}
    db.session.refresh(calendar)
    assert calendar.version == 2

    versions = client.get(f"/admin/calendars/{calendar.id}/versions").text
    assert "<s>09:00-12:00, 13:00-17:00</s> <ins>09:00-12:00</ins>" in versions
    client.post(f"/admin/calendars/{calendar.id}/versions/1/restoration")
    db.session.refresh(calendar)
    assert (calendar.version, calendar.current.definition) == (3, was)
    assert len(audited(Kind.SLA_CALENDAR_EDITED)) == 2
    assert client.post(f"/admin/calendars/{calendar.id}/versions/9/restoration").status_code == 404


def test_what_somebody_else_has_changed_meanwhile_is_not_replaced_unseen(client):
    calendar = committed(make.calendar("Office"))
    client.post(f"/admin/calendars/{calendar.id}", data=OFFICE | {"version": 1, "name": "First"})

    late = client.post(f"/admin/calendars/{calendar.id}", data=OFFICE | {"version": 1, "name": "Second"})

    assert late.status_code == 409
    assert "Somebody else has changed it" in late.text
    assert 'value="Second"' in late.text
    assert only(SlaCalendar).name == "First"


def test_a_calendar_that_a_policy_goes_by_is_not_deleted(client):
    used, free = make.calendar("Used"), make.calendar("Free")
    make.policy(kept_by=used)
    db.session.commit()

    assert client.post(f"/admin/calendars/{used.id}/deletion").status_code == 409
    assert client.post(f"/admin/calendars/{free.id}/deletion").status_code == 303
    assert list(db.session.scalars(select(SlaCalendar.name))) == ["Used"]


def test_calendars_are_searched(client):
    make.calendar("Office")
    make.calendar("Night")
    db.session.commit()

    page = client.get("/admin/calendars?q=nig").text

    assert "Night" in page
    assert "Office" not in page


# Policies.


def test_an_admin_makes_a_policy(client):
    calendar = committed(make.calendar())

    answer = client.post("/admin/sla/new", data=gold(calendar, filter="PRIO:high"))

    assert answer.status_code in {204, 302, 303}
    assert only(SlaPolicy).current.definition == {
        "name": "Gold",
        "description": "",
        "filter": "priority:high",
        "targets": {"first_response": {"high": 30}, "resolution": {"high": 90}},
        "pauses": ["requester", "supplier"],
        "warn_at": 80,
    }
    assert only(SlaRecount).finished_at is None


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"filter": "prioritie:high"}, "filter", "priority"),
        ({"filter": "team:nobody-knows"}, "filter", "nobody-knows"),
        ({"filter": "assignee:me"}, "filter", "assignee"),
        ({"first_response_high": "", "resolution_high": ""}, "first_response_critical", "promises something"),
        ({"first_response_high": "soon"}, "first_response_high", "is no length of time"),
        ({"first_response_high": "0"}, "first_response_high", "is no length of time"),
        ({"warn_at": "100"}, "warn_at", "from 1 to 99"),
        ({"warn_at": "x"}, "warn_at", "from 1 to 99"),
        ({"calendar_id": "999999"}, "calendar_id", "Not a valid choice"),
        ({"name": ""}, "name", "Enter a name."),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_at_its_field_and_nothing_is_lost(client, change, field, said):
    calendar = committed(make.calendar())
    sent = gold(calendar, description="What we promise") | change

    answer = client.post("/admin/sla/new", data=sent)

    assert answer.status_code == 422
    assert said in re.search(rf'id="{field}-error".*?</div>', answer.text, re.DOTALL)[0]
    assert "What we promise" in answer.text
    for name in ("filter", "first_response_high", "warn_at"):
        if sent.get(name):
            assert f'value="{sent[name]}"' in answer.text
    assert list(db.session.scalars(select(SlaPolicy))) == []


def test_a_name_that_there_is_is_refused_with_what_was_typed(client):
    make.policy("Gold")
    calendar = committed(make.calendar())

    answer = client.post("/admin/sla/new", data=gold(calendar))

    assert answer.status_code == 409
    assert "is there already" in answer.text
    assert 'value="1h 30m"' in answer.text


def test_the_page_of_a_policy_shows_it_as_it_is_typed(client):
    policy = committed(make.policy("Gold", first=90, filter="priority:high"))

    page = client.get(f"/admin/sla/{policy.id}").text

    for typed in ('value="1h 30m"', 'value="priority:high"', 'value="2h"'):
        assert typed in page


def test_saving_what_it_is_already_changes_nothing(client):
    calendar = committed(make.calendar())
    client.post("/admin/sla/new", data=gold(calendar))
    policy = only(SlaPolicy)

    client.post(f"/admin/sla/{policy.id}", data=gold(calendar, version=1))

    db.session.refresh(policy)
    assert policy.version == 1
    assert audited(Kind.SLA_POLICY_EDITED) == []


def test_a_change_is_audited_with_before_and_after_and_can_be_taken_back(client):
    calendar = committed(make.calendar())
    client.post("/admin/sla/new", data=gold(calendar))
    policy = only(SlaPolicy)
    was = policy.current.definition

    client.post(f"/admin/sla/{policy.id}", data=gold(calendar, version=1, resolution_high="2h"))
    assert audited(Kind.SLA_POLICY_EDITED) == [{"resolution.high": (90, 120)}]
    assert "Minutes to the solution, high: <b>90</b> became <b>120</b>" in client.get("/admin/audit").text

    client.post(f"/admin/sla/{policy.id}/versions/1/restoration")
    db.session.refresh(policy)
    assert (policy.version, policy.current.definition) == (3, was)
    assert "<s>90</s> <ins>120</ins>" in client.get(f"/admin/sla/{policy.id}/versions").text


def test_policies_are_put_in_order_by_steps_and_by_places(client):
    first, second, third = (make.policy(name) for name in ("First", "Second", "Third"))
    db.session.commit()
    moves = (
        (third, {"direction": "up"}, ["First", "Third", "Second"]),
        (first, {"direction": "up"}, ["First", "Third", "Second"]),
        (first, {"direction": "down"}, ["Third", "First", "Second"]),
        (second, {"before": third.id}, ["Second", "Third", "First"]),
        (second, {"before": ""}, ["Third", "First", "Second"]),
        (second, {"before": "nonsense"}, ["Third", "First", "Second"]),
        (second, {}, ["Third", "First", "Second"]),
    )
    for policy, asked, order in moves:
        client.post(f"/admin/sla/{policy.id}/position", data=asked)
        assert names() == order
    assert audited(Kind.SLA_POLICIES_ORDERED)[0] == {
        "order": ("First, Second, Third", "First, Third, Second")
    }


def test_a_policy_is_switched_off_and_on_again(client):
    policy = committed(make.policy("Gold"))

    off = client.post(f"/admin/sla/{policy.id}/state", data={"enabled": "no"}, headers={"HX-Request": "true"})

    assert "Off" in off.text
    db.session.refresh(policy)
    assert not policy.is_enabled
    client.post(f"/admin/sla/{policy.id}/state", data={"enabled": "yes"})
    db.session.refresh(policy)
    assert policy.is_enabled


def test_a_copy_is_not_in_force(client):
    policy = committed(make.policy("Gold", filter="priority:high"))

    for _turn in range(2):
        client.post(f"/admin/sla/{policy.id}/copies")

    copies = list(db.session.scalars(select(SlaPolicy).where(SlaPolicy.id != policy.id)))
    assert {copy.name for copy in copies} == {"Copy of Gold", "Copy of Gold 2"}
    assert not any(copy.is_enabled for copy in copies)
    assert copies[0].current.definition["filter"] == "priority:high"


def test_the_list_is_searched_and_says_what_each_policy_does(client):
    team = make.team(name="Printers")
    make.policy("Gold", filter="team:Printers")
    make.policy("Silver")
    make.ticket()
    db.session.commit()

    page = client.get("/admin/sla").text
    assert page.index("Gold") < page.index("Silver")
    assert '<td class="wide-only number">1</td>' in page
    assert "Silver" not in client.get("/admin/sla?q=printers").text

    team.name = "Plotters"
    db.session.commit()
    assert "Fits nothing" in client.get("/admin/sla").text


def test_without_anything_the_list_says_where_to_begin(client):
    page = client.get("/admin/sla").text

    assert "Nothing is promised yet" in page
    assert "Begin with a calendar" in page


def test_nobody_but_admins_comes_here(client_for):
    policy = committed(make.policy())
    for person in (make.employee(), make.agent(), make.manager()):
        db.session.commit()
        asked = client_for(person)
        for path in ("/admin/sla", f"/admin/sla/{policy.id}", "/admin/calendars"):
            assert asked.get(path).status_code == 403
