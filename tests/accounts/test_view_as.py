"""An admin sees the desk as somebody else: just so, for a while, and without leaving a trace on them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.accounts import people, viewing
from portal.accounts.models import Session, User, digest
from portal.accounts.policy import may_view_as
from portal.events.deliveries import claim_next, deliver
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.live import _still
from portal.notifications.models import Notification
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.web.routes import doors

WHY = "Ann cannot find the topic Printing"
SAID = "You see the desk as Ann Sørensen."
STOP = "/view-as/stop"


@pytest.fixture
def ann(world):
    return make.employee(name="Ann Sørensen")


@pytest.fixture
def boss(world):
    person = make.admin(name="Aylin Demir")
    db.session.commit()
    return person


@pytest.fixture
def view_as(client_for, boss):
    """The browser of the admin, who sees the desk as this person from now on."""

    def begin(person):
        db.session.commit()
        client = client_for(boss)
        answer = client.post(f"/admin/people/{person.id}/view-as", data={"why": WHY})
        assert (answer.status_code, answer.location) == (303, "/")
        return client

    return begin


def events(*kinds):
    db.session.rollback()
    return list(db.session.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)))


def rows_of(client):
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    db.session.rollback()
    return db.session.scalars(select(Session).where(Session.token_digest == digest(token))).one_or_none()


# What is seen.


def test_the_admin_sees_what_the_person_sees_and_nothing_else(view_as, ann, client_for):
    own, foreign = make.ticket(ann, title="My mouse is dead"), make.ticket(title="Somebody else's")
    client = view_as(ann)

    assert "My mouse is dead" in client.get("/tickets").text
    assert client.get(f"/tickets/{own.key}").status_code == 200
    assert client.get(f"/tickets/{foreign.key}").status_code == 404
    assert client.get("/admin/people").status_code == 403
    assert client.get("/queue").status_code == 403


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.AGENT, Role.MANAGER])
def test_every_page_says_so_and_how_to_stop(view_as, role):
    person = getattr(make, role)(name="Ann Sørensen")
    client = view_as(person)

    for path in ("/", "/tickets", "/nothing-here", "/account", "/admin/settings", "/forgot"):
        page = client.get(path).text
        assert SAID in page, path
        assert f'action="{STOP}"' in page, path


def test_the_page_of_a_mistake_says_so_too(view_as, ann, monkeypatch):
    def broken(*_):
        raise RuntimeError

    client = view_as(ann)
    monkeypatch.setattr("portal.notifications.views.notification_page", broken)

    answer = client.get("/notifications")

    assert answer.status_code == 500
    assert SAID in answer.text


def test_it_is_said_in_the_language_of_the_person(view_as):
    kaethe = make.employee(name="Käthe", locale="de")

    assert "Sie sehen alles wie Käthe." in view_as(kaethe).get("/").text


@pytest.mark.parametrize("path", ["/account", "/account/two-step", "/login/with/house"])
def test_what_lets_the_person_in_is_not_shown(view_as, ann, path):
    answer = view_as(ann).get(path)

    assert answer.status_code == 403
    assert "theirs alone" in answer.text
    assert "otpauth" not in answer.text


# Who may, and as whom.


@pytest.mark.parametrize("role", Role)
def test_only_admins_may_and_as_anybody_but_an_admin(world, role):
    admin, person = make.admin(), getattr(make, role)()

    assert may_view_as(admin, person) is (role is not Role.ADMIN)
    assert not may_view_as(make.manager(), person)


def test_another_admin_is_refused_in_words(boss, client_for):
    other = make.admin()
    db.session.commit()

    answer = client_for(boss).post(f"/admin/people/{other.id}/view-as", data={"why": WHY})

    assert answer.status_code == 409
    assert "no admin" in answer.text
    assert events(Kind.VIEWING_BEGAN) == []


def test_oneself_and_the_deactivated_are_refused(boss, client_for):
    gone = make.employee(is_active=False)
    db.session.commit()

    for person in (boss, gone):
        answer = client_for(boss).post(f"/admin/people/{person.id}/view-as", data={"why": WHY})
        assert answer.status_code == 409


@pytest.mark.parametrize("why", ["", "   ", "x" * 301])
def test_a_reason_is_needed(boss, ann, client_for, why):
    db.session.commit()
    answer = client_for(boss).post(f"/admin/people/{ann.id}/view-as", data={"why": why})

    assert answer.status_code == 422
    assert 'id="view-as"' in answer.text
    assert events(Kind.VIEWING_BEGAN) == []


def test_the_page_of_a_person_offers_it_where_it_is_allowed(boss, ann, client_for):
    other, gone = make.admin(), make.employee(is_active=False)
    db.session.commit()
    client = client_for(boss)

    offered = {
        person.id: 'id="view-as"' in client.get(f"/admin/people/{person.id}").text
        for person in (ann, boss, other, gone)
    }

    assert offered == {ann.id: True, boss.id: False, other.id: False, gone.id: False}


# Nothing can be changed.


class Anything(dict):
    """A value for the arguments of routes that are still to come."""

    def __missing__(self, name):
        return 1 if name.endswith("_id") or name == "number" else "x"


@pytest.fixture
def arguments(world, ann):
    ticket = make.ticket(ann)
    words = {"key": ticket.key, "token": "x" * 43, "public_id": "x" * 16, "name": "open", "digest": "x" * 32,
             "reaction": "notify_people", "project_key": "IT", "direction": "up"}  # fmt: skip
    ids = {"size": "preview", "user_id": ann.id, "project_id": world.id, "category_id": make.category().id}
    return Anything(words | ids)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER])
def test_every_change_is_refused_in_words(app, view_as, arguments, role, headers):
    changing = [door for door in doors(app, arguments) if door.method != "GET" and not door.is_for_machines]
    assert len(changing) > 50
    client = view_as(getattr(make, role)(name="Ann Sørensen"))
    before = database_hash(Session)

    for door in changing:
        if door.endpoint in {"accounts.logout", "accounts.stop_viewing"}:
            continue
        answer = client.open(door.path, method=door.method, headers=headers)
        assert answer.status_code == 403, door
        assert "nothing can be changed" in answer.text, door
        assert not headers or answer.headers["HX-Retarget"] == "#problems", door

    assert database_hash(Session) == before


def unread_of(person):
    unread = select(Notification.id).where(
        Notification.recipient_id == person.id, Notification.read_at.is_(None)
    )
    return list(db.session.scalars(unread))


def database_hash(*but):
    """What the database holds, but for these tables."""
    db.session.rollback()
    left_out = {model.__table__.name for model in but}
    tables = [table.name for table in db.metadata.sorted_tables if table.name not in left_out]
    said = "SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') FROM \"{}\" t"
    return {name: db.session.scalar(text(said.format(name))) for name in tables}


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.AGENT, Role.MANAGER])
def test_looking_at_every_page_leaves_the_database_as_it_was(app, view_as, arguments, queue, role):
    person = getattr(make, role)(name="Ann Sørensen")
    ticket = make.ticket(person)
    make.reply(ticket, make.agent())
    while delivery := claim_next():
        deliver(delivery, leased_until=delivery.lease_until)
    assert len(unread_of(person)) == 1
    looked_at = [
        door for door in doors(app, Anything(arguments | {"key": ticket.key})) if door.method == "GET"
    ]
    client = view_as(person)
    before = database_hash()

    statuses = {door.endpoint: client.get(door.path).status_code for door in looked_at}

    assert database_hash() == before
    assert statuses["tickets.show"] == 200
    assert len(unread_of(person)) == 1
    assert not [endpoint for endpoint, status in statuses.items() if status >= 500 and status != 503]


def test_a_page_that_would_write_all_the_same_is_stopped_by_the_database(view_as, ann, monkeypatch):
    ticket = make.ticket(ann)
    client = view_as(ann)

    def writes(*_, **__):
        db.session.execute(text("UPDATE users SET name = 'Changed'"))
        db.session.commit()

    monkeypatch.setattr("portal.tickets.views.about", writes)

    answer = client.get(f"/tickets/{ticket.key}")

    assert answer.status_code == 403
    assert SAID in answer.text
    db.session.rollback()
    assert db.session.scalar(select(User.name).where(User.id == ann.id)) == "Ann Sørensen"


def test_nobody_goes_on_from_one_person_to_another(view_as, ann):
    other = make.manager()
    client = view_as(ann)

    answer = client.post(f"/admin/people/{other.id}/view-as", data={"why": WHY})

    assert answer.status_code == 403
    assert SAID in client.get("/").text
    assert len(events(Kind.VIEWING_BEGAN)) == 1


# How it ends.


def test_the_button_ends_it_and_leads_back_to_the_person(view_as, ann):
    client = view_as(ann)

    answer = client.post(STOP)

    assert (answer.status_code, answer.location) == (303, f"/admin/people/{ann.id}")
    page = client.get(answer.location)
    assert page.status_code == 200
    assert SAID not in page.text


def test_stopping_twice_does_nothing(view_as, ann):
    client = view_as(ann)
    client.post(STOP)

    assert client.post(STOP).location == "/"
    assert len(events(Kind.VIEWING_ENDED)) == 1


def test_it_ends_after_half_an_hour(view_as, ann):
    client, start = view_as(ann), clock.now()

    with clock.travelling_to(start + viewing.LIFE - timedelta(seconds=10)):
        assert SAID in client.get("/").text
    with clock.travelling_to(start + viewing.LIFE + timedelta(seconds=1)):
        assert SAID not in client.get("/").text
        assert client.get("/admin/people").status_code == 200

    ended = events(Kind.VIEWING_ENDED)
    assert [(event.data["ended_by"], event.data["user_id"]) for event in ended] == [("time", ann.id)]


def test_what_was_typed_as_somebody_else_is_not_sent_in_ones_own_name(view_as, ann, app):
    ticket = make.ticket(ann)
    client, start = view_as(ann), clock.now()
    client.get(f"/tickets/{ticket.key}")

    with clock.travelling_to(start + viewing.LIFE + timedelta(seconds=1)):
        answer = client.post(f"/tickets/{ticket.key}/comments", data={"body": "Sent too late"})

    assert answer.status_code == 400
    assert "CSRF" in answer.text
    assert events(Kind.COMMENT_ADDED) == []


def test_pages_that_stood_open_before_send_nothing_meanwhile_or_after(client_for, boss, ann):
    db.session.commit()
    client = client_for(boss)
    tokens = []
    for step in (lambda: client.post(f"/admin/people/{ann.id}/view-as", data={"why": WHY}),
                 lambda: client.post(STOP)):  # fmt: skip
        step()
        with client.session_transaction() as cookie:
            tokens.append(cookie.get("csrf_token"))

    assert "known" not in tokens


@pytest.mark.parametrize("change", ["deactivate", "promote"])
def test_it_ends_when_the_person_is_deactivated_or_becomes_an_admin(view_as, ann, boss, change):
    client = view_as(ann)
    if change == "deactivate":
        people.deactivate(ann, actor=boss)
    else:
        people.change_role(ann, Role.ADMIN, actor=boss)
    db.session.commit()

    assert SAID not in client.get("/").text
    assert client.get("/admin/people").status_code == 200
    assert [event.data["ended_by"] for event in events(Kind.VIEWING_ENDED)] == ["time"]


@pytest.mark.parametrize("change", ["deactivate", "demote"])
def test_it_ends_with_the_admins_own_session(view_as, ann, boss, change):
    client, other = view_as(ann), make.admin()
    if change == "deactivate":
        people.deactivate(boss, actor=other)
    else:
        people.change_role(boss, Role.MANAGER, actor=other)
    db.session.commit()

    assert client.get("/tickets").location.startswith("/login")
    ended = events(Kind.VIEWING_ENDED)
    assert [(event.actor_id, event.data["user_id"], event.data["ended_by"]) for event in ended] == [
        (boss.id, ann.id, "session")
    ]


def test_the_log_out_is_the_admins(view_as, ann, boss):
    client = view_as(ann)

    client.post("/logout")

    ended, out = events(Kind.VIEWING_ENDED, Kind.LOGGED_OUT)
    assert (ended.actor_id, ended.data["user_id"]) == (boss.id, ann.id)
    assert (out.actor_id, out.data["user_id"]) == (boss.id, boss.id)
    assert client.get("/tickets").location.startswith("/login")


def test_those_whose_admin_never_came_back_are_ended_by_night(view_as, ann):
    client = view_as(ann)

    with clock.travelling_to(clock.now() + viewing.LIFE + timedelta(seconds=1)):
        viewing.stop_those_over()
        db.session.commit()

    assert rows_of(client).viewing_as_id is None
    assert [event.data["ended_by"] for event in events(Kind.VIEWING_ENDED)] == ["time"]


def test_the_sessions_of_the_person_stay_as_they_are(view_as, ann, client_for):
    theirs = client_for(ann)
    client = view_as(ann)
    client.post(STOP)

    assert theirs.get("/tickets").status_code == 200
    assert SAID not in theirs.get("/").text


# What is kept of it.


def test_who_whom_why_and_from_where_stand_in_the_audit_log(view_as, ann, boss, client_for):
    view_as(ann).post(STOP)

    began, ended = events(Kind.VIEWING_BEGAN, Kind.VIEWING_ENDED)
    assert (began.actor_id, began.data["user_id"]) == (boss.id, ann.id)
    assert (began.data["why"], began.address) == (WHY, "127.0.0.1")
    assert (ended.actor_id, ended.data["user_id"], ended.data["ended_by"]) == (boss.id, ann.id, "button")
    page = client_for(boss).get("/admin/audit").text
    assert WHY in page
    assert "Began to see the desk as somebody else" in page


def test_nothing_is_told_of_the_person_in_the_audit_log(view_as, ann):
    client = view_as(ann)
    for path in ("/", "/tickets", "/notifications", "/account"):
        client.get(path)
    client.post("/tickets/preview", data={"text": "x"})
    client.post(STOP)

    db.session.rollback()
    assert list(db.session.scalars(select(Event.kind).where(Event.actor_id == ann.id))) == []


# Beside it.


def test_an_open_stream_hears_what_the_person_hears_and_ends_with_it(app, view_as):
    petra = make.agent(name="Ann Sørensen")
    client = view_as(petra)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]

    assert f"user:{petra.id}" in _still(app, token, ["queue"])()
    with clock.travelling_to(clock.now() + viewing.LIFE + timedelta(seconds=1)):
        assert f"user:{petra.id}" not in _still(app, token, ["queue"])()


def test_somebody_who_must_set_up_two_step_login_first_sees_nothing_and_the_admin_is_told(view_as, ann):
    client = view_as(ann)
    change_settings(actor=None, two_step_roles=("employee",))
    db.session.commit()
    forget_site()

    answer = client.get("/tickets")

    assert answer.status_code == 403
    assert "before two-step login is set up" in answer.text
    assert client.post(STOP).status_code == 303


def test_a_page_costs_two_statements_more(view_as, ann, client_for, statements):
    client, own = view_as(ann), client_for(ann)
    for browser in (client, own):
        browser.get("/tickets")  # remembers what processes remember
    counts = []
    for browser in (own, client):
        statements.clear()
        browser.get("/tickets")
        counts.append(len(statements))

    assert counts[1] == counts[0] + 2  # the person, and that nothing may be written
