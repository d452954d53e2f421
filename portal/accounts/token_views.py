"""One's own API tokens: made, shown once, and revoked."""

from flask import abort, flash, redirect, url_for
from flask_babel import gettext as _

from portal.accounts import tokens
from portal.accounts.blueprint import bp
from portal.accounts.own_password import refused
from portal.accounts.token_forms import TokenForm
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Scope, for_members
from portal.web.htmx import render
from portal.web.session import me

PAGE, MADE = "accounts/tokens.html", "accounts/token_made.html"


@bp.route("/account/tokens", methods=["GET", "POST"], endpoint="tokens")
@for_members
def own_tokens():
    """Asks for the password, so that a browser left open gives nobody a way in that stays."""
    form = TokenForm(person=me())
    if not form.is_submitted():
        return _page(form, 200)
    if status := refused(form):
        return _page(form, status)
    return _made(form)


def _made(form: TokenForm):
    scopes = [Scope(name) for name in form.scopes.data]
    try:
        secret = tokens.create(me(), name=form.name.data, scopes=scopes, until=form.ends_at)
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        return _page(form, 409)
    db.session.commit()
    return render(MADE, MADE, name=form.name.data, secret=secret, until=form.ends_at)


@bp.post("/account/tokens/<token_id>/revoke")
@for_members
def revoke_token(token_id: str):
    if not tokens.revoke(me(), token_id, actor=me()):
        abort(404)
    db.session.commit()
    flash(_("The token is revoked. No program gets in with it any more."), "success")
    return redirect(url_for(".tokens"), 303)


def _page(form: TokenForm, status: int):
    return render(
        PAGE,
        PAGE,
        status,
        form=form,
        tokens=tokens.tokens_of(me()),
        revoke_url=_revoke_url,
        most=tokens.MOST,
    )


def _revoke_url(public_id: str) -> str:
    return url_for(".revoke_token", token_id=public_id)
