"""Whoever must set up two-step login first gets through no other door: every route, page or fragment."""

import pytest

from portal.accounts.actions import open_session
from portal.extensions import db
from portal.notifications.live import _still
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.accounts.codes import with_two_step
from tests.test_access import ANYONE, TABLE
from tests.web.routes import doors

WAYS = {"accounts.two_step", "accounts.passkeys", "accounts.new_passkey_challenge"}


@pytest.fixture
def all_doors(app, world):
    ticket = make.ticket()
    values = dict.fromkeys(
        ("category_id", "project_id", "user_id", "team_id", "mail_id", "event_id"), ticket.requester_id
    )
    words = {
        "key": ticket.key, "token": "x" * 43, "public_id": "x" * 16, "name": "open", "digest": "x" * 32,
        "reaction": "notify_people", "project_key": "IT", "direction": "up", "filename": "x",
        "size": "preview",
    }  # fmt: skip
    db.session.commit()
    found = [door for door in doors(app, Anything(values | words)) if not door.is_for_machines]
    return [door for door in found if TABLE[door.endpoint] is not ANYONE]


class Anything(dict):
    """A value for the arguments of routes that are still to come."""

    def __missing__(self, name):
        return 1 if name.endswith("_id") or name == "number" else "x"


@pytest.fixture
def confined(app):
    change_settings(actor=None, two_step_roles=tuple(role.value for role in Role))
    db.session.commit()
    forget_site()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_every_door_leads_to_the_set_up(all_doors, client_for, confined, role, headers):
    person = getattr(make, role)()
    db.session.commit()
    client = client_for(person)

    for door in all_doors:
        if door.endpoint in WAYS:
            continue
        answer = client.open(door.path, method=door.method, headers=headers)
        led = answer.headers.get("HX-Redirect") if headers else answer.location
        assert (answer.status_code, led) == (204 if headers else 303, "/account/two-step"), door
        assert answer.text == "" or "/account/two-step" in answer.text


def test_the_live_stream_is_no_way_round_and_an_open_one_ends(app, client_for, confined):
    petra = make.agent()
    db.session.commit()
    client = client_for(petra)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]

    answer = client.get("/live?topics=queue", headers={"Accept": "text/event-stream"})

    assert (answer.status_code, answer.location) == (303, "/account/two-step")
    assert _still(app, token, ["queue"])() == {}


def test_the_live_stream_of_whoever_has_it_goes_on(app, confined):
    petra = make.agent()
    with_two_step(petra)
    _, token = open_session(petra)
    db.session.commit()

    assert "queue" in _still(app, token, ["queue"])()


def test_they_can_set_it_up_and_log_out(client_for, confined):
    ann = make.employee()
    db.session.commit()
    client = client_for(ann)

    page = client.get("/account/two-step")

    assert page.status_code == 200
    assert 'action="/logout"' in page.text
    assert 'href="/tickets"' not in page.text.partition("<main")[2].partition("</main>")[0]
    assert client.post("/logout").location == "/login"


def test_nothing_is_done_by_a_change_that_was_refused(client_for, confined):
    ann = make.employee(name="Ann")
    db.session.commit()

    client_for(ann).post("/account", data={"name": "Other", "theme": "dark", "density": "compact"})

    db.session.expire_all()
    assert ann.name == "Ann"


def test_whoever_has_it_goes_everywhere(client_for, confined):
    ann = make.employee()
    with_two_step(ann)

    assert client_for(ann).get("/tickets").status_code == 200
