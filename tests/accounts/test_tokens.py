"""API tokens of one's own: made with the password, shown once, and gone when what they rest on changes."""

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs import housekeeping
from portal import clock
from portal.accounts import actions, people, tokens
from portal.accounts.credentials import ApiToken
from portal.accounts.models import digest
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.permissions import Role, Scope
from tests import factories as make
from tests.accounts.gate import mails

FORM = {
    "name": "Weekly report",
    "scopes": ["tickets:read"],
    "life": "90",
    "until": "",
    "current_password": make.PASSWORD,
}
SECRET = re.compile(r"desk_[A-Za-z0-9_-]{43}")


@pytest.fixture
def ann(app):
    person = make.employee(name="Ann Sørensen", email="ann.mail@example.org")
    db.session.commit()
    return person


@pytest.fixture
def client(client_for, ann):
    return client_for(ann)


def all_tokens():
    db.session.rollback()
    return list(db.session.scalars(select(ApiToken).order_by(ApiToken.id)))


def events(*kinds):
    db.session.rollback()
    return list(db.session.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)))


# Making one.


def test_a_token_is_shown_once_and_only_its_digest_is_kept(client, ann):
    answer = client.post("/account/tokens", data=FORM)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    [secret] = set(SECRET.findall(answer.text))
    [token] = all_tokens()
    assert (token.user_id, token.name, token.scopes) == (ann.id, "Weekly report", ["tickets:read"])
    assert token.token_digest == digest(secret)
    assert secret.startswith(token.prefix)
    assert len(token.prefix) == 9
    page = client.get("/account/tokens").text
    assert secret not in page
    assert f"{token.prefix}…" in page


def test_neither_the_token_nor_its_digest_stands_in_the_audit_log(client, ann):
    secret = SECRET.search(client.post("/account/tokens", data=FORM).text)[0]

    [event] = events(Kind.TOKEN_CREATED)
    assert (event.actor_id, event.data["user_id"], event.data["token"]) == (ann.id, ann.id, "Weekly report")
    assert event.data["scopes"] == ["tickets:read"]
    kept = str(event.data)
    assert secret not in kept
    assert secret[9:20] not in kept
    assert digest(secret) not in kept


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"current_password": "not mine"}, "This is not your current password."),
        ({"current_password": ""}, "Enter your current password."),
        ({"name": "  "}, "Say what it is for"),
        ({"name": "x" * 81}, "Use at most 80 characters."),
        ({"scopes": []}, "Choose at least one."),
        ({"scopes": ["admin:everything"]}, "not a valid choice"),
        ({"life": "9999"}, "Not a valid choice"),
        ({"life": "day"}, "Choose the last day."),
        ({"life": "day", "until": "soon"}, "Not a valid date"),
        ({"life": "day", "until": "2020-01-01"}, "Choose a day from today on"),
        ({"life": "day", "until": "9999-12-31"}, "Choose a day from today on"),
    ],
)
def test_what_is_no_input_makes_none_and_what_was_typed_stays(client, wrong, said):
    answer = client.post("/account/tokens", data=FORM | wrong)

    assert answer.status_code == 422
    assert said in answer.text
    assert all_tokens() == []
    if "name" not in wrong:
        assert "Weekly report" in answer.text


def test_mistakes_are_listed_in_the_order_of_the_fields(client):
    page = client.post("/account/tokens", data=FORM | {"name": "", "scopes": [], "current_password": ""}).text

    summary = page[page.index("error-summary") : page.index("</ul>", page.index("error-summary"))]
    assert re.findall(r'href="#([^"]+)"', summary) == ["name", "scopes-0", "token-password"]


@pytest.mark.parametrize(("life", "days"), [("30", 30), ("90", 90), ("365", 365)])
def test_it_is_good_for_as_long_as_was_chosen(client, life, days):
    before = clock.now()
    client.post("/account/tokens", data=FORM | {"life": life})

    [token] = all_tokens()
    assert timedelta(days=days) <= token.expires_at - before < timedelta(days=days, minutes=1)


