"""What every answer says to the browser besides the page."""

import secrets
from collections.abc import Callable
from wsgiref.headers import Headers

import structlog
from flask import Flask, Response, abort, g, request

from portal.config import Settings


def init_app(app: Flask) -> None:
    settings = app.config["DESK"]
    everywhere = of_every_answer(settings)

    @app.before_request
    def name_the_request() -> None:
        g.request_id = secrets.token_hex(6)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if "\0" in request.path or "%00" in request.query_string.decode("latin-1"):
            abort(400)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in everywhere.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
            response.vary.add("Cookie")
        return response


def of_every_answer(settings: Settings) -> dict[str, str]:
    """The headers of pages, errors and files alike."""
    headers = {
        "Content-Security-Policy": content_security_policy(settings.s3_public_base_url),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def for_files(settings: Settings) -> Callable[[Headers, str, str], None]:
    """Puts the same headers on files that are answered before Flask is asked."""
    everywhere = of_every_answer(settings)

    def add(answer: Headers, _path: str, _url: str) -> None:
        for name, value in everywhere.items():
            answer[name] = value

    return add


def content_security_policy(store: str) -> str:
    """Nothing but our own files runs; pictures and uploads may also be the store's."""
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {store}",
            f"connect-src 'self' {store}",
            "font-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
