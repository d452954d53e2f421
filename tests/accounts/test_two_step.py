"""Two-step login: setting it up, logging in with it, and every way round it."""

import logging
import re
import threading
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import select

from portal import clock
from portal.accounts import actions, two_step
from portal.accounts.cli import reset_two_step
from portal.accounts.credentials import HalfLogin, RecoveryCode, TwoStepKey
from portal.accounts.models import Session, digest
from portal.accounts.sealing import Unreadable, seal, unseal
from portal.accounts.tokens import tokens_of
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.outbox_mail.models import Mail
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.accounts.codes import SECRET, code_at, hidden_on, secret_on, send_code, with_two_step
from tests.accounts.gate import is_inside, log_in, mails, words_of
from tests.admin.test_settings import NOW
from tests.factories import PASSWORD


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """In the middle of a time step, so that none begins while a test runs."""
    moment = clock.now().replace(second=10, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def codes(ann):
    return with_two_step(ann)


def half_way(app, **more):
    """A browser that has shown the password and is asked for the code."""
    client = app.test_client()
    answer = log_in(client, "ann@example.org", **more)
    assert answer.location.startswith("/login/code")
    return client


# Setting it up


def set_up(client, *, code=None, password=PASSWORD):
    page = client.get("/account/two-step")
    secret = secret_on(page)
    typed = {"sealed": hidden_on(page, "sealed"), "code": code or code_at(secret=secret)}
    return client.post("/account/two-step", data=typed | {"current_password": password})


def test_it_is_set_up_with_a_code_and_the_recovery_codes_are_shown_once(client_for, ann):
    client, elsewhere = client_for(ann), client_for(ann)

    answer = set_up(client)

    shown = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", answer.text)
    assert (answer.status_code, len(set(shown))) == (200, 10)
    assert is_inside(client)
    assert not is_inside(elsewhere)
    db.session.expire_all()
    assert ann.two_step_since is not None
    assert events(Kind.TWO_STEP_ON)[-1].actor_id == ann.id
    assert mails()[-1].subject.startswith("Two-step login is on")
    assert not any(code in client.get("/account/two-step").text for code in shown)


def test_the_picture_is_drawn_in_the_page_and_says_what_the_text_says(client_for, ann):
    page = client_for(ann).get("/account/two-step")

    assert '<svg class="qr"' in page.text
    assert "data:image" not in page.text
    assert len(secret_on(page)) == 32


def test_a_wrong_code_sets_nothing_up_and_the_same_picture_is_shown_again(client_for, ann):
    client = client_for(ann)
    page = client.get("/account/two-step")
    secret, wrong = secret_on(page), f"{(int(code_at(secret=secret_on(page))) + 1) % 10**6:06}"
    typed = {"sealed": hidden_on(page, "sealed"), "code": wrong, "current_password": PASSWORD}

    answer = client.post("/account/two-step", data=typed)

    assert answer.status_code == 422
    assert secret_on(answer) == secret
    db.session.expire_all()
    assert ann.two_step_since is None
    assert db.session.scalar(select(TwoStepKey)) is None


def test_it_is_not_set_up_without_the_password(client_for, ann):
    answer = set_up(client_for(ann), password="wrong horse")

    assert answer.status_code == 422
    assert "This is not your current password." in answer.text
    db.session.expire_all()
    assert ann.two_step_since is None


def test_the_secret_of_another_persons_form_is_not_taken(client_for, ann):
    ben = make.employee()
    db.session.commit()
    page = client_for(ben).get("/account/two-step")
    typed = {"sealed": hidden_on(page, "sealed"), "code": code_at(secret=secret_on(page))}

    answer = client_for(ann).post("/account/two-step", data=typed | {"current_password": PASSWORD})

    assert answer.status_code == 422
    assert secret_on(answer) != secret_on(page)


def test_setting_it_up_twice_changes_nothing(client_for, ann, codes):
    answer = client_for(ann).post("/account/two-step", data={"code": code_at(), "current_password": PASSWORD})

    assert answer.status_code == 303
    assert len(events(Kind.TWO_STEP_ON)) == 1


def test_neither_secret_nor_codes_stand_in_the_database_the_history_or_a_mail(ann, codes):
    rows = [
        repr(vars(row))
        for kind in (TwoStepKey, RecoveryCode, Event, Mail)
        for row in db.session.scalars(select(kind))
    ]

    assert not any(SECRET in row for row in rows)
    assert not any(code in row or code.replace("-", "") in row for row in rows for code in codes)


def test_neither_secret_nor_codes_are_written_down(app, client_for, ann, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_for(ann)
    secret = secret_on(client.get("/account/two-step"))
    codes = with_two_step(ann)
    used = [codes[0], code_at(), code_at(secret=secret)]
    for code in used:
        send_code(half_way(app), code)

    assert not any(text in caplog.text for text in (secret, SECRET, *codes, *used))


# Logging in


def test_the_password_and_then_the_code_let_in(app, ann, codes):
    client = app.test_client()

    first = log_in(client, "ann@example.org")
    assert first.location == "/login/code"
    assert not is_inside(client)
    answer = send_code(client, f" {code_at()[:3]} {code_at()[3:]} ")

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_inside(client)
    assert events(Kind.LOGGED_IN)[-1].actor_id == ann.id
    assert db.session.scalar(select(HalfLogin)) is None


def test_whoever_has_none_is_not_asked(app, ann):
    assert log_in(app.test_client(), "ann@example.org").location == "/"


def test_where_they_wanted_to_go_and_being_remembered_outlive_the_second_step(app, ann, codes):
    client = app.test_client()

    first = log_in(client, "ann@example.org", next="/tickets?show=done", remember="y")
    page = client.get(first.location)
    answer = send_code(client, code_at(), next=hidden_on(page, "next"))

    assert answer.location == "/tickets?show=done"
    assert db.session.scalar(select(Session.is_remembered)) is True
    assert client.get_cookie("desk").max_age or client.get_cookie("desk").expires


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_the_second_step_leads_nowhere_else(app, ann, codes, elsewhere):
    client = app.test_client()

    assert "evil" not in log_in(client, "ann@example.org", next=elsewhere).location
    assert send_code(client, code_at(), next=elsewhere).location == "/"


def test_htmx_is_told_where_the_second_step_is(app, ann, codes):
    client = app.test_client()

    answer = log_in(client, "ann@example.org", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/login/code")
    assert send_code(client, code_at(), headers={"HX-Request": "true"}).headers["HX-Trigger"] == "logged-in"


def test_a_code_counts_once(app, ann, codes):
    first, second = half_way(app), half_way(app)
    code = code_at()

    assert send_code(first, code).status_code == 303
    again = send_code(second, code)

    assert again.status_code == 422
    assert not is_inside(second)
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "code"


def test_a_code_from_before_the_last_one_counts_no_more(app, ann, codes):
    first, second = half_way(app), half_way(app)

    assert send_code(first, code_at(1)).status_code == 303
    assert send_code(second, code_at(0)).status_code == 422


@pytest.mark.parametrize(("drift", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_a_clock_may_be_wrong_by_one_step(app, ann, codes, drift, status):
    assert send_code(half_way(app), code_at(drift)).status_code == status


def test_of_many_who_send_the_same_code_at_once_one_is_let_in(shared_app):
    ann = make.employee()
    with_two_step(ann)
    code, user_id, start, won = code_at(), ann.id, threading.Barrier(6), []

    def send():
        with shared_app.app_context():
            start.wait()
            if two_step.accepts(db.session.get_one(type(ann), user_id), code):
                won.append(1)
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=send) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1


@pytest.mark.parametrize(
    "typed", ["", "000", "٠١٢٣٤٥", "1" * 41, "\0", "AAAA-AAAA-AAAA-AAAA", "1" * 10_000, "0000000"]
)
def test_anything_else_is_no_code(app, ann, codes, typed):
    client = half_way(app)

    assert send_code(client, typed).status_code == 422
    assert not is_inside(client)


def test_wrong_used_and_unknown_codes_are_answered_alike(app, ann, codes):
    used, client = code_at(), half_way(app)
    send_code(half_way(app), used)
    spent = codes[0]
    send_code(half_way(app), spent)

    answers = {
        words_of(send_code(client, code)).replace(code, "…") for code in (used, spent, "AAAAAAAAAAAAAAAA")
    }

    assert len(answers) == 1


# Half way


def test_half_a_log_in_opens_nothing(app, ann, codes):
    client = half_way(app)
    before = len(list(db.session.scalars(select(Session))))

    for path in ("/", "/account", "/tickets", "/account/two-step", "/live", "/notifications"):
        answer = client.get(path)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/login"), path
    assert client.post("/account/two-step/off", data={"current_password": PASSWORD}).status_code == 303
    assert len(list(db.session.scalars(select(Session)))) == before
    db.session.expire_all()
    assert ann.two_step_since is not None


def test_the_token_of_a_half_log_in_is_no_session(app, ann, codes):
    client = half_way(app)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = cookie["half_login"]

    assert not is_inside(client)


def test_without_the_password_there_is_no_second_step(app, ann, codes):
    client = app.test_client()

    for answer in (client.get("/login/code?next=/tickets"), send_code(client, code_at(), next="/tickets")):
        assert (answer.status_code, answer.location) == (303, "/login?next=/tickets")
    assert not is_inside(client)


def test_the_second_step_belongs_to_the_browser_of_the_first(app, ann, codes):
    half_way(app)
    other = app.test_client()

    send_code(other, code_at())

    assert not is_inside(other)


@pytest.mark.parametrize("token", [1, None, "", "x" * 43, ["x"], {"a": 1}])
def test_a_cookie_that_holds_anything_else_is_half_of_nothing(app, ann, codes, token):
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["half_login"] = token

    assert client.get("/login/code").status_code == 303


def test_a_half_log_in_is_over_after_ten_minutes(app, ann, codes, monkeypatch):
    client = half_way(app)
    later(monkeypatch, minutes=9)
    assert client.get("/login/code").status_code == 200
    later(monkeypatch, minutes=2)

    send_code(client, code_at())

    assert not is_inside(client)


def test_a_half_log_in_is_used_up_by_the_whole_one(app, ann, codes, monkeypatch):
    client, copy = half_way(app), app.test_client()
    copy.set_cookie("desk", client.get_cookie("desk").value)
    send_code(client, code_at())
    later(monkeypatch, seconds=60)

    send_code(copy, code_at())

    assert not is_inside(copy)


@pytest.mark.parametrize("deed", ["password", "deactivated", "reset"])
def test_a_half_log_in_ends_with_what_it_rests_on(app, ann, codes, deed):
    client = half_way(app)
    if deed == "password":
        actions.change_password(ann, "glass bridge kettle", session_token="")
    elif deed == "deactivated":
        ann.is_active = False
    else:
        two_step.reset(ann, actor=None)
    db.session.commit()

    assert send_code(client, code_at()).location.startswith("/login")
    assert not is_inside(client)


def test_a_new_password_by_mail_does_not_replace_the_second_step(app, ann, codes):
    client = app.test_client()
    client.post("/forgot", data={"email": "ann@example.org"})
    link = re.search(r"/reset/[A-Za-z0-9_-]{43}", mails()[-1].body)[0]
    client.post(link, data={"password": "glass bridge kettle"})

    answer = log_in(client, "ann@example.org", "glass bridge kettle")

    assert answer.location == "/login/code"
    assert not is_inside(client)


def test_a_wrong_password_says_nothing_of_a_second_step(app, ann, codes):
    make.employee(email="ben@example.org")
    db.session.commit()

    answers = [log_in(app.test_client(), email, "wrong") for email in ("ann@example.org", "ben@example.org")]

    assert [answer.status_code for answer in answers] == [422, 422]


# How often


def test_codes_are_throttled_even_the_right_one(app, ann, codes):
    client = half_way(app)
    refused = [send_code(client, f"{number:06}").status_code for number in range(5)]

    answer = send_code(client, code_at())

    assert refused == [422] * 5
    assert (answer.status_code, is_inside(client)) == (429, False)
    assert int(answer.headers["Retry-After"]) > 0


def test_another_half_log_in_or_another_place_lifts_no_limit(app, ann, codes):
    answers = []
    for number in range(21):
        client = half_way(app)
        place = {"REMOTE_ADDR": f"10.0.{number}.1"}
        answers.append(
            client.post("/login/code", data={"code": "AAAAAA"}, environ_overrides=place).status_code
        )

    assert answers == [422] * 20 + [429]


def test_right_codes_are_no_guesses(app, ann, codes, monkeypatch):
    for _number in range(7):
        later(monkeypatch, seconds=30)
        assert send_code(half_way(app), code_at()).status_code == 303


# Recovery codes


def test_a_recovery_code_lets_in_once(app, ann, codes):
    first, second = half_way(app), half_way(app)

    assert send_code(first, codes[3].lower().replace("-", " ")).status_code == 303
    assert send_code(second, codes[3]).status_code == 422

    assert is_inside(first)
    assert not is_inside(second)
    assert events(Kind.RECOVERY_CODE_USED)[-1].data["left"] == 9
    assert "9 are left" in mails()[-1].body


def test_anothers_recovery_code_does_not(app, ann, codes):
    ben = make.employee()
    theirs = with_two_step(ben)

    assert send_code(half_way(app), theirs[0]).status_code == 422


def test_new_recovery_codes_end_those_before(app, client_for, ann, codes):
    answer = client_for(ann).post("/account/two-step/codes", data={"current_password": PASSWORD})

    new = re.findall(r"<code>([A-Z2-7-]{19})</code>", answer.text)
    assert len(new) == 10
    assert send_code(half_way(app), codes[0]).status_code == 422
    assert send_code(half_way(app), new[0]).status_code == 303
    assert events(Kind.RECOVERY_CODES_MADE)
    assert any(mail.subject.startswith("You have new recovery codes") for mail in mails())


def test_without_the_password_there_are_no_new_ones(app, client_for, ann, codes):
    client = client_for(ann)
    tries = [
        client.post("/account/two-step/codes", data={"current_password": "x"}).status_code for _n in range(6)
    ]

    assert tries == [422] * 5 + [429]
    assert two_step.accepts(ann, codes[0])


def test_only_digests_of_recovery_codes_are_kept(ann, codes):
    kept = set(db.session.scalars(select(RecoveryCode.code_digest)))

    assert kept == {digest(code.replace("-", "")) for code in codes}


# Switching it off, and the reset


def test_it_is_switched_off_with_the_password(app, client_for, ann, codes):
    client = client_for(ann)

    assert client.post("/account/two-step/off", data={"current_password": "wrong"}).status_code == 422
    assert log_in(app.test_client(), "ann@example.org").location == "/login/code"
    assert client.post("/account/two-step/off", data={"current_password": PASSWORD}).status_code == 303

    assert log_in(app.test_client(), "ann@example.org").location == "/"
    assert events(Kind.TWO_STEP_OFF)[-1].actor_id == ann.id
    assert mails()[-1].subject.startswith("Two-step login is off")
    assert db.session.scalar(select(RecoveryCode)) is None


def test_an_admin_resets_it(app, client_for, ann, codes):
    boss = make.admin()
    db.session.commit()
    inside = client_for(ann)

    answer = client_for(boss).post(f"/admin/people/{ann.id}/two-step")

    assert answer.status_code == 303
    assert not is_inside(inside)
    assert log_in(app.test_client(), "ann@example.org").location == "/"
    assert events(Kind.TWO_STEP_RESET)[-1].actor_id == boss.id
    assert mails()[-1].to_address == "ann@example.org"


def test_an_admin_does_not_get_round_their_own(client_for):
    boss = make.admin()
    db.session.commit()
    with_two_step(boss)

    assert client_for(boss).post(f"/admin/people/{boss.id}/two-step").status_code == 409


def test_resetting_what_is_not_set_up_changes_nothing(client_for, ann):
    boss = make.admin()
    db.session.commit()

    assert client_for(boss).post(f"/admin/people/{ann.id}/two-step").status_code == 303
    assert not events(Kind.TWO_STEP_RESET)


def test_the_operator_resets_it_from_the_command_line(app, ann, codes):
    runner = app.test_cli_runner()

    done = runner.invoke(reset_two_step, ["ANN@example.org"])

    assert done.exit_code == 0, done.output
    assert log_in(app.test_client(), "ann@example.org").location == "/"
    assert events(Kind.TWO_STEP_RESET)[-1].actor_id is None
    assert runner.invoke(reset_two_step, ["ann@example.org"]).exit_code == 1
    assert runner.invoke(reset_two_step, ["who@example.org"]).exit_code == 1


# The key that secrets are sealed with


def test_an_older_key_still_opens_what_it_sealed(app, monkeypatch):
    sealed = seal("hello", about="x")
    old = current_app.config["SECRET_KEY"]

    monkeypatch.setitem(app.config, "SECRET_KEY", "another key of many letters")
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", [old])
    assert unseal(sealed, about="x") == "hello"

    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", None)
    with pytest.raises(Unreadable):
        unseal(sealed, about="x")


def test_a_log_in_seals_the_secret_with_the_key_of_today(app, ann, codes, monkeypatch):
    old = current_app.config["SECRET_KEY"]
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key of many letters")
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", [old])
    assert send_code(half_way(app), code_at()).status_code == 303

    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", None)
    later(monkeypatch, seconds=30)

    assert send_code(half_way(app), code_at()).status_code == 303


def test_what_is_sealed_keeps_its_owner_and_cannot_be_changed(app):
    sealed = seal("hello", about="two-step:1")

    for wrong, about in (
        (sealed, "two-step:2"),
        (sealed[:-4] + "AAAA", "two-step:1"),
        ("", "two-step:1"),
        ("ä", "x"),
    ):
        with pytest.raises(Unreadable):
            unseal(wrong, about=about)
    assert seal("hello", about="two-step:1") != sealed


def test_a_lost_key_refuses_codes_and_takes_recovery_codes(app, ann, codes, monkeypatch):
    db.session.scalar(select(TwoStepKey)).sealed_secret = seal(SECRET, about="somebody else")
    db.session.commit()

    assert send_code(half_way(app), code_at()).status_code == 422
    assert send_code(half_way(app), codes[0]).status_code == 303


# Roles that must have it


@pytest.fixture
def required(app):
    def require(*roles):
        change_settings(actor=None, two_step_roles=tuple(role for role in roles))
        db.session.commit()
        forget_site()

    return require


def test_whoever_must_have_it_is_led_to_it_and_then_let_in(app, ann, required):
    required("employee")
    client = app.test_client()
    log_in(client, "ann@example.org")

    led = client.get("/tickets")
    assert (led.status_code, led.location) == (303, "/account/two-step")
    assert "Your role needs it" in client.get("/account/two-step").text
    assert set_up(client).status_code == 200

    assert client.get("/tickets").status_code == 200


def test_other_roles_are_left_alone(app, client_for, ann, required):
    required("agent", "admin")

    assert is_inside(client_for(ann))


def test_it_cannot_be_switched_off_where_the_role_needs_it(client_for, ann, codes, required):
    required("employee")
    client = client_for(ann)

    assert client.post("/account/two-step/off", data={"current_password": PASSWORD}).status_code == 409
    assert "Switch it off" not in client.get("/account/two-step").text


def test_an_admin_says_which_roles_and_it_holds_at_once(client_for):
    boss = make.admin()
    db.session.commit()
    client = client_for(boss)

    saved = client.post("/admin/settings", data=NOW | {"two_step_roles": ["agent", "admin"]})
    assert saved.status_code == 303

    assert client.get("/admin/settings").location == "/account/two-step"
    change = events(Kind.SETTINGS_EDITED)[-1].data["changes"]["two_step_roles"]
    assert change["new"]["label"] == ["agent", "admin"]


def test_a_reset_ends_the_tokens_of_programs_too(client_for, ann, codes):
    boss = make.admin()
    make.token(ann)
    db.session.commit()

    client_for(boss).post(f"/admin/people/{ann.id}/two-step")

    assert tokens_of(ann) == []
