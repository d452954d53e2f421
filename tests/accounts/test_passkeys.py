"""Passkeys: adding one, coming in with it, and everything that is none."""

import json
import logging
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts import challenges, passkeys
from portal.accounts.credentials import AskedFor, PasskeyChallenge, RecoveryCode
from portal.accounts.models import Session
from portal.accounts.queries import has_app
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.accounts.authenticator import (
    PRESENT,
    VERIFIED,
    Device,
    encoded,
    enter_with,
    send_new,
    wanted_new,
    wanted_of,
    with_passkey,
)
from tests.accounts.codes import code_at, hidden_on, secret_on, send_code, with_two_step
from tests.accounts.gate import is_inside, log_in, mails
from tests.factories import PASSWORD


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


def of(person):
    db.session.expire_all()
    return passkeys.passkeys_of(person)


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def inside(client_for, ann):
    return client_for(ann)


@pytest.fixture
def device(inside):
    return with_passkey(inside)


@pytest.fixture
def outside(app):
    return app.test_client()


@pytest.fixture
def required(app):
    change_settings(actor=None, two_step_roles=tuple(role.value for role in Role))
    db.session.commit()
    forget_site()


# Adding one


def test_the_first_one_begins_two_step_login_and_gives_recovery_codes(client_for, ann, inside):
    elsewhere = client_for(ann)
    device = Device()

    answer = send_new(inside, device.make(wanted_new(inside).json), name="  Work   laptop ")

    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", answer.text)
    assert (answer.status_code, len(set(codes))) == (200, 10)
    (passkey,) = of(ann)
    assert (passkey.name, passkey.credential_id, passkey.transports) == (
        "Work laptop",
        device.credential_id,
        "internal",
    )
    assert ann.two_step_since is not None
    assert is_inside(inside)
    assert not is_inside(elsewhere)
    assert events(Kind.PASSKEY_ADDED)[-1].data["passkey"] == "Work laptop"
    assert mails()[-1].subject.startswith("You have a new passkey")
    assert "your password alone does so no more" in mails()[-1].body


def test_another_one_leaves_recovery_codes_and_browsers_as_they_are(client_for, ann, inside, device):
    elsewhere, codes = client_for(ann), list(db.session.scalars(select(RecoveryCode.code_digest)))

    answer = send_new(inside, Device().make(wanted_new(inside).json), name="Telephone")

    assert answer.location == "/account/passkeys"
    assert [passkey.name for passkey in of(ann)] == ["Laptop", "Telephone"]
    assert list(db.session.scalars(select(RecoveryCode.code_digest))) == codes
    assert is_inside(elsewhere)


def test_the_browser_is_asked_for_a_key_that_knows_who_is_there(inside, ann, device):
    wanted = wanted_new(inside).json

    assert wanted["rp"]["id"] == "localhost"
    assert wanted["authenticatorSelection"]["userVerification"] == "required"
    assert wanted["authenticatorSelection"]["residentKey"] == "required"
    assert wanted["attestation"] == "none"
    assert [each["id"] for each in wanted["excludeCredentials"]] == [encoded(device.credential_id)]
    assert "ann" not in str(device.handle)


def test_it_is_not_added_without_the_password(inside, ann):
    answers = [wanted_new(inside, password=typed) for typed in ("wrong", "", *["wrong"] * 4, PASSWORD)]

    assert [answer.status_code for answer in answers] == [422] * 6 + [429]
    assert answers[0].json == {"problem": "This is not your current password."}
    assert send_new(inside, Device().make({"user": {"id": "eA"}, "challenge": "eA"})).status_code == 422
    assert of(ann) == []


def test_whoever_has_no_password_adds_one_without(app, client_for):
    guest = make.employee(password_hash=None)
    db.session.commit()
    client = client_for(guest)
    assert "current_password" not in client.get("/account/passkeys").text

    with_passkey(client)

    assert len(of(guest)) == 1


def test_without_a_script_the_form_says_what_it_needs(inside, ann):
    answer = inside.post("/account/passkeys", data={"name": "Laptop", "current_password": PASSWORD})

    assert answer.status_code == 422
    assert "in a browser that runs scripts" in answer.text
    assert 'value="Laptop"' in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
    ],
    ids=str,
)
def test_what_was_made_elsewhere_or_without_asking_who_is_there_is_not_added(inside, ann, wrong):
    answer = send_new(inside, Device().make(wanted_new(inside).json, **wrong))

    assert answer.status_code == 409
    assert "made no passkey that counts here" in answer.text
    assert of(ann) == []