def test_a_day_is_included_and_is_one_of_their_own_time_zone(client, ann):
    ann.timezone = "Asia/Shanghai"
    db.session.commit()
    day = (clock.now() + timedelta(days=10)).date()

    client.post("/account/tokens", data=FORM | {"life": "day", "until": day.isoformat()})

    [token] = all_tokens()
    assert token.expires_at.isoformat() == f"{day.isoformat()}T16:00:00+00:00"


def test_the_domain_allows_no_more_than_a_year(ann):
    with pytest.raises(DomainError):
        tokens.create(ann, name="x", scopes=[Scope.TICKETS_READ], until=clock.now() + timedelta(days=400))


def test_whoever_comes_by_single_sign_on_alone_has_no_password_to_show(client_for, app):
    person = make.employee(password_hash=None)
    db.session.commit()
    client = client_for(person)

    assert 'name="current_password"' not in client.get("/account/tokens").text
    assert client.post("/account/tokens", data=FORM).status_code == 200


def test_passwords_are_guessed_no_faster_here(client):
    wrong = FORM | {"current_password": "wrong"}
    statuses = [client.post("/account/tokens", data=wrong).status_code for _ in range(7)]

    assert statuses[-1] == 429
    assert client.post("/account/tokens", data=FORM).status_code == 429
    assert all_tokens() == []


def test_twenty_living_ones_are_enough(client, ann):
    for number in range(tokens.MOST):
        make.token(ann, name=f"Number {number}")
    db.session.commit()

    answer = client.post("/account/tokens", data=FORM)

    assert answer.status_code == 409
    assert "Revoke one first" in answer.text
    assert len(all_tokens()) == tokens.MOST


def test_those_that_are_over_do_not_count(client, ann):
    with clock.travelling_to(clock.now() - timedelta(days=40)):
        for number in range(tokens.MOST):
            make.token(ann, name=f"Number {number}", days=30)
    db.session.commit()

    assert client.post("/account/tokens", data=FORM).status_code == 200


def test_two_windows_make_no_more_than_one(shared_app):
    person = make.employee()
    for number in range(tokens.MOST - 1):
        make.token(person, name=f"Number {number}")
    db.session.commit()
    start, made = threading.Barrier(2), []

    def one():
        with shared_app.app_context(), shared_app.test_request_context():
            start.wait()
            try:
                make.token(db.session.get(type(person), person_id))
                db.session.commit()
                made.append(1)
            except DomainError:
                db.session.rollback()
            db.session.remove()

    person_id = person.id
    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made == [1]


def test_its_owner_is_told_by_mail_and_the_token_is_in_none(client):
    secret = SECRET.search(client.post("/account/tokens", data=FORM).text)[0]

    [mail] = mails()
    assert mail.to_address == "ann.mail@example.org"
    assert "“Weekly report”" in mail.body
    assert "http://localhost/account/tokens" in mail.body
    assert "desk_" not in mail.body
    assert secret not in mail.body


# Revoking.


def test_it_is_revoked_and_lets_nobody_in(client, ann):
    secret = make.token(ann)
    db.session.commit()
    [token] = all_tokens()

    answer = client.post(f"/account/tokens/{token.public_id}/revoke")

    assert (answer.status_code, answer.location) == (303, "/account/tokens")
    assert tokens.find(secret) is None
    assert [(event.actor_id, event.data["token"]) for event in events(Kind.TOKEN_REVOKED)] == [
        (ann.id, "A token")
    ]


def test_nobody_revokes_those_of_another(client_for, ann):
    make.token(ann)
    stranger = make.employee()
    db.session.commit()
    [token] = all_tokens()

    assert client_for(stranger).post(f"/account/tokens/{token.public_id}/revoke").status_code == 404
    assert len(all_tokens()) == 1


