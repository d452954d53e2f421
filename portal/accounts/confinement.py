"""Whoever must have two-step login and has none yet can do nothing but set it up, or log out."""

from flask import Flask, current_app, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.models import User
from portal.accounts.two_step import must_set_up
from portal.errors import NotAllowed
from portal.web.htmx import go_to

SET_UP, STOP = "accounts.two_step", "accounts.stop_viewing"
WAYS = {SET_UP, "accounts.passkeys", "accounts.new_passkey_challenge"}


def init_app(app: Flask) -> None:
    app.before_request(_confine)


def _confine():
    """For every view that asks who somebody is: pages, fragments, changes and live streams alike.

    What is open to anybody, such as the log-out, is open to them too.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "permission", None) is None or request.endpoint in WAYS:
        return None
    if not current_user.is_authenticated:
        return None
    if current_user.viewed_by is not None:
        return None if request.endpoint == STOP else _say_so(current_user, current_user.viewed_by)
    return go_to(url_for(SET_UP)) if must_set_up(current_user) else None


def _say_so(person: User, admin: User) -> None:
    """Whoever sees the desk as somebody else is led nowhere: the page to set it up is the owner's alone."""
    if must_set_up(admin):
        raise NotAllowed(_("Press Stop: you must set up your own two-step login first."))
    if must_set_up(person):
        raise NotAllowed(_("%(name)s sees nothing here before two-step login is set up.", name=person.name))