def test_a_challenge_for_a_new_one_counts_once_and_for_five_minutes(inside, ann, monkeypatch):
    wanted = wanted_new(inside).json
    with inside.session_transaction() as cookie:
        token = cookie["passkey"]
    assert send_new(inside, Device().make(wanted, origin="https://evil.example")).status_code == 409
    with inside.session_transaction() as cookie:
        cookie["passkey"] = token
    assert send_new(inside, Device().make(wanted)).status_code == 422

    wanted = wanted_new(inside).json
    later(monkeypatch, minutes=5, seconds=1)
    assert send_new(inside, Device().make(wanted)).status_code == 422
    assert of(ann) == []


def test_another_challenge_than_that_of_this_browser_does_not_count(client_for, ann, inside):
    other = client_for(ann)
    wanted_new(inside)

    assert send_new(inside, Device().make(wanted_new(other).json)).status_code == 409
    assert of(ann) == []


def test_a_challenge_is_no_use_in_another_session_even_with_its_cookie(client_for, ann, inside):
    wanted, other = wanted_new(inside).json, client_for(ann)
    with inside.session_transaction() as cookie:
        token = cookie["passkey"]
    with other.session_transaction() as cookie:
        cookie["passkey"] = token

    assert send_new(other, Device().make(wanted)).status_code == 422


def test_a_challenge_of_a_log_in_makes_no_passkey(inside, ann):
    wanted = wanted_of(inside)

    answer = send_new(inside, Device().make({"user": {"id": "eA"}, "challenge": wanted["challenge"]}))

    assert answer.status_code == 422
    assert of(ann) == []


def test_a_passkey_that_is_somebodys_is_not_added_again(client_for, inside, device):
    ben = make.employee()
    db.session.commit()
    client = client_for(ben)

    answer = send_new(client, device.make(wanted_new(client).json))

    assert answer.status_code == 409
    assert "This passkey is known already." in answer.text
    assert of(ben) == []


def test_there_is_an_end_to_how_many_one_has(inside, ann, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 1)
    with_passkey(inside)

    answer = send_new(inside, Device().make(wanted_new(inside).json))

    assert answer.status_code == 409
    assert len(of(ann)) == 1


def test_a_challenge_counts_for_what_it_was_asked_for_alone(app):
    token, challenge = challenges.ask(AskedFor.SECOND_STEP, held_by="x")

    assert challenges.take(token, AskedFor.NEW, held_by="x") is None
    assert challenges.take(token, AskedFor.SECOND_STEP, held_by="y") is None
    assert challenges.take(token, AskedFor.SECOND_STEP, held_by="x") == challenge
    assert challenges.take(token, AskedFor.SECOND_STEP, held_by="x") is None


# Logging in


def test_a_passkey_lets_in_without_a_word_and_without_a_code(outside, ann, device):
    answer = outside.post("/login", data={"credential": device.sign(wanted_of(outside)), "next": "/tickets"})

    assert (answer.status_code, answer.location) == (303, "/tickets")
    assert is_inside(outside)
    came = events(Kind.LOGGED_IN)[-1]
    assert (came.actor_id, came.data["way"]) == (ann.id, "passkey")
    assert of(ann)[0].last_used_at is not None


def test_it_lets_in_again_and_again(outside, app, device):
    for _time in range(3):
        assert enter_with(app.test_client(), device).status_code == 303


def test_being_remembered_is_kept(outside, device):
    outside.post("/login", data={"credential": device.sign(wanted_of(outside)), "remember": "y"})

    assert db.session.scalars(select(Session.is_remembered).order_by(Session.id.desc())).first() is True


def test_the_session_has_a_new_id(outside, device):
    with outside.session_transaction() as cookie:
        cookie["_user_id"] = "planted"

    enter_with(outside, device)

    with outside.session_transaction() as cookie:
        assert cookie["_user_id"] != "planted"
        assert "passkey" not in cookie


def test_one_that_is_copied_between_devices_never_counts(app, client_for, ann):
    device = with_passkey(client_for(ann), counts=False)

    for _time in range(3):
        assert enter_with(app.test_client(), device).status_code == 303
    assert of(ann)[0].is_backed_up


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://localhost"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"signature": encoded(b"no signature")},
        {"userHandle": encoded(b"user:0")},
        {"userHandle": None},
    ],
    ids=str,
)
def test_what_is_wrong_in_anything_lets_nobody_in(outside, ann, device, wrong):
    answer = enter_with(outside, device, **wrong)

    assert answer.status_code == 422
    assert "This passkey does not let in here" in answer.text
    assert not is_inside(outside)
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "passkey"


