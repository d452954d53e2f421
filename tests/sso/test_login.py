"""Logging in by a real OpenID provider, which the tests start."""

import pytest
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.queries import teams_of
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.sso.models import ExternalIdentity, GroupRule
from tests import factories as make
from tests.accounts.codes import code_at, hidden_on, secret_on, with_two_step
from tests.accounts.gate import is_inside
from tests.sso import house


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind)))


def accounts():
    return db.session.scalar(select(func.count()).select_from(User))


def test_the_log_in_page_offers_it(provide, client):
    assert "The house" not in client.get("/login").text
    provide()
    page = client.get("/login?next=/tickets/new").text
    assert "Log in with The house" in page
    assert "/login/with/house?next=/tickets/new" in page


def test_somebody_new_gets_an_account_and_is_inside(provide, client):
    provide()
    answer = house.enter(client, "new@example.org confirmed", next="/tickets/new")

    assert (answer.status_code, answer.location) == (303, "/tickets/new")
    assert is_inside(client)
    user = user_by_email("new@example.org")
    assert (user.name, user.role, user.is_verified) == ("Ann of the provider", Role.EMPLOYEE, True)
    assert user.password_hash is None
    assert [event.data["user_id"] for event in events(Kind.IDENTITY_LINKED)] == [user.id]


def test_the_second_time_it_is_the_same_account_under_another_address(provide, client):
    provide()
    house.enter(client, "ann@example.org confirmed")
    user = user_by_email("ann@example.org")
    user.email = "ann.married@example.org"
    db.session.commit()
    before = accounts()
    client.post("/logout")

    house.enter(client, "ann@example.org confirmed")
    assert is_inside(client)
    assert accounts() == before


def test_an_account_there_is_belongs_to_whom_the_provider_confirms_its_address(provide, client):
    provide()
    ann = make.employee(email="ann@example.org")
    db.session.commit()
    house.enter(client, "ann@example.org confirmed")
    assert is_inside(client)
    assert events(Kind.LOGGED_IN)[-1].actor_id == ann.id


@pytest.mark.parametrize("creates", [True, False])
def test_an_address_that_is_not_confirmed_opens_no_account(provide, client, creates):
    provide(creates_accounts=creates)
    make.admin(email="boss@example.org")
    db.session.commit()
    before = accounts()
    for who in ("boss@example.org unconfirmed", "nobody@example.org unconfirmed"):
        answer = house.enter(client, who)
        assert answer.status_code == 403
        assert "You are not logged in" in answer.text
        assert not is_inside(client)
    assert accounts() == before


def test_a_password_that_a_stranger_chose_before_is_void(provide, client):
    """Somebody registers another's address and waits for its owner to come by the house's log-in."""
    provide()
    make.employee(email="ann@example.org", email_verified_at=None)
    db.session.commit()
    house.enter(client, "ann@example.org confirmed")
    assert user_by_email("ann@example.org").password_hash is None


def test_without_leave_to_make_accounts_only_known_people_come_in(provide, client):
    provide(creates_accounts=False)
    answer = house.enter(client, "new@example.org confirmed")
    assert answer.status_code == 403
    assert "There is no account for new@example.org yet." in answer.text
    assert user_by_email("new@example.org") is None


def test_a_deactivated_account_stays_outside(provide, client):
    provide()
    make.employee(email="gone@example.org", is_active=False)
    db.session.commit()
    answer = house.enter(client, "gone@example.org confirmed")
    assert answer.status_code == 403
    assert "This account is deactivated." in answer.text
    assert not is_inside(client)
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "provider"


# Groups


def test_groups_give_the_role_and_the_teams_that_rules_name(provide, client):
    network, field = make.team(name="Network"), make.team(name="Field")
    ann = make.agent(email="ann@example.org", team=field)
    db.session.commit()
    provide(GroupRule(group="staff", role=Role.AGENT), GroupRule(group="lead", role=Role.MANAGER),
            GroupRule(group="net", team_id=network.id))  # fmt: skip

    house.enter(client, "ann@example.org confirmed staff,lead,net,unknown")
    assert ann.role is Role.MANAGER
    assert {team.name for team in teams_of(ann)} == {"Field", "Network"}

    client.post("/logout")
    house.enter(client, "ann@example.org confirmed staff")
    assert ann.role is Role.AGENT
    assert {team.name for team in teams_of(ann)} == {"Field"}


def test_without_rules_nobody_loses_their_role(provide, client):
    boss = make.manager(email="boss@example.org")
    db.session.commit()
    provide()
    house.enter(client, "boss@example.org confirmed")
    assert boss.role is Role.MANAGER


def test_whoever_is_in_no_group_any_more_is_an_employee_and_hands_over(provide, client):
    petra = make.agent(email="petra@example.org")
    ticket = make.ticket(assignee=petra)
    db.session.commit()
    provide(GroupRule(group="staff", role=Role.AGENT))
    house.enter(client, "petra@example.org confirmed other")
    assert petra.role is Role.EMPLOYEE
    db.session.refresh(ticket)
    assert ticket.assignee_id is None


