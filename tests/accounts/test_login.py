import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from portal.accounts import throttle
from portal.accounts.actions import open_session
from portal.accounts.models import Session
from portal.accounts.passwords import hash_password, is_outdated
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db, limiter
from portal.permissions import Role
from tests import factories as make
from tests.accounts.gate import durations, is_inside, link_in, log_in, mails, words_of
from tests.factories import PASSWORD

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example",
    "//evil.example/%2e%2e",
    "javascript:alert(1)",
    "evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: a=b",
    " //evil.example",
    "http://localhost@evil.example/",
]


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


def test_the_right_password_lets_in_and_is_noted(app, ann):
    client = app.test_client()

    answer = log_in(client, "  ANN@Example.org ")

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_inside(client)
    assert events(Kind.LOGGED_IN)[-1].actor_id == ann.id


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org", "x" * 300 + "@example.org"])
def test_a_wrong_password_is_refused_and_the_address_kept(app, ann, email):
    client = app.test_client()

    answer = log_in(client, email, "wrong horse")

    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert email in answer.text
    assert "wrong horse" not in answer.text
    assert not is_inside(client)


def test_known_unknown_and_deactivated_addresses_are_answered_alike(app, ann):
    make.employee(email="gone@example.org", is_active=False)
    make.employee(email="new@example.org", email_verified_at=None)
    make.employee(email="invited@example.org", password_hash=None)
    db.session.commit()

    answers = {
        (answer.status_code, words_of(answer).replace(email, "…"))
        for email in ("ann", "who", "gone", "new", "invited")
        for email in [f"{email}@example.org"]
        for answer in [log_in(app.test_client(), email, "wrong horse")]
    }

    assert len(answers) == 1


def test_a_deactivated_account_is_answered_like_a_wrong_password(app):
    make.employee(email="gone@example.org", is_active=False)
    db.session.commit()

    right = log_in(app.test_client(), "gone@example.org", PASSWORD)
    wrong = log_in(app.test_client(), "gone@example.org", "wrong horse")

    assert right.status_code == wrong.status_code == 422
    assert words_of(right) == words_of(wrong)


def test_it_takes_as_long_for_an_unknown_address(app):
    known, unknown = durations(app, lambda client, email: log_in(client, email, "wrong horse"))

    assert abs(known - unknown) < 0.02


def test_an_empty_form_says_what_to_enter(app, ann):
    answer = app.test_client().post("/login", data={})

    assert answer.status_code == 422
    assert "Enter your mail address." in answer.text
    assert "Enter your password." in answer.text


def test_an_unconfirmed_address_gets_another_mail_on_the_right_password_only(app):
    make.employee(email="new@example.org", email_verified_at=None)
    db.session.commit()
    client = app.test_client()

    assert "Confirm your address first" not in log_in(client, "new@example.org", "wrong horse").text
    assert mails() == []
    answer = log_in(client, "new@example.org")

    assert answer.status_code == 422
    assert "Confirm your address first" in answer.text
    assert client.get(link_in(mails()[-1])).status_code == 200
    assert not is_inside(client)


@pytest.fixture
def promoted(app):
    """Somebody whose password was long enough for an employee, and who is an agent now."""
    person = make.employee(email="petra@example.org", password_hash=hash_password("glasbrot"))
    person.role = Role.AGENT
    db.session.commit()
    return person


def test_a_role_that_asks_for_a_longer_password_gets_one_before_it_lets_in(app, promoted):
    client = app.test_client()

    answer = log_in(client, "petra@example.org", "glasbrot")

    assert answer.status_code == 422
    assert "at least 12 characters" in answer.text
    assert not is_inside(client)
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "short"
    link = link_in(mails()[-1])
    assert client.post(link, data={"password": "glasbrot1"}).status_code == 422
    assert client.post(link, data={"password": "glass bridge kettle"}).status_code == 303
    assert log_in(client, "petra@example.org", "glass bridge kettle").status_code == 303
    assert is_inside(client)


