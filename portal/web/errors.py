"""The answer that each mistake becomes."""

import logging

from flask import Flask, g, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from portal.errors import DomainError, NotAllowed, TooMany, Unavailable
from portal.extensions import db
from portal.web.htmx import VARY, is_fragment_request, problem
from portal.web.machines import ApiError, is_from_machine, nearest

log = logging.getLogger(__name__)
READ_ONLY = "25006"  # PostgreSQL's code for a transaction that may write nothing
PAGES = {400, 401, 403, 404, 405, 413, 429, 500}


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, lambda error: _broken_rule(error, 409))
    app.register_error_handler(NotAllowed, lambda error: _broken_rule(error, 403))
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(ApiError, _told)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(DBAPIError, _database_refused)
    app.register_error_handler(Exception, _unexpected)


def _broken_rule(error: DomainError, status: int):
    db.session.rollback()
    return _told(ApiError(status, str(error))) if is_from_machine() else problem(error, status)


def _told(error: ApiError):
    """Why a program was refused."""
    db.session.rollback()
    return error.answer()


def _too_many(error: TooMany):
    answer, status, headers = _broken_rule(error, 429)
    return answer, status, headers | {"Retry-After": str(error.seconds)}


def _unavailable(error: Unavailable):
    answer, status, headers = _broken_rule(error, 503)
    return answer, status, headers | {"Retry-After": "30"}


def _stale_form(error: CSRFError):
    """A form that is older than the login: what was typed is still in the browser."""
    words = _(
        "This page was open for too long, or cookies are off (CSRF). Go back, reload it and send again."
    )
    return problem(DomainError(words), 400)


def _http(error: HTTPException):
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):
        return "This host is not served here.\n", 400, {"Content-Type": "text/plain"}
    if is_from_machine():
        return _refused(error)
    if error.code == 404 and is_fragment_request():
        return problem(DomainError(_("That does not exist, or not any more.")), 404)
    return _page(error.code)


def _refused(error: HTTPException):
    """With what else the error says, such as the methods that an address takes."""
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return ApiError(nearest(error.code or 500), headers=headers).answer()


def _database_away(error: Exception):
    """No database: a page that needs none. The next request asks again, so it recovers by itself."""
    log.error("The database does not answer: %s", error)
    g.no_database = True
    try:
        db.session.rollback()
    except Exception:  # the connection is gone; closing it is all that is left
        log.debug("Nothing to roll back", exc_info=True)
        db.session.close()
    if is_from_machine():
        return ApiError(503, headers={"Retry-After": "5"}).answer()
    return (
        render_template("errors/503.html", request_id=g.get("request_id")),
        503,
        VARY | {"Retry-After": "5"},
    )


def _database_refused(error: DBAPIError):
    if error.connection_invalidated:
        return _database_away(error)
    db.session.rollback()
    if "viewing" in g and getattr(error.orig, "sqlstate", None) == READ_ONLY:
        log.error("%s %s would write while nothing may be changed", request.method, _path())
        return problem(DomainError(_("This cannot be shown as somebody else sees it.")), 403)
    if isinstance(error, DataError):
        log.warning("Input the database cannot store: %s", error.orig)
        return _page(400)
    return _unexpected(error)


def _unexpected(error: Exception):
    log.error("%s %s failed", request.method, _path(), exc_info=error)
    db.session.rollback()
    return _page(500)


def _path() -> str:
    """The path as logs may keep it: without what lets somebody in."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "…") if token else request.path


def _page(code: int):
    if is_from_machine():
        return ApiError(nearest(code)).answer()
    shown = code if code in PAGES else 500 if code >= 500 else 400
    page = render_template(f"errors/{shown}.html", request_id=g.get("request_id"))
    headers = dict(VARY)
    if is_fragment_request():
        headers |= {"HX-Reswap": "none"}
    return page, code, headers
