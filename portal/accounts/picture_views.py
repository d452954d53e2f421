"""One's own picture: sent, removed, and shown under an address that browsers may keep for ever."""

from flask import Blueprint, Flask, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.accounts import pictures, throttle
from portal.accounts.account_page import account_page
from portal.accounts.blueprint import bp
from portal.accounts.own_forms import PictureForm
from portal.accounts.throttle import TooOften
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import for_members
from portal.web.session import me

public = Blueprint("pictures", __name__)
SENDS = "accounts.send_picture"
ROOM = pictures.LIMIT + 256 * 1024  # bytes of a request: the picture, and the form around it


def init_app(app: Flask) -> None:
    app.url_value_preprocessor(_make_room)


def _make_room(endpoint: str | None, values: dict | None) -> None:
    """Before anything reads the form: this one may be larger than others."""
    if endpoint == SENDS:
        request.max_content_length = ROOM


@bp.post("/account/picture")
@for_members
def send_picture():
    form = PictureForm()
    if not form.validate():
        return account_page(422, picture_form=form)
    try:
        throttle.count_picture(me().id)
        pictures.send(me(), form.sent)
    except TooOften as error:
        page, status, headers = _refused(form, error, 429)
        return page, status, headers | {"Retry-After": str(error.seconds)}
    except DomainError as error:
        return _refused(form, error, 422)
    db.session.commit()
    flash(_("Your picture is being looked at. It appears by itself."), "success")
    return redirect(url_for(".profile", _anchor="picture"), 303)


def _refused(form: PictureForm, error: DomainError, status: int):
    form.picture.errors = [str(error)]
    return account_page(status, picture_form=form)


@bp.post("/account/picture/removal")
@for_members
def remove_picture():
    pictures.remove(me(), actor=me())
    db.session.commit()
    flash(_("Your picture is removed."), "success")
    return redirect(url_for(".profile", _anchor="picture"), 303)


@public.get("/pictures/<digest>")
@for_members
def picture(digest: str):
    """Another picture has another address, so this one never changes."""
    drawn = pictures.picture_with(digest)
    if drawn is None:
        abort(404)
    answer = Response(drawn, mimetype="image/webp")
    answer.set_etag(digest)
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return answer.make_conditional(request)
