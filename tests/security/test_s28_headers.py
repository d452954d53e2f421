"""Every answer tells the browser to be strict: pages, fragments, errors and files."""

import pytest

from portal.assets import STATIC
from portal.extensions import db
from portal.settings.actions import change_settings
from portal.settings.queries import site_settings
from portal.web.headers import of_every_answer
from tests import factories as make

STRICT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
POLICY = {
    "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "font-src": "'self'",
    "object-src": "'none'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'",
}  # fmt: skip


def is_strict(answer):
    said = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert POLICY.items() <= said.items()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert STRICT.items() <= dict(answer.headers).items()
    assert "Access-Control-Allow-Origin" not in answer.headers
    return True


@pytest.mark.parametrize(
    "path", ["/", "/tickets", "/tickets/new", "/account", "/notifications", "/queue", "/admin/"]
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_pages_of_somebody_are_strict_and_kept_by_nobody(world, client_for, path, headers):
    boss = make.admin()
    db.session.commit()

    answer = client_for(boss).get(path, headers=headers)

    assert answer.status_code == 200
    assert is_strict(answer)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/login", {}, 200),
        ("GET", "/nothing", {}, 404),
        ("GET", "/tickets", {}, 303),
        ("GET", "/tickets", {"headers": {"HX-Request": "true"}}, 401),
        ("GET", "/login", {"headers": {"Host": "evil.example"}}, 400),
        ("GET", "/login?x=%00", {}, 400),
        ("DELETE", "/login", {}, 405),
        ("POST", "/login", {"headers": {"X-CSRFToken": "wrong"}}, 400),
        ("POST", "/login", {"data": b"x" * 3_000_000}, 413),
        ("GET", "/ping", {}, 200),
        ("GET", "/readyz", {}, 200),
    ],
)
def test_errors_are_as_strict(world, app, method, path, more, status):
    make.employee()
    db.session.commit()
    client = app.test_client()
    client.sends_token = False

    answer = client.open(path, method=method, **more)

    assert answer.status_code in {status, 400} if status == 413 else answer.status_code == status
    assert is_strict(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_500_is_as_strict_and_says_nothing_of_the_inside(app, client_for, monkeypatch):
    def broken(*_):
        raise RuntimeError("zebra in the engine")

    monkeypatch.setattr("portal.notifications.views.notification_page", broken)
    ann = make.employee()
    db.session.commit()

    answer = client_for(ann).get("/notifications")

    assert answer.status_code == 500
    assert is_strict(answer)
    assert "zebra" not in answer.text
    assert "Traceback" not in answer.text


def test_a_picture_opened_by_itself_runs_nothing(world, client_for):
    change_settings(actor=None, logo="data:image/png;base64,PHNjcmlwdD4=")
    db.session.commit()

    answer = client_for(None).get(site_settings().logo_url)

    assert answer.data == b"<script>"
    assert answer.mimetype == "image/png"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert STRICT.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("path", ["/static/css/app.css", "/static/favicon.svg", "/static/nothing.js"])
def test_files_of_flask_are_as_strict(client_for, path):
    answer = client_for(None).get(path)

    assert is_strict(answer)


def test_files_that_are_answered_before_flask_are_as_strict(client_for):
    file = next(path.name for path in (STATIC / "vendor").iterdir() if path.suffix == ".js")

    answer = client_for(None).get(f"/static/vendor/{file}")

    assert answer.status_code == 200
    assert is_strict(answer)
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../wsgi.py",
        "/static/%2e%2e/wsgi.py",
        "/static/vendor/../../wsgi.py",
        "/static/vendor/%2e%2e/%2e%2e/wsgi.py",
    ],
)
def test_files_outside_are_not_served(client_for, path):
    assert client_for(None).get(path).status_code == 404


def test_over_https_it_is_said_to_stay_there(settings):
    safe = settings.model_copy(update={"public_url": "https://desk.example.org"})

    assert "max-age=31536000" in of_every_answer(safe)["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in of_every_answer(settings)
    assert safe.for_flask()["SESSION_COOKIE_SECURE"] is True
    assert safe.for_flask()["SESSION_COOKIE_NAME"].startswith("__Host-")


def test_the_cookie_is_for_the_server_alone(app, client_for):
    make.employee()
    db.session.commit()

    cookie = client_for(None).get("/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
