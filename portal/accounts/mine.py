"""One's own account."""

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.accounts import actions
from portal.accounts.account_page import account_page
from portal.accounts.blueprint import bp
from portal.accounts.forms import AppearanceForm, ProfileForm
from portal.accounts.own_forms import ChangePasswordForm, NoticesForm
from portal.accounts.own_password import refused
from portal.extensions import db
from portal.permissions import for_members
from portal.web.htmx import is_fragment_request, way_back
from portal.web.session import me


@bp.route("/account", methods=["GET", "POST"])
@for_members
def profile():
    form = ProfileForm(obj=me())
    if not form.validate_on_submit():
        return account_page(422 if form.is_submitted() else 200, form=form)
    actions.edit_profile(me(), **form.wanted())
    db.session.commit()
    flash(_("Your changes are saved."), "success")
    return redirect(url_for(".profile"), 303)


@bp.post("/account/password")
@for_members
def change_password():
    """Asks for the current one, so that a browser left open gives nobody the account."""
    form = ChangePasswordForm(person=me())
    if status := refused(form):
        return account_page(status, password_form=form)
    actions.change_password(me(), form.password.data, session_token=me().session_token)
    db.session.commit()
    flash(_("Your password is changed. Every other browser is logged out."), "success")
    return redirect(url_for(".profile"), 303)


@bp.post("/account/sessions/<public_id>/end")
@for_members
def end_session(public_id: str):
    if not actions.end_session(me(), public_id):
        abort(404)
    db.session.commit()
    flash(_("That browser is logged out."), "success")
    return redirect(url_for(".profile", _anchor="sessions"), 303)


@bp.post("/account/sessions/end")
@for_members
def end_other_sessions():
    actions.end_sessions(me(), actor=me(), but=me().session_token)
    db.session.commit()
    flash(_("Every other browser is logged out."), "success")
    return redirect(url_for(".profile", _anchor="sessions"), 303)


@bp.post("/account/notices")
@for_members
def change_notices():
    form = NoticesForm.of(me())
    if not form.validate():
        return account_page(422, notices_form=form)
    actions.edit_profile(me(), quiet_about=form.quiet)
    db.session.commit()
    flash(_("Your choice of notifications is saved."), "success")
    return redirect(url_for(".profile", _anchor="notices"), 303)


@bp.post("/account/appearance")
@for_members
def appearance():
    form = AppearanceForm()
    if not form.validate() or not form.wanted():
        abort(400)
    actions.edit_profile(me(), **form.wanted())
    db.session.commit()
    if is_fragment_request() or request.headers.get("X-Requested-With") == "fetch":
        return "", 204
    return redirect(way_back(), 303)
