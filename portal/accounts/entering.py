"""Letting a browser in, after one step or after two. Knows the web, as views do."""

from flask import redirect, session, url_for
from flask_login import current_user

from portal.accounts import actions, half_logins
from portal.accounts.models import User
from portal.extensions import db
from portal.web.htmx import go_to, is_fragment_request, is_own_path
from portal.web.session import log_in, me

HALF = "half_login"  # under this name the browser's cookie holds the token of a half log-in


def enter(user: User, *, remember: bool = False, target: str | None = None):
    """Let the browser in as this user, and as nobody else any more; then go where it wanted to go."""
    if current_user.is_authenticated:
        actions.log_out(me(), me().session_token)
    log_in(user, remember=remember)
    actions.note_login(user)
    db.session.commit()
    if is_fragment_request():
        return "", 204, {"HX-Trigger": "logged-in"}
    return redirect(onward(target), 303)


def ask_for_code(user: User, *, remember: bool, target: str | None):
    """The password was right; the page that comes next asks for the second step."""
    session[HALF] = half_logins.begin(user, remember=remember)
    db.session.commit()
    wanted = target if target and is_own_path(target) else None
    return go_to(url_for("accounts.second_step", next=wanted))


def onward(target: str | None) -> str:
    """Where they wanted to go, if that is here."""
    return target if target and is_own_path(target) else "/"
