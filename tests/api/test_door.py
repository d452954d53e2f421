"""Who comes in by a token, who does not, and in which words."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts import people
from portal.accounts.credentials import ApiToken
from portal.api import door
from portal.extensions import db, limiter
from portal.permissions import Scope
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.accounts.codes import with_two_step
from tests.security.test_s28_headers import is_strict

FIELDS = {"error", "message", "error_code", "details"}


@pytest.fixture
def ann(world):
    return make.employee(name="Ann Sørensen", email="ann@example.org", timezone="Europe/Lisbon")


@pytest.fixture
def program(program_of, ann):
    return program_of(ann)


def the_token():
    db.session.rollback()
    return db.session.scalars(select(ApiToken)).one()


def test_whoever_asks_is_told_who_they_are(program):
    answer = program.get("/me")

    assert answer.status_code == 200
    said = answer.json
    assert (said["name"], said["email"], said["role"]) == ("Ann Sørensen", "ann@example.org", "employee")
    assert said["token"]["name"] == "A token"
    assert program.token not in answer.text
    assert "password" not in answer.text


@pytest.mark.parametrize(
    ("header", "code", "asks"),
    [
        (None, "E_UNAUTHORIZED", 'Bearer realm="desk"'),
        ("Basic YW5uOnNlY3JldA==", "E_UNAUTHORIZED", 'Bearer realm="desk"'),
        ("Bearer", "E_UNAUTHORIZED", 'Bearer realm="desk"'),
        ("Bearer nothing", "E_INVALID_TOKEN", 'Bearer realm="desk", error="invalid_token"'),
        ("Bearer desk_" + "x" * 43, "E_INVALID_TOKEN", 'Bearer realm="desk", error="invalid_token"'),
    ],
)
def test_without_a_token_that_counts_nobody_comes_in(app, header, code, asks):
    client = app.test_client()

    answer = client.get("/api/v1/me", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.json.keys() == FIELDS
    assert (answer.json["error"], answer.json["error_code"]) == ("UnauthorizedError", code)
    assert answer.headers["WWW-Authenticate"] == asks


def test_a_token_in_the_address_or_in_a_form_does_not_count(app, program):
    for more in (
        {"query_string": {"access_token": program.token}},
        {"data": {"access_token": program.token}},
    ):
        assert app.test_client().get("/api/v1/me", **more).status_code == 401


def test_nobody_comes_in_by_a_cookie_and_none_is_set(client_for, program_of, ann, program):
    db.session.commit()

    assert client_for(ann).get("/api/v1/me").status_code == 401
    assert "Set-Cookie" not in program.get("/me").headers


def test_with_a_cookie_of_somebody_else_the_token_counts(client_for, program):
    boss = make.admin()
    db.session.commit()
    headers = {"Authorization": f"Bearer {program.token}"}

    assert client_for(boss).get("/api/v1/me", headers=headers).json["email"] == "ann@example.org"


def test_a_wrong_scope_is_named(program_of, ann):
    answer = program_of(ann, Scope.TICKETS_READ).get("/me")

    assert answer.status_code == 403
    assert answer.json["error_code"] == "E_INSUFFICIENT_SCOPE"
    assert answer.json["details"] == {"scope": "profile:read"}
    asked = answer.headers["WWW-Authenticate"]
    assert asked == 'Bearer realm="desk", error="insufficient_scope", scope="profile:read"'


@pytest.mark.parametrize("what", ["deactivated", "unverified", "expired"])
def test_of_somebody_who_could_not_log_in_no_token_counts(program, ann, what):
    assert program.get("/me").status_code == 200
    if what == "deactivated":
        people.deactivate(ann, actor=make.admin())
    elif what == "unverified":
        ann.email_verified_at = None
    db.session.commit()

    later = timedelta(days=91) if what == "expired" else timedelta()
    with clock.travelling_to(clock.now() + later):
        assert program.get("/me").status_code == 401


def test_whoever_must_set_up_two_step_login_does_so_first(program, ann):
    change_settings(actor=None, two_step_roles=("employee",))
    db.session.commit()
    forget_site()

    answer = program.get("/me")

    assert (answer.status_code, answer.json["error_code"]) == (403, "E_TWO_STEP_REQUIRED")
    assert "two-step" in answer.json["message"]
    with_two_step(ann)
    db.session.commit()
    assert program.get("/me").status_code == 200


def test_a_token_is_throttled_and_another_is_not(program_of, ann, monkeypatch):
    one, other = program_of(ann), program_of(ann)
    statuses = [one.get("/me").status_code for _ in range(door.PER_MINUTE + 1)]

    refused = one.get("/me")

    assert statuses[-2:] == [200, 429]
    assert refused.json["error_code"] == "E_TOO_MANY_REQUESTS"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert other.get("/me").status_code == 200
    limiter.reset()


def test_when_and_from_where_it_was_used_is_noted_once_in_five_minutes(program):
    assert the_token().last_used_at is None
    start = clock.now()
    seen = []
    for minutes in (0, 3, 6):
        with clock.travelling_to(start + timedelta(minutes=minutes)):
            program.get("/me")
        seen.append(the_token().last_used_at - start)

    assert [round(each.total_seconds() / 60) for each in seen] == [0, 0, 6]
    assert the_token().last_address == "127.0.0.1"


def test_from_elsewhere_it_is_noted_at_once(program):
    program.get("/me")
    program.get("/me", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})

    assert the_token().last_address == "203.0.113.9"


def test_asking_costs_few_statements(program, statements):
    program.get("/me")
    statements.clear()

    program.get("/me")

    assert len(statements) == 1


# Mistakes are JSON too.


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "E_NOT_FOUND"),
        ("DELETE", "/me", {}, 405, "E_METHOD_NOT_ALLOWED"),
        ("POST", "/tickets/IT-1/comments", {"data": "body=x"}, 415, "E_UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "/tickets/IT-1/comments", {"json": {"body": "x" * 3_000_000}}, 413, "E_TOO_LARGE"),
        ("POST", "/tickets/IT-1/comments", {"json": {"body": ""}}, 422, "E_VALIDATION"),
        ("GET", "/me?x=%00", {}, 400, "E_BAD_REQUEST"),
    ],
)
@pytest.mark.parametrize(
    "headers", [{}, {"HX-Request": "true", "Accept": "text/html"}], ids=["plain", "htmx"]
)
def test_every_mistake_is_told_in_json(program, method, path, more, status, code, headers):
    answer = program(method, path, headers=headers, **more)

    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.json.keys() == FIELDS
    assert answer.json["error_code"] == code
    assert answer.json["message"]


def test_a_405_says_what_is_allowed(program):
    assert set(program("DELETE", "/me").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v9/tickets"])
def test_below_api_nothing_is_a_page(app, path):
    answer = app.test_client().get(path)

    assert (answer.status_code, answer.mimetype) == (404, "application/json")


def test_an_own_mistake_is_a_500_that_tells_nothing(program, monkeypatch):
    def broken(*_):
        raise RuntimeError("zebra")

    monkeypatch.setattr("portal.api.views.shapes.of_person", broken)

    answer = program.get("/me")

    assert (answer.status_code, answer.json["error_code"]) == (500, "E_INTERNAL")
    assert "zebra" not in answer.text


def test_it_is_told_in_the_language_that_is_asked_for(app):
    answer = app.test_client().get("/api/v1/nothing", headers={"Accept-Language": "de"})

    assert answer.json["message"] == "Hier ist nichts."


@pytest.mark.parametrize("path", ["/me", "/tickets", "/nothing"])
def test_its_answers_are_as_strict_and_kept_by_nobody(program, path):
    answer = program.get(path)

    assert is_strict(answer)
    assert answer.headers["Cache-Control"] == "no-store"
