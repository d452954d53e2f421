"""Who may come in: a program with a token, as far as the token's scopes go and its owner may (RFC 6750)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request
from flask_babel import gettext as _

from portal.accounts import tokens
from portal.accounts.credentials import ApiToken
from portal.accounts.models import User
from portal.accounts.throttle import count, counted_for
from portal.accounts.two_step import must_set_up
from portal.api.blueprint import bp
from portal.extensions import db, limiter
from portal.permissions import Scope
from portal.web.machines import ApiError

PER_MINUTE = 300


@bp.before_request
def let_in() -> None:
    """Notes when and from where the token was used, in a transaction of its own."""
    token = _token()
    count(_asked, str(token.id))
    if must_set_up(token.user):
        raise ApiError(
            403,
            _("Set up two-step login first: your role needs it."),
            code="E_TWO_STEP_REQUIRED",
        )
    address = request.remote_addr or ""
    if tokens.is_use_worth_noting(token, address=address):
        tokens.note_use(token, address=address)
        db.session.commit()
    g.api_token = token


def needs(scope: Scope) -> Callable:
    """Guard a view of the API: 403 for a token without that scope."""

    def decorate(view: Any) -> Callable:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if scope not in the_token().scopes:
                raise _lacks(scope)
            return view(*args, **kwargs)

        guarded.permission = scope  # type: ignore[attr-defined]  # for the tests of access
        return guarded

    return decorate


def the_token() -> ApiToken:
    return g.api_token


def owner() -> User:
    """In whose name the program asks."""
    return the_token().user


def _token() -> ApiToken:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise ApiError(401, headers={"WWW-Authenticate": 'Bearer realm="desk"'})
    token = tokens.find(sent.token)
    if token is None:
        raise ApiError(
            401,
            _("This token is good for nothing, or not any more."),
            code="E_INVALID_TOKEN",
            headers={"WWW-Authenticate": 'Bearer realm="desk", error="invalid_token"'},
        )
    return token


def _lacks(scope: Scope) -> ApiError:
    asks = f'Bearer realm="desk", error="insufficient_scope", scope="{scope}"'
    return ApiError(
        403,
        _("This token does not have the scope %(scope)s.", scope=scope.value),
        code="E_INSUFFICIENT_SCOPE",
        details={"scope": scope.value},
        headers={"WWW-Authenticate": asks},
    )


@limiter.shared_limit(f"{PER_MINUTE} per minute", scope="api", key_func=counted_for)
def _asked() -> None:
    """Plenty for a program that reads what it needs, little for one gone wild."""