def test_an_admin_sees_and_revokes_them_on_the_page_of_the_person(client_for, ann):
    make.token(ann, name="Weekly report")
    boss, other = make.admin(), make.employee()
    db.session.commit()
    [token] = all_tokens()
    client = client_for(boss)

    assert "Weekly report" in client.get(f"/admin/people/{ann.id}").text
    assert client.post(f"/admin/people/{other.id}/tokens/{token.public_id}/revoke").status_code == 404
    answer = client.post(f"/admin/people/{ann.id}/tokens/{token.public_id}/revoke")

    assert (answer.status_code, answer.location) == (303, f"/admin/people/{ann.id}")
    assert all_tokens() == []
    [event] = events(Kind.TOKEN_REVOKED)
    assert (event.actor_id, event.data["user_id"]) == (boss.id, ann.id)


@pytest.mark.parametrize("change", ["deactivated", "another role", "another password", "a reset password"])
def test_all_end_at_once_with_what_they_rest_on(ann, change):
    secret, boss = make.token(ann, name="Weekly report"), make.admin()
    db.session.commit()
    assert tokens.find(secret) is not None

    if change == "deactivated":
        people.deactivate(ann, actor=boss)
        people.reactivate(ann, actor=boss)
    elif change == "another role":
        people.change_role(ann, Role.AGENT, actor=boss)
    elif change == "another password":
        actions.change_password(ann, "a long walk by the sea", session_token="x")
    else:
        actions._set_password(ann, make.PASSWORD_HASH)
    db.session.commit()

    assert tokens.find(secret) is None
    assert [event.data["tokens"] for event in events(Kind.TOKENS_REVOKED)] == [["Weekly report"]]


def test_logging_out_everywhere_else_leaves_them(ann, client):
    secret = make.token(ann)
    db.session.commit()

    client.post("/account/sessions/end")

    assert tokens.find(secret) is not None


# Being let in by one.


def test_it_is_found_until_it_ends(ann):
    secret = make.token(ann, days=30)
    db.session.commit()

    assert tokens.find(secret).user_id == ann.id
    with clock.travelling_to(clock.now() + timedelta(days=30, seconds=1)):
        assert tokens.find(secret) is None


@pytest.mark.parametrize("state", [{"is_active": False}, {"email_verified_at": None}])
def test_of_somebody_who_could_not_log_in_it_is_not_found(app, state):
    person = make.employee()
    secret = make.token(person)
    for name, value in state.items():
        setattr(person, name, value)
    db.session.commit()

    assert tokens.find(secret) is None


def test_a_variant_of_it_is_not_it(ann):
    secret = make.token(ann)
    db.session.commit()

    for variant in (
        secret.upper(), f" {secret}", f"{secret} ", f"{secret}\0", f"{secret}\n", secret[:-1], secret[5:],
        f"desk_{secret}", digest(secret), "", "desk_" + "x" * 43,
    ):  # fmt: skip
        assert tokens.find(variant) is None, repr(variant)


def test_at_night_those_long_over_are_forgotten(ann):
    make.token(ann, days=30)
    db.session.commit()

    with clock.travelling_to(clock.now() + timedelta(days=59)):
        housekeeping.tidy()
        assert len(all_tokens()) == 1
    with clock.travelling_to(clock.now() + timedelta(days=61)):
        housekeeping.tidy()
    assert all_tokens() == []


# The page.


def test_the_account_page_leads_there(client):
    assert 'href="/account/tokens"' in client.get("/account").text


def test_the_page_asks_as_much_for_one_as_for_twenty(client, ann, statements):
    make.token(ann)
    db.session.commit()
    client.get("/account/tokens")
    statements.clear()
    client.get("/account/tokens")
    few = len(statements)
    for number in range(15):
        make.token(ann, name=f"Number {number}")
    db.session.commit()
    statements.clear()

    client.get("/account/tokens")

    assert len(statements) == few


def test_whoever_is_seen_by_an_admin_is_given_none(client_for, ann):
    boss = make.admin()
    db.session.commit()
    client = client_for(boss)
    client.post(f"/admin/people/{ann.id}/view-as", data={"why": "to help"})

    assert client.get("/account/tokens").status_code == 403
    assert client.post("/account/tokens", data=FORM).status_code == 403
    assert all_tokens() == []
