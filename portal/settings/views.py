"""The desk's own picture, at an address that browsers may keep for ever: another picture has another."""

from flask import Blueprint, Response, abort, request

from portal.permissions import for_anyone
from portal.settings.cache import site
from portal.settings.queries import site_settings

bp = Blueprint("settings", __name__)


@bp.get("/logo/<digest>")
@for_anyone
def logo(digest: str):
    """A process that remembers another logo may not know of the new one yet, so it looks it up."""
    settings = site() if site().logo_digest == digest else site_settings()
    if settings.logo_digest != digest:
        abort(404)
    answer = Response(settings.logo_png(), mimetype="image/png")
    answer.set_etag(digest)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return answer.make_conditional(request)
