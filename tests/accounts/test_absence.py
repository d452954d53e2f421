"""Telephone, absence and deputy: who says them, and where they are seen."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.absence import away, is_away
from portal.accounts.actions import set_absence
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from tests import factories as make

PROFILE = {"name": "Petra", "locale": "", "timezone": "", "theme": "system", "density": "comfortable"}
AWAY = {"absent_from": "2026-11-20", "absent_until": "2026-11-24"}


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
def petra(app):
    person = make.agent(name="Petra Lindqvist", email="petra@example.org")
    db.session.commit()
    return person


@pytest.fixture
def ben(app):
    person = make.agent(name="Ben Okafor", email="ben@example.org")
    db.session.commit()
    return person


def last_change():
    edited = select(Event).where(Event.kind == Kind.ACCOUNT_EDITED).order_by(Event.id.desc())
    return db.session.scalars(edited).first().data["changes"]


def test_the_telephone_is_kept_and_noted(client_for, petra):
    client = client_for(petra)

    assert client.post("/account", data=PROFILE | {"phone": "  +49 30  1234-5 "}).status_code == 303
    assert client.post("/account", data=PROFILE | {"phone": "1" * 41}).status_code == 422

    db.session.expire_all()
    assert petra.phone == "+49 30 1234-5"
    assert last_change()["phone"]["new"]["label"] == "+49 30 1234-5"


def test_an_absence_with_a_deputy_is_saved_and_taken_back(client_for, petra, ben):
    client = client_for(petra)

    assert client.post("/account/absence", data=AWAY | {"deputy": " BEN@example.org "}).status_code == 303
    db.session.expire_all()
    assert (petra.absent_from, petra.absent_until) == (date(2026, 11, 20), date(2026, 11, 24))
    assert petra.deputy == ben
    assert last_change()["absent_until"]["new"]["label"] == "2026-11-24"
    assert last_change()["deputy"]["new"] == {"id": ben.id, "label": "Ben Okafor"}

    assert (
        client.post(
            "/account/absence", data=dict.fromkeys(AWAY, "") | {"deputy": "ben@example.org"}
        ).status_code
        == 303
    )
    db.session.expire_all()
    assert (petra.absent_from, petra.absent_until, petra.deputy) == (None, None, None)


def test_the_page_shows_what_is_set(client_for, petra, ben):
    client = client_for(petra)
    client.post("/account/absence", data=AWAY | {"deputy": "ben@example.org"})

    text = client.get("/account").text

    assert 'value="2026-11-20"' in text
    assert 'value="ben@example.org"' in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"absent_from": "2026-11-20"}, "Enter the first day and the last one"),
        ({"absent_until": "2026-11-20"}, "Enter the first day and the last one"),
        ({"absent_from": "2026-11-20", "absent_until": "2026-11-19"}, "lies before the first"),
        ({"absent_from": "soon", "absent_until": "later"}, "Not a valid date"),
        ({"absent_from": "0001-01-01", "absent_until": "9999-12-31"}, "of this century"),
        (AWAY | {"deputy": "petra@example.org"}, "another agent, manager or admin"),
        (AWAY | {"deputy": "employee@example.org"}, "another agent, manager or admin"),
        (AWAY | {"deputy": "gone@example.org"}, "another agent, manager or admin"),
        (AWAY | {"deputy": "who@example.org"}, "another agent, manager or admin"),
        (AWAY | {"deputy": "nonsense"}, "Enter a mail address such as"),
    ],
)
def test_nonsense_is_refused_and_kept_in_the_form(client_for, petra, typed, said):
    make.employee(email="employee@example.org")
    make.agent(email="gone@example.org", is_active=False)
    db.session.commit()

    answer = client_for(petra).post("/account/absence", data=typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert all(f'value="{value}"' in answer.text for value in typed.values())
    db.session.expire_all()
    assert petra.absent_from is None


def test_who_is_not_staff_is_never_chosen_and_has_no_absence(client_for):
    ann = make.employee()
    db.session.commit()
    client = client_for(ann)

    assert client.post("/account/absence", data=AWAY).status_code == 403
    assert "Last day away" not in client.get("/account").text


@pytest.mark.parametrize(
    ("hour", "zone", "there"),
    [
        ((24, 22), "Europe/Berlin", True),
        ((24, 23), "Europe/Berlin", False),  # midnight of the 25th, there
        ((25, 9), "Pacific/Honolulu", True),
        ((19, 23), "Europe/Berlin", True),  # the 20th has begun
        ((19, 22), "Europe/Berlin", False),
        ((19, 15), "Asia/Tokyo", True),
    ],
)
def test_days_are_those_of_their_time_zone(app, petra, monkeypatch, hour, zone, there):
    petra.timezone, petra.absent_from, petra.absent_until = zone, date(2026, 11, 20), date(2026, 11, 24)
    day, at = hour
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, day, at, tzinfo=UTC))

    assert is_away(petra) is there


def test_a_deputy_who_has_gone_is_not_named(app, petra, ben):
    with app.test_request_context():
        set_absence(petra, date(2026, 11, 20), date(2026, 11, 24), deputy=ben)
        assert away(petra) == "away until Nov 24, 2026, deputy Ben Okafor"
        ben.is_active = False
        assert away(petra) == "away until Nov 24, 2026"


def test_it_stands_where_people_are_chosen_and_on_the_ticket(client_for, world, petra, ben):
    ticket = make.ticket(assignee=petra)
    petra.absent_from, petra.absent_until, petra.deputy = date(2026, 11, 20), date(2026, 11, 24), ben
    db.session.commit()
    client = client_for(ben)

    for path in (f"/tickets/{ticket.key}/assignment", f"/tickets/{ticket.key}"):
        assert "away until Nov 24, 2026, deputy Ben Okafor" in client.get(path).text, path


def test_the_list_to_choose_from_asks_as_much_for_many_who_are_away(
    client_for, world, petra, ben, statements
):
    ticket = make.ticket()
    db.session.commit()
    client = client_for(ben)
    path = f"/tickets/{ticket.key}/assignment"
    client.get(path)
    statements.clear()
    client.get(path)
    few = len(statements)
    for number in range(20):
        deputy = make.agent(name=f"Deputy {number}")
        make.agent(absent_from=date(2026, 11, 1), absent_until=date(2026, 12, 1), deputy=deputy)
    db.session.commit()
    statements.clear()

    text = client.get(path).text

    assert text.count("away until") == 20
    assert len(statements) == few


def test_whoever_works_on_a_ticket_sees_the_requesters_telephone(client_for, world, petra):
    ann = make.employee(phone="+49 30 1234")
    ticket = make.ticket(ann)
    db.session.commit()

    assert "+49 30 1234" in client_for(petra).get(f"/tickets/{ticket.key}").text


def test_the_field_offers_those_who_may_stand_in(client_for, app):
    petra, ben, gone, ann = make.agent(), make.manager(), make.agent(is_active=False), make.employee()
    db.session.commit()

    page = client_for(petra).get("/account").text

    assert f'<option value="{ben.email}">{ben.name}</option>' in page
    for other in (petra, gone, ann):
        assert f'<option value="{other.email}">' not in page
    assert 'id="deputies"' not in client_for(ann).get("/account").text
