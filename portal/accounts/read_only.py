"""While an admin sees the desk as somebody else nothing changes: nothing is sent, and pages note nothing."""

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import text

from portal.errors import NotAllowed
from portal.extensions import db

STILL_OPEN = {"accounts.stop_viewing", "accounts.logout"}
CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}
THEIRS_ALONE = ("/account", "/login/with")  # secrets, log-ins, tokens; and what lets somebody in


def init_app(app: Flask) -> None:
    app.before_request(_refuse)


def _refuse() -> None:
    """Before any view, and before the forms are looked at: they may be another's.

    What is left then runs in a transaction that PostgreSQL itself lets write nothing.
    """
    if request.endpoint in STILL_OPEN or not _needs_to_know() or not _is_viewing():
        return
    name = current_user.name
    if request.method not in CHANGES_NOTHING:
        raise NotAllowed(_("You see the desk as %(name)s, so nothing can be changed.", name=name))
    if _is_theirs_alone():
        raise NotAllowed(_("The account of %(name)s is theirs alone.", name=name))
    db.session.execute(text("SET TRANSACTION READ ONLY"))


def _needs_to_know() -> bool:
    """Files, and what is open to anybody, are answered without asking who that is."""
    view = current_app.view_functions.get(request.endpoint or "")
    is_for_anyone = getattr(view, "permission", None) is None
    return not is_for_anyone or request.method not in CHANGES_NOTHING or _is_theirs_alone()


def _is_theirs_alone() -> bool:
    return any(request.path == path or request.path.startswith(f"{path}/") for path in THEIRS_ALONE)


def _is_viewing() -> bool:
    return current_user.is_authenticated and current_user.viewed_by is not None
