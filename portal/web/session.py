"""Who is asking: the row behind the cookie, and the way to the login."""

from urllib.parse import urlencode

from flask import Flask, g, redirect, request, session
from flask_login import current_user, login_user, logout_user

from portal.accounts import viewing
from portal.accounts.actions import open_session
from portal.accounts.models import User
from portal.accounts.queries import user_of_session
from portal.events.record import asked_from
from portal.extensions import db, login
from portal.web.htmx import is_fragment_request
from portal.web.machines import is_from_machine


def init_app(app: Flask) -> None:
    login.init_app(app)
    login.user_loader(_user_of)
    login.unauthorized_handler(ask_to_log_in)
    app.before_request(lambda: asked_from(request.remote_addr))
    app.teardown_request(lambda _error: asked_from(None))


def _user_of(token: object) -> User | None:
    """Who is logged in; nobody once the database did not answer: the page that says so needs none.

    An admin who sees the desk as somebody else is that person. For a program no cookie counts.
    """
    if "no_database" in g or is_from_machine():
        return None
    user = user_of_session(token, is_attended=is_attended())
    if user is not None and user.was_viewing:
        stop_viewing(user, by="time")
    if user is not None and user.viewed_by is not None:
        g.viewing = user.name  # what every page says, also the one of an error
    return user


def is_attended() -> bool:
    """Whether somebody is there, and not only their open page, which asks for news by itself."""
    return request.endpoint != "live.stream" and "X-Unattended" not in request.headers


def me() -> User:
    """The logged-in user itself, not Flask-Login's stand-in for it."""
    return current_user._get_current_object()  # noqa: SLF001, its documented way


def stop_viewing(user: User, *, by: str) -> None:
    """Let the admin see the desk as themself again. What stands in pages of the other is good for nothing:
    a form that was opened as somebody else is not to be sent in one's own name."""
    viewing.stop(user.session_token, by=by)
    db.session.commit()
    new_forms()


def new_forms() -> None:
    """From now on the forms of this browser's open pages count no more."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def log_in(user: User, *, remember: bool = False) -> None:
    """Let this browser in, under a new id. The cookie holds a random token, never the user's id.

    What the cookie held before is forgotten, so that nobody can plant an id that
    then becomes logged in.
    """
    kept = session.get("locale")
    session.clear()
    if kept:
        session["locale"] = kept
    _, user.session_token = open_session(
        user,
        remember=remember,
        user_agent=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
    )
    session.permanent = remember
    login_user(user)


def log_out() -> None:
    """Forget everything this browser's cookie holds."""
    logout_user()
    session.clear()


def ask_to_log_in():
    """A page goes to the login and comes back; a fragment leaves what was typed in place."""
    if is_fragment_request():
        return "", 401, {"HX-Trigger": "login-needed"}
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect("/login?" + urlencode({"next": here}), 303)
