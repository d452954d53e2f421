"""A session ends when it has to, and nothing that was there before a log-in is worth anything after it."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.actions import open_session
from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import is_inside, log_in


def cookie_of(client):
    return client.get_cookie("desk").value


def test_a_planted_cookie_is_nobodys_after_the_log_in(app):
    ann = make.employee()
    db.session.commit()
    attacker, victim = app.test_client(), app.test_client()
    attacker.get("/login")
    victim.set_cookie("desk", cookie_of(attacker))

    log_in(victim, ann.email)

    assert is_inside(victim)
    assert not is_inside(attacker)
    assert cookie_of(victim) != cookie_of(attacker)


def test_a_copied_cookie_is_worth_nothing_after_the_log_out(app):
    ann = make.employee()
    db.session.commit()
    victim, thief = app.test_client(), app.test_client()
    log_in(victim, ann.email)
    thief.set_cookie("desk", cookie_of(victim))
    assert is_inside(thief)

    victim.post("/logout")

    assert not is_inside(thief)


@pytest.mark.parametrize("deed", ["deactivate", "role"])
def test_what_an_admin_takes_away_ends_at_the_next_request(app, client_for, deed):
    petra, boss = make.agent(), make.admin()
    db.session.commit()
    client, admin = client_for(petra), client_for(boss)
    assert client.get("/queue").status_code == 200
    url = f"/admin/people/{petra.id}"

    if deed == "role":
        admin.post(url, data={"name": petra.name, "role": "employee"})
    else:
        admin.post(f"{url}/deactivate")

    assert client.get("/queue").status_code == 303
    assert client.get("/live").status_code == 303


@pytest.mark.parametrize("token", [1, None, "", "a" * 43, ["x"], {"a": 1}, "1", "a" * 43 + "\n", "ä" * 43])
def test_a_cookie_that_holds_anything_else_is_nobodys(app, token):
    make.employee()
    db.session.commit()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token

    assert client.get("/account").status_code == 303


def test_the_database_holds_no_token_that_lets_anybody_in(app, client_for):
    ann = make.employee()
    session, token = open_session(ann)
    db.session.commit()
    client = client_for(None)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = session.token_digest

    assert token != session.token_digest
    assert not is_inside(client)


@pytest.mark.parametrize(
    ("remember", "hours", "inside"),
    [(False, [11, 11], True), (False, [13], False), (True, [13, 24 * 12], True)],
    ids=["seen in between", "idle", "remembered"],
)
def test_a_browser_that_is_not_remembered_is_forgotten_when_nobody_uses_it(
    app, monkeypatch, remember, hours, inside
):
    ann = make.employee()
    db.session.commit()
    client = app.test_client()
    log_in(client, ann.email, **({"remember": "y"} if remember else {}))

    answers = [later(monkeypatch, hours=each) or is_inside(client) for each in hours]

    assert answers[-1] is inside


@pytest.mark.parametrize(("remember", "days"), [(False, 1), (True, 14)])
def test_no_session_lives_for_ever_however_busy_it_is(app, monkeypatch, remember, days):
    ann = make.employee()
    db.session.commit()
    client = app.test_client()
    log_in(client, ann.email, **({"remember": "y"} if remember else {}))
    for _step in range(days * 4 - 1):
        later(monkeypatch, hours=6)
        assert is_inside(client)

    later(monkeypatch, hours=7)

    assert not is_inside(client)


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)