def test_a_wrong_one_learns_nothing_of_that(app, promoted):
    answer = log_in(app.test_client(), "petra@example.org", "glasbrat")

    assert "do not belong together" in answer.text
    assert mails() == []


def test_nobodys_mailbox_is_flooded_by_it(app, promoted):
    answers = [log_in(app.test_client(), "petra@example.org", "glasbrot").status_code for _ in range(8)]

    assert answers == [422] * 8
    assert len(mails()) == 5


def test_an_employee_with_that_password_comes_in(app):
    make.employee(email="lucia@example.org", password_hash=hash_password("glasbrot"))
    db.session.commit()

    assert log_in(app.test_client(), "lucia@example.org", "glasbrot").status_code == 303


def test_an_outdated_hash_is_made_anew(app):
    old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AM5qe7zdYG7yPhFcO9Ry4A"
    assert is_outdated(old)
    person = make.employee(email="old@example.org", password_hash=old)
    db.session.commit()

    person.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    db.session.commit()

    log_in(app.test_client(), "old@example.org")

    db.session.expire_all()
    assert not is_outdated(person.password_hash)
    assert is_inside_after_login(app, "old@example.org")


def is_inside_after_login(app, email):
    client = app.test_client()
    log_in(client, email)
    return is_inside(client)


def test_it_goes_on_to_where_somebody_wanted_to_go(app, ann):
    client = app.test_client()
    asked = client.get("/account?x=1")

    page = client.get(asked.location)
    answer = log_in(client, "ann@example.org", next="/account?x=1")

    assert 'value="/account?x=1"' in page.text
    assert answer.location == "/account?x=1"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_it_leads_nowhere_else(app, ann, target):
    client = app.test_client()

    assert log_in(client, "ann@example.org", next=target).location == "/"
    assert client.get("/login", query_string={"next": target}).location == "/"


def test_to_htmx_it_says_that_it_worked(app, ann):
    client = app.test_client()

    answer = log_in(client, "ann@example.org", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "logged-in")
    assert is_inside(client)


def test_without_the_token_of_the_form_nobody_comes_in(app, ann):
    client = app.test_client()
    client.sends_token = False

    answer = log_in(client, "ann@example.org")

    assert answer.status_code == 400
    assert not is_inside(client)


def test_what_the_cookie_held_before_is_worth_nothing_after(app, ann):
    planted = app.test_client()
    with planted.session_transaction() as session:
        session["_user_id"] = "x" * 43
        session["anything"] = "planted"
    victim = app.test_client()
    victim.set_cookie("desk", planted.get_cookie("desk").value)

    log_in(victim, "ann@example.org")

    assert not is_inside(planted)
    with victim.session_transaction() as session:
        assert "anything" not in session
        assert session["_user_id"] != "x" * 43


def test_logging_in_again_ends_the_session_before(app, ann):
    ben = make.employee(email="ben@example.org")
    db.session.commit()
    client, copy = app.test_client(), app.test_client()
    log_in(client, "ann@example.org")
    copy.set_cookie("desk", client.get_cookie("desk").value)

    log_in(client, "ben@example.org")

    assert not is_inside(copy)
    assert [row.user_id for row in db.session.scalars(select(Session))] == [ben.id]


def test_whoever_is_remembered_has_a_cookie_that_stays(app, ann):
    kept, short = app.test_client(), app.test_client()

    log_in(kept, "ann@example.org", remember="y")
    log_in(short, "ann@example.org")

    assert kept.get_cookie("desk").max_age or kept.get_cookie("desk").expires
    assert not short.get_cookie("desk").expires


def test_logging_out_ends_the_session_and_empties_the_cache(app, ann):
    client, copy = app.test_client(), app.test_client()
    log_in(client, "ann@example.org")
    copy.set_cookie("desk", client.get_cookie("desk").value)

    answer = client.post("/logout")

    assert (answer.status_code, answer.location) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"cache"'  # drafts live in the storage
    assert not is_inside(client)
    assert not is_inside(copy)
    assert events(Kind.LOGGED_OUT)[-1].actor_id == ann.id


