"""Whoever must have two-step login and has none yet can do nothing but set it up, or log out."""

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from portal.accounts.two_step import must_set_up
from portal.web.htmx import go_to

SET_UP = "accounts.two_step"
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
    if not current_user.is_authenticated or not must_set_up(current_user):
        return None
    return go_to(url_for(SET_UP))
