"""Nobody gets more rights than they have: not by a token, not by seeing the desk as somebody else."""

import pytest
from sqlalchemy import select

from portal.accounts import people
from portal.accounts.credentials import ApiToken
from portal.accounts.models import Session, User
from portal.extensions import db
from portal.permissions import Permission, Role, Scope, roles_with
from tests import factories as make


def columns_of(row):
    db.session.refresh(row)
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


@pytest.fixture
def ann(world):
    return make.employee()


def test_only_admins_see_the_desk_as_somebody_else():
    assert roles_with(Permission.IMPERSONATE) == {Role.ADMIN}


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.AGENT, Role.MANAGER])
def test_nobody_else_begins_it(client_for, ann, role):
    person = getattr(make, role)()
    db.session.commit()

    answer = client_for(person).post(f"/admin/people/{ann.id}/view-as", data={"why": "to look"})

    assert answer.status_code == 403
    assert db.session.scalar(select(Session.id).where(Session.viewing_as_id.is_not(None))) is None


def test_no_form_lets_a_session_see_the_desk_as_somebody_else(client_for, ann):
    boss = make.admin()
    db.session.commit()
    more = {"viewing_as_id": str(boss.id), "viewing_until": "2030-01-01", "role": "admin"}
    client = client_for(ann)

    client.post("/account", data={"name": ann.name, "theme": "dark", "density": "compact"} | more)
    client.post("/account/appearance", data={"theme": "dark"} | more)

    assert db.session.scalar(select(Session.id).where(Session.viewing_as_id.is_not(None))) is None
    assert db.session.get(User, ann.id).role is Role.EMPLOYEE


def test_a_form_for_a_token_sets_what_it_shows_and_nothing_else(client_for, ann):
    boss = make.admin()
    db.session.commit()
    more = {"user_id": str(boss.id), "token_digest": "0" * 64, "prefix": "desk_0000", "public_id": "mine",
            "expires_at": "2090-01-01", "last_used_at": "2020-01-01", "id": "1"}  # fmt: skip
    form = {"name": "x", "scopes": ["profile:read"], "life": "30", "current_password": make.PASSWORD}

    client_for(ann).post("/account/tokens", data=more | form)

    [token] = db.session.scalars(select(ApiToken)).all()
    kept = columns_of(token)
    assert (kept["user_id"], kept["scopes"]) == (ann.id, ["profile:read"])
    assert kept["token_digest"] != "0" * 64
    assert (kept["prefix"], kept["public_id"]) != ("desk_0000", "mine")
    assert round((kept["expires_at"] - kept["created_at"]).total_seconds() / 86_400) == 30
    assert kept["last_used_at"] is None


def test_a_token_is_no_more_than_its_owner_is_by_now(app, world):
    """Neither a former role nor tickets that were lost sight of stay open to it."""
    boss, petra = make.admin(), make.agent()
    hidden = make.ticket(is_confidential=True)
    secret = make.token(boss)
    db.session.commit()
    client, sent = app.test_client(), {"Authorization": f"Bearer {secret}"}
    assert client.get(f"/api/v1/tickets/{hidden.key}", headers=sent).status_code == 200

    people.change_role(boss, Role.AGENT, actor=make.admin())
    db.session.commit()
    assert client.get(f"/api/v1/tickets/{hidden.key}", headers=sent).status_code == 401

    sent = {"Authorization": f"Bearer {make.token(petra)}"}
    db.session.commit()
    assert client.get(f"/api/v1/tickets/{hidden.key}", headers=sent).status_code == 404


def test_a_scope_adds_nothing_to_a_role(app, ann):
    foreign = make.ticket()
    sent = {"Authorization": f"Bearer {make.token(ann, *Scope)}"}
    db.session.commit()

    answer = app.test_client().post(
        f"/api/v1/tickets/{foreign.key}/comments", json={"body": "x"}, headers=sent
    )

    assert answer.status_code == 404