def test_a_signature_of_another_key_lets_nobody_in(outside, device):
    forger = Device()
    forger.credential_id, forger.handle = device.credential_id, device.handle

    assert enter_with(outside, forger).status_code == 422


def test_an_unknown_passkey_is_answered_like_a_wrong_one(app, device):
    unknown = Device()
    unknown.handle = device.handle

    assert enter_with(app.test_client(), unknown).status_code == 422


def test_another_challenge_lets_nobody_in(app, outside, device):
    wanted_of(outside)

    signed = device.sign(wanted_of(app.test_client()))

    assert outside.post("/login", data={"credential": signed}).status_code == 422


def test_an_answer_counts_once(outside, app, device):
    signed = device.sign(wanted_of(outside))
    copy = app.test_client()
    copy.set_cookie("desk", outside.get_cookie("desk").value)
    assert outside.post("/login", data={"credential": signed}).status_code == 303

    assert copy.post("/login", data={"credential": signed}).status_code == 422
    assert not is_inside(copy)


def test_a_challenge_is_used_up_by_a_wrong_answer(outside, device):
    wanted = wanted_of(outside)
    with outside.session_transaction() as cookie:
        token = cookie["passkey"]
    outside.post("/login", data={"credential": device.sign(wanted, origin="https://evil.example")})
    with outside.session_transaction() as cookie:
        cookie["passkey"] = token

    assert outside.post("/login", data={"credential": device.sign(wanted)}).status_code == 422


def test_a_challenge_is_over_after_five_minutes_and_swept_away(app, outside, device, monkeypatch):
    wanted = wanted_of(outside)
    later(monkeypatch, minutes=5, seconds=1)

    assert outside.post("/login", data={"credential": device.sign(wanted)}).status_code == 422
    wanted_of(app.test_client())
    assert len(list(db.session.scalars(select(PasskeyChallenge)))) == 1


def test_a_count_that_goes_back_is_refused_told_and_recorded(app, ann, device):
    device.count = 10
    assert enter_with(app.test_client(), device).status_code == 303
    device.count = 3

    answer = enter_with(app.test_client(), device)

    assert answer.status_code == 422
    assert events(Kind.PASSKEY_SUSPECTED)[-1].data["user_id"] == ann.id
    assert mails()[-1].subject.startswith("A passkey of yours was refused")
    assert of(ann)[0].sign_count == 11


def test_a_count_without_a_signature_accuses_nobody(outside, ann, device):
    device.count = 0

    enter_with(outside, device, signature=encoded(b"none"))

    assert not events(Kind.PASSKEY_SUSPECTED)


@pytest.mark.parametrize("deed", ["deactivated", "unverified"])
def test_whoever_may_not_come_in_does_not_by_passkey(outside, ann, device, deed):
    if deed == "deactivated":
        ann.is_active = False
    else:
        ann.email_verified_at = None
    db.session.commit()

    assert enter_with(outside, device).status_code == 422
    assert not is_inside(outside)


@pytest.mark.parametrize(
    "junk",
    [
        "x",
        "[]",
        "{}",
        "null",
        "\0",
        "1" * 5000,
        "[" * 10_000,
        json.dumps({"id": "é", "rawId": "é", "type": "public-key", "response": {}}),
        json.dumps(
            {
                "id": "AAAA",
                "rawId": "AAAA",
                "type": "public-key",
                "response": dict.fromkeys(("clientDataJSON", "authenticatorData", "signature"), "A"),
            }
        ),
    ],
)
def test_junk_is_no_passkey(outside, inside, device, junk):
    wanted_of(outside)
    assert outside.post("/login", data={"credential": junk}).status_code == 422
    wanted_new(inside)
    assert send_new(inside, junk).status_code in {409, 422}


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("junk", ["", "AA", "é", encoded(b"\xff" * 300), encoded(b"{}"), encoded(b"[1]")])
def test_junk_in_a_part_is_no_signature(outside, device, part, junk):
    assert enter_with(outside, device, **{part: junk}).status_code == 422


def test_asking_and_showing_are_throttled(outside, device):
    answers = [outside.post("/login/challenge").status_code for _number in range(101)]

    assert answers == [200] * 100 + [429]
    shown = outside.post("/login", data={"credential": "x"})
    assert (shown.status_code, is_inside(outside)) == (429, False)


def test_nothing_secret_is_written_down(caplog, app, ann, device):
    caplog.set_level(logging.DEBUG)
    client = app.test_client()
    wanted = wanted_of(client)
    client.post("/login", data={"credential": device.sign(wanted)})

    assert wanted["challenge"] not in caplog.text
    rows = [repr(event.data) for event in db.session.scalars(select(Event))]
    assert not any(encoded(device.credential_id) in row for row in rows)


