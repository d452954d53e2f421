"""Identity providers: OpenID Connect (https://openid.net/specs/openid-connect-core-1_0.html), code flow.

Authlib checks what has to be checked: state, nonce, PKCE (RFC 7636), and the
signature, issuer, audience and life of the ID token.
"""

from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, current_app
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

PATIENCE = 5  # seconds
KNOWN = "oidc_clients"  # its name in the application's extensions
SCOPES = "openid email profile"


class ProviderAway(Exception):
    """The provider cannot be reached, or does not answer as one does."""


class LoginRefused(Exception):
    """The provider did not let them in, or what came back is not the answer to what was asked."""


def init_app(app: Flask) -> None:
    app.extensions[KNOWN] = {}


@dataclass(frozen=True)
class Client:
    """How the desk is known to a provider."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: str = SCOPES


@dataclass(frozen=True)
class Claims:
    """Who somebody is, as the provider has signed it. `subject` alone never changes."""

    subject: str
    email: str
    is_email_verified: bool
    name: str
    everything: dict[str, Any]


def send_to_provider(client: Client, redirect_uri: str) -> Response:
    """The redirect to the provider; what its answer must match is kept in the browser's session.

    Raises ProviderAway.
    """
    try:
        return _application(client).authorize_redirect(redirect_uri)
    except (requests.RequestException, AuthlibBaseError, KeyError, RuntimeError, ValueError) as error:
        _forget(client)
        raise ProviderAway(_said(error)) from error


def claims_of_answer(client: Client) -> Claims:
    """Who the request, which is the provider's answer, says that it is. Raises ProviderAway, LoginRefused."""
    application = _application(client)
    try:
        token = application.authorize_access_token()
        claims = dict(token.get("userinfo") or {})
        if "email" not in claims:
            claims = dict(application.userinfo(token=token)) | claims
    except requests.RequestException as error:
        raise ProviderAway(_said(error)) from error
    except (AuthlibBaseError, JoseError, KeyError, RuntimeError, ValueError) as error:
        raise LoginRefused(_said(error)) from error
    return _read(claims)


def check(client: Client) -> None:
    """Raises ProviderAway, unless the issuer says of itself what an OpenID provider says."""
    _forget(client)
    try:
        found = _application(client).load_server_metadata()
    except (requests.RequestException, AuthlibBaseError, RuntimeError, ValueError) as error:
        raise ProviderAway(_said(error)) from error
    missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - set(found)
    if missing:
        raise ProviderAway(f"Its configuration lacks {', '.join(sorted(missing))}.")
    if str(found.get("issuer", "")).rstrip("/") != client.issuer.rstrip("/"):
        raise ProviderAway(f"It calls itself {found.get('issuer')}.")


def _application(client: Client) -> Any:
    """Authlib's, kept with what it has learnt of the provider: its addresses and keys."""
    known: dict[Client, Any] = current_app.extensions[KNOWN]
    if client not in known:
        known[client] = OAuth(current_app).register(
            client.name,
            client_id=client.client_id,
            client_secret=client.client_secret,
            server_metadata_url=f"{client.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": client.scopes,
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )
    return known[client]


def _forget(client: Client) -> None:
    """Learn anew: the provider may have moved."""
    current_app.extensions[KNOWN].pop(client, None)


def _read(claims: dict[str, Any]) -> Claims:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise LoginRefused("The provider does not say who it is.")
    return Claims(
        subject=subject,
        email=str(claims.get("email") or "").strip().lower(),
        is_email_verified=claims.get("email_verified") is True,
        name=" ".join(str(claims.get("name") or "").split())[:120],
        everything=claims,
    )


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:300]
