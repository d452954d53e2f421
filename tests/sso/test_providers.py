"""Identity providers, as admins see them."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.permissions import Role
from portal.sso.managing import client_of
from portal.sso.models import IdentityProvider
from tests import factories as make
from tests.sso import house

NEW = {
    "name": "The house",
    "slug": "house",
    "issuer": "https://login.example.org/realms/house",
    "client_id": "desk",
    "secret": "very secret",
    "scopes": "openid email",
    "groups_claim": "realm_access.roles",
    "rules": "staff: agent\nnet-admins: team Network\nurn:x:lead: manager",
    "is_active": "y",
}


@pytest.fixture
def admin(client_for):
    make.team(name="Network")
    return client_for(make.admin())


def provider():
    return db.session.scalar(select(IdentityProvider))


def test_a_provider_is_made_with_its_rules_and_a_sealed_secret(admin):
    assert admin.post("/admin/providers/new", data=NEW).status_code == 303

    made = provider()
    said = [(rule.group, rule.role or rule.team.name) for rule in made.rules]
    assert said == [("staff", Role.AGENT), ("net-admins", "Network"), ("urn:x:lead", Role.MANAGER)]
    assert "very secret" not in made.sealed_secret
    assert client_of(made).client_secret == "very secret"
    assert not made.creates_accounts
    assert "staff: agent\nnet-admins: team Network" in admin.get(f"/admin/providers/{made.id}").text
    assert "http://localhost/login/with/house/answer" in admin.get(f"/admin/providers/{made.id}").text


def test_a_change_keeps_the_secret_and_is_logged_without_it(admin):
    admin.post("/admin/providers/new", data=NEW)
    address = f"/admin/providers/{provider().id}"
    answer = admin.post(address, data=NEW | {"secret": "", "name": "Our house", "rules": "staff: agent"})

    assert answer.status_code == 303
    db.session.expire_all()
    assert (provider().name, len(provider().rules)) == ("Our house", 1)
    assert client_of(provider()).client_secret == "very secret"
    log = admin.get("/admin/audit").text
    assert "net-admins: team Network" in log
    assert "very secret" not in log
    assert "very secret" not in admin.get(address).text


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("slug", "Our House", "Use small letters, digits and hyphens, a letter first."),
        ("issuer", "http://login.example.org", "Enter an address that begins with https://."),
        ("issuer", "javascript:alert(1)", "Enter an address that begins with https://."),
        ("rules", "staff agent", "Line 1 is not of the form"),
        ("rules", "staff: agent\nnet: team Nowhere", "is neither a role nor a team."),
        ("client_id", "", "Enter the client ID."),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(admin, field, typed, why):
    answer = admin.post("/admin/providers/new", data=NEW | {field: typed})
    assert answer.status_code == 422
    assert why in answer.text
    assert provider() is None


def test_a_short_name_is_taken_once(admin):
    admin.post("/admin/providers/new", data=NEW)
    assert "Another provider has this short name." in admin.post("/admin/providers/new", data=NEW).text


def test_an_admin_can_ask_whether_it_answers(admin, issuer):
    admin.post("/admin/providers/new", data=NEW | {"issuer": issuer, "secret": house.SECRET})
    address = f"/admin/providers/{provider().id}"
    assert "The house answers as it should." in admin.post(f"{address}/check", follow_redirects=True).text

    admin.post(address, data=NEW | {"issuer": "http://127.0.0.1:9"})
    said = admin.post(f"{address}/check", follow_redirects=True).text
    assert "It does not answer as it should:" in said


def test_a_secret_sealed_with_a_lost_key_is_asked_for_again(admin):
    admin.post("/admin/providers/new", data=NEW)
    provider().sealed_secret = "bm9uc2Vuc2U="
    db.session.commit()
    said = admin.post(f"/admin/providers/{provider().id}/check", follow_redirects=True).text
    assert "The secret of The house cannot be read any more." in said