def test_whoever_is_no_admin_any_more_hands_over_what_is_for_members_only(provide, client):
    hr, petra = make.project("HR", members_only=True), make.admin(email="petra@example.org")
    make.admin()
    ticket = make.ticket(project=hr, assignee=petra)
    db.session.commit()
    provide(GroupRule(group="lead", role=Role.MANAGER))
    house.enter(client, "petra@example.org confirmed lead")
    assert petra.role is Role.MANAGER
    db.session.refresh(ticket)
    assert ticket.assignee_id is None


def test_the_last_admin_stays_one(provide, client):
    provider = provide(GroupRule(group="staff", role=Role.AGENT))
    for admin in db.session.scalars(select(User).where(User.role == Role.ADMIN)):
        admin.role = Role.EMPLOYEE
    last = make.admin(email="last@example.org")
    db.session.commit()
    house.enter(client, "last@example.org confirmed")
    assert last.role is Role.ADMIN
    assert provider.rules


# What must not open


def test_an_answer_to_a_question_of_another_browser_opens_nothing(provide, client, app):
    provide()
    other = app.test_client()
    begun = other.get("/login/with/house")
    answer = house.path_of(house.answer_for(begun.headers["Location"], "ann@example.org confirmed"))

    refused = client.get(answer)
    assert refused.status_code == 400
    assert not is_inside(client)


def test_an_answer_counts_once(provide, client):
    provide()
    begun = client.get("/login/with/house")
    answer = house.path_of(house.answer_for(begun.headers["Location"], "ann@example.org confirmed"))
    assert client.get(answer).status_code == 303
    client.post("/logout")
    assert client.get(answer).status_code == 400
    assert not is_inside(client)


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=y", "?error=access_denied&state=y"])
def test_nonsense_is_no_answer(provide, client, query):
    provide()
    client.get("/login/with/house")
    answer = client.get(f"/login/with/house/answer{query}")
    assert answer.status_code == 400
    assert "Back to the log-in page" in answer.text


def test_it_leads_nowhere_else_afterwards(provide, client):
    provide()
    answer = house.enter(client, "ann@example.org confirmed", next="//evil.example/")
    assert answer.location == "/"


def test_a_provider_that_is_switched_off_does_not_exist(provide, client):
    provide(is_active=False)
    assert client.get("/login/with/house").status_code == 404
    assert client.get("/login/with/house/answer").status_code == 404
    assert "The house" not in client.get("/login").text


def test_one_that_is_away_is_named(provide, client):
    provide(issuer="http://127.0.0.1:9")
    answer = client.get("/login/with/house")
    assert answer.status_code == 503
    assert "The house cannot be reached just now." in answer.text


def test_the_question_carries_pkce_state_and_nonce(provide, client):
    provide()
    location = client.get("/login/with/house").headers["Location"]
    for part in ("code_challenge=", "code_challenge_method=S256", "state=", "nonce=", "response_type=code"):
        assert part in location


def test_a_second_step_that_somebody_has_set_up_is_asked_for(provide, client):
    provide()
    ann = make.employee(email="ann@example.org")
    with_two_step(ann)
    db.session.commit()
    answer = house.enter(client, "ann@example.org confirmed")
    assert answer.status_code == 303
    assert answer.location.startswith("/login/code")
    assert not is_inside(client)


def test_an_admin_can_end_what_a_provider_means(provide, client, client_for):
    provide()
    house.enter(client, "ann@example.org confirmed")
    ann, boss = user_by_email("ann@example.org"), client_for(make.admin())
    identity = db.session.scalar(select(ExternalIdentity))
    page = boss.get(f"/admin/people/{ann.id}").text
    assert "The house" in page

    address = f"/admin/people/{ann.id}/identities/{identity.id}/removal"
    assert boss.post(address.replace(f"/{ann.id}/", "/999999/", 1)).status_code == 404
    assert boss.post(address).status_code == 303
    assert db.session.scalar(select(ExternalIdentity)) is None
    assert events(Kind.IDENTITY_UNLINKED)[-1].data["provider"] == "The house"
    assert boss.post(address).status_code == 404


def test_who_has_no_password_sets_up_the_second_step_without_one(provide, client):
    provide()
    change_settings(actor=None, two_step_roles=("employee",))
    db.session.commit()
    house.enter(client, "ann@example.org confirmed")
    page = client.get("/account/two-step")
    assert "current_password" not in page.text
    sent = {"sealed": hidden_on(page, "sealed"), "code": code_at(secret=secret_on(page))}
    assert client.post("/account/two-step", data=sent).status_code == 200
    assert user_by_email("ann@example.org").two_step_since