# As the second step


def half_way(app):
    client = app.test_client()
    assert log_in(client, "ann@example.org").location == "/login/code"
    return client


def show_second(client, device, **wrong):
    wanted = wanted_of(client, "/login/code/challenge")
    return client.post("/login/code", data={"credential": device.sign(wanted, **wrong)})


def test_the_password_alone_lets_in_no_more(app, ann, device):
    client = half_way(app)

    page = client.get("/login/code")

    assert "Use a passkey" in page.text
    assert "Recovery code" in page.text
    assert not is_inside(client)


def test_the_password_and_then_the_passkey_let_in(app, ann, device):
    client = half_way(app)

    answer = show_second(client, device)

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_inside(client)


def test_as_a_second_step_it_need_not_say_whose_it_is(app, ann, device):
    assert show_second(half_way(app), device, userHandle=None).status_code == 303


def test_it_does_instead_of_the_code_of_an_app(app, ann, inside):
    with_two_step(ann)
    client = app.test_client()
    log_in(client, "ann@example.org")
    send_code(client, code_at())
    device = with_passkey(client)

    assert show_second(half_way(app), device).status_code == 303


def test_only_ones_own_are_asked_for_and_anothers_is_refused(app, client_for, ann, device):
    ben = make.employee()
    db.session.commit()
    theirs = with_passkey(client_for(ben))
    client = half_way(app)

    wanted = wanted_of(client, "/login/code/challenge")
    answer = client.post("/login/code", data={"credential": theirs.sign(wanted)})

    assert [each["id"] for each in wanted["allowCredentials"]] == [encoded(device.credential_id)]
    assert answer.status_code == 422
    assert not is_inside(client)
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "passkey"


@pytest.mark.parametrize("wrong", [{"origin": "https://evil.example"}, {"flags": PRESENT}], ids=str)
def test_a_wrong_second_step_lets_nobody_in(app, ann, device, wrong):
    client = half_way(app)

    assert show_second(client, device, **wrong).status_code == 422
    assert not is_inside(client)


def test_the_challenge_of_one_half_log_in_is_none_of_another(app, ann, device):
    first, second = half_way(app), half_way(app)
    wanted = wanted_of(first, "/login/code/challenge")
    with first.session_transaction() as cookie:
        token = cookie["passkey"]
    with second.session_transaction() as cookie:
        cookie["passkey"] = token

    assert second.post("/login/code", data={"credential": device.sign(wanted)}).status_code == 422


def test_without_the_first_step_there_is_no_challenge_for_the_second(outside, device):
    assert outside.post("/login/code/challenge").status_code == 409


def test_second_steps_by_passkey_are_throttled_as_codes_are(app, ann, device):
    client = half_way(app)
    tries = [show_second(client, device, origin="https://evil.example").status_code for _number in range(6)]

    assert tries == [422] * 5 + [429]


def test_a_recovery_code_lets_in_whoever_has_lost_the_device(app, inside):
    codes = re.findall(
        r"<code>([A-Z2-7-]{19})</code>", send_new(inside, Device().make(wanted_new(inside).json)).text
    )
    client = half_way(app)

    assert send_code(client, codes[0]).status_code == 303
    assert is_inside(client)


# Whoever must have a second step


def test_whoever_must_have_two_step_login_fulfils_that_with_a_passkey(client_for, required, ann):
    client = client_for(ann)
    assert client.get("/tickets").location == "/account/two-step"
    assert "With a passkey instead" in client.get("/account/two-step").text
    assert 'href="/tickets"' not in client.get("/account/passkeys").text.partition("<main")[2]

    with_passkey(client)

    assert client.get("/tickets").status_code == 200


def test_the_last_one_is_not_removed_where_a_second_step_is_required(client_for, required, ann):
    client = client_for(ann)
    with_passkey(client)

    answer = remove(client, of(ann)[0])

    assert answer.status_code == 409
    assert "this is your only one" in answer.text
    assert len(of(ann)) == 1


def test_the_app_may_go_where_a_passkey_stays(app, client_for, required, ann):
    with_two_step(ann)
    client = client_for(ann)
    device = with_passkey(client)

    answer = client.post("/account/two-step/off", data={"current_password": PASSWORD})

    assert answer.status_code == 303
    db.session.expire_all()
    assert ann.two_step_since is not None
    assert not has_app(ann)
    assert events(Kind.AUTHENTICATOR_REMOVED)
    assert send_code(half_way(app), code_at()).status_code == 422
    assert show_second(half_way(app), device).status_code == 303