def test_logging_out_twice_is_no_mistake(app, ann):
    assert app.test_client().post("/logout").status_code == 303
    assert app.test_client().get("/logout").status_code == 405


def test_a_password_typed_as_address_is_not_written_down(app, ann):
    log_in(app.test_client(), "glass bridge kettle", "oops")

    assert events(Kind.LOGIN_FAILED)[-1].data["email"] == ""


# How often


def test_the_sixth_guess_of_a_minute_is_refused_even_if_right(app, ann):
    client = app.test_client()
    for _ in range(5):
        assert log_in(client, "ann@example.org", "wrong horse").status_code == 422

    answer = log_in(client, "ann@example.org")

    assert answer.status_code == 429
    assert "Try again in" in answer.text
    assert 'value="ann@example.org"' in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 61


def test_to_htmx_the_refusal_is_one_sentence(app, ann):
    client = app.test_client()
    for _ in range(5):
        log_in(client, "ann@example.org", "wrong horse")

    answer = log_in(client, "ann@example.org", headers={"HX-Request": "true"})

    assert answer.status_code == 429
    assert answer.headers["HX-Retarget"] == "#problems"
    assert "Try again in" in answer.text
    assert "<html" not in answer.text


def test_an_unknown_address_is_throttled_alike(app, ann):
    client = app.test_client()

    answers = [log_in(client, "who@example.org", "wrong horse").status_code for _ in range(6)]

    assert answers == [422] * 5 + [429]


def test_right_passwords_and_empty_forms_are_no_guesses(app, ann):
    client = app.test_client()
    for _ in range(8):
        assert log_in(client, "ann@example.org").status_code == 303
        assert log_in(client, "ann@example.org", "").status_code == 422

    assert log_in(client, "ann@example.org", "wrong horse").status_code == 422


def test_others_are_not_kept_out(app, ann):
    make.employee(email="ben@example.org")
    db.session.commit()
    for _ in range(6):
        log_in(app.test_client(), "ann@example.org", "wrong horse")

    assert log_in(app.test_client(), "ben@example.org").status_code == 303
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    typed = {"email": "ann@example.org", "password": PASSWORD}
    assert app.test_client().post("/login", data=typed, environ_overrides=elsewhere).status_code == 303


def test_a_forged_address_lifts_no_limit(app, ann):
    client = app.test_client()

    answers = [
        log_in(client, "ann@example.org", "wrong", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(6)
    ]

    assert answers[-1] == 429


def test_fifty_failures_of_an_hour_close_the_account_to_every_place(app, ann):
    codes = []
    for number in range(51):
        place = {"REMOTE_ADDR": f"10.0.{number}.1"}
        typed = {"email": "ann@example.org", "password": "wrong"}
        codes.append(app.test_client().post("/login", data=typed, environ_overrides=place).status_code)

    assert codes == [422] * 50 + [429]


def test_many_guesses_at_the_same_moment_are_counted_too(shared_app):
    """Counting comes before looking, so nobody slips in between."""
    refused = []

    def guess():
        with shared_app.test_request_context("/login", method="POST"):
            try:
                throttle.count_guess("ann@example.org")
            except throttle.TooOften as error:
                refused.append(error.seconds)

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 15


def test_without_redis_guesses_are_counted_in_the_process(app, ann, monkeypatch):
    def is_away(*_args, **_kwargs):
        raise ConnectionError

    monkeypatch.setattr(limiter._storage, "incr", is_away)
    monkeypatch.setattr(limiter._storage, "check", lambda: False)
    client = app.test_client()

    codes = [log_in(client, "ann@example.org", "wrong").status_code for _ in range(6)]

    limiter._storage_dead = False
    limiter._fallback_limiter.storage.reset()
    assert codes == [422] * 5 + [429]


def test_an_endless_session_is_none(app, ann):
    _, token = open_session(ann)
    db.session.commit()
    ann.is_active = False
    db.session.commit()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token

    assert not is_inside(client)