def test_an_app_is_set_up_besides_a_passkey(inside, ann, device):
    assert "Set up an app" in inside.get("/account/two-step").text
    page = inside.get("/account/two-step?app=new")
    typed = {"sealed": hidden_on(page, "sealed"), "code": code_at(secret=secret_on(page))}

    answer = inside.post("/account/two-step", data=typed | {"current_password": PASSWORD})

    assert answer.status_code == 200
    assert has_app(ann)
    assert len(of(ann)) == 1


# One's own ones


def remove(client, passkey, password=PASSWORD):
    path = f"/account/passkeys/{passkey.public_id}/removal"
    return client.post(path, data={"current_password": password})


def test_the_last_one_that_goes_ends_two_step_login(app, inside, ann, device):
    assert remove(inside, of(ann)[0], "wrong").status_code == 422
    assert remove(inside, of(ann)[0]).status_code == 303

    assert of(ann) == []
    assert ann.two_step_since is None
    assert log_in(app.test_client(), "ann@example.org").location == "/"
    assert enter_with(app.test_client(), device).status_code == 422
    assert events(Kind.PASSKEY_REMOVED)
    assert events(Kind.TWO_STEP_OFF)
    assert "Your password alone lets you in again." in mails()[-1].body
    assert db.session.scalar(select(RecoveryCode)) is None


def test_one_of_two_that_goes_leaves_two_step_login_on(inside, ann, device):
    with_passkey(inside, name="Telephone")

    remove(inside, of(ann)[0])

    assert [passkey.name for passkey in of(ann)] == ["Telephone"]
    assert ann.two_step_since is not None
    assert not events(Kind.TWO_STEP_OFF)


def test_one_gets_another_name(inside, ann, device):
    path = f"/account/passkeys/{of(ann)[0].public_id}"

    assert inside.post(path, data={"name": " "}).status_code == 422
    assert inside.post(path, data={"name": "Old laptop"}).location == "/account/passkeys"

    assert of(ann)[0].name == "Old laptop"
    assert "Old laptop" in inside.get("/account").text
    assert events(Kind.PASSKEY_RENAMED)[-1].data["changes"]["passkey"]["old"]["label"] == "Laptop"


def test_anothers_do_not_exist(client_for, ann, device):
    boss = make.admin()
    db.session.commit()
    client, path = client_for(boss), f"/account/passkeys/{of(ann)[0].public_id}"

    assert client.get(path).status_code == 404
    assert client.post(path, data={"name": "Mine"}).status_code == 404
    assert remove(client, of(ann)[0]).status_code == 404
    assert of(ann)[0].name == "Laptop"


def test_an_admins_reset_ends_them_all(app, client_for, ann, device):
    boss = make.admin()
    db.session.commit()

    client_for(boss).post(f"/admin/people/{ann.id}/two-step")

    assert of(ann) == []
    assert enter_with(app.test_client(), device).status_code == 422
    assert log_in(app.test_client(), "ann@example.org").location == "/"


def test_another_password_leaves_them_and_its_mail_says_so(app, inside, ann, device):
    typed = {"current_password": PASSWORD, "password": "glass bridge kettle"}

    inside.post("/account/password", data=typed)

    assert "Your passkeys still let you in" in mails()[-1].body
    assert enter_with(app.test_client(), device).status_code == 303


def test_the_account_page_asks_for_as_much_with_three_as_with_none(inside, ann, statements):
    def count():
        inside.get("/account")
        statements.clear()
        assert inside.get("/account").status_code == 200
        return len(statements)

    before = count()
    for _number in range(3):
        with_passkey(inside)

    assert count() == before


def test_where_the_desk_has_no_name_nothing_is_offered(app, inside, monkeypatch):
    settings = app.config["DESK"].model_copy(update={"public_url": "http://127.0.0.1:8000"})
    monkeypatch.setitem(app.config, "DESK", settings)

    assert "Log in with a passkey" not in app.test_client().get("/login").text
    assert app.test_client().post("/login/challenge").status_code == 404
    assert "Passkeys need the desk to be opened by its name" in inside.get("/account/passkeys").text


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://desk.example.org", "https://desk.example.org"),
        ("https://Desk.Example.org:443", "https://desk.example.org"),
        ("https://desk.example.org:8443", "https://desk.example.org:8443"),
    ],
)
def test_the_origin_is_public_url_as_browsers_say_it(app, monkeypatch, public_url, origin):
    settings = app.config["DESK"].model_copy(update={"public_url": public_url})
    monkeypatch.setitem(app.config, "DESK", settings)

    assert passkeys._origin() == origin
    assert passkeys.are_possible()
