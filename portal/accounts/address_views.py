"""Another mail address for one's account: asked for on the account page, agreed to by both addresses."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import actions, moving, throttle
from portal.accounts.account_page import account_page
from portal.accounts.blueprint import bp
from portal.accounts.own_forms import AbsenceForm, OwnAddressForm
from portal.accounts.own_password import refused
from portal.accounts.throttle import TooOften
from portal.extensions import db
from portal.permissions import Permission, for_anyone, for_members, requires
from portal.web.forms import DeskForm
from portal.web.htmx import render
from portal.web.session import me

PAGE, DONE, GONE = "accounts/address.html", "accounts/address_agreed.html", "accounts/address_gone.html"


@bp.post("/account/address")
@for_members
def change_address():
    """The same answer for an address that somebody else has."""
    form = OwnAddressForm(person=me())
    if status := refused(form):
        return account_page(status, address_form=form)
    try:
        throttle.count_mail(me().email)
        throttle.count_mail(form.new_email.data)
    except TooOften as error:
        form.form_errors.append(str(error))
        return account_page(429, address_form=form)
    moving.ask(me(), form.new_email.data)
    db.session.commit()
    flash(_("We have sent a link to your old address and to the new one. Open both within a day."), "success")
    return redirect(url_for(".profile", _anchor="address"), 303)


@bp.post("/account/address/cancel")
@for_members
def cancel_address_change():
    moving.cancel(me(), actor=me())
    db.session.commit()
    flash(_("Your address stays as it is."), "success")
    return redirect(url_for(".profile", _anchor="address"), 303)


@bp.route("/address/<token>", methods=["GET", "POST"])
@for_anyone
def agree_to_address(token: str):
    """Looking uses nothing up: mail scanners follow links too."""
    form = DeskForm()
    asked = moving.find(token, to_change=form.is_submitted())
    if asked is None:
        return render(GONE, GONE, 404)
    if not form.validate_on_submit():
        return render(PAGE, PAGE, asked=asked, form=form, token=token)
    here = me().session_token if current_user.is_authenticated and me().id == asked.wish.user_id else ""
    is_done = moving.agree(asked, session_token=here)
    db.session.commit()
    return render(DONE, DONE, is_done=is_done, is_cancelled=False, email=asked.wish.new_email)


@bp.post("/address/<token>/cancel")
@for_anyone
def refuse_address(token: str):
    """Only the old address says no: the new one need not do anything."""
    asked = moving.find(token, to_change=True)
    if asked is None or not asked.is_old:
        return render(GONE, GONE, 404)
    moving.cancel(asked.wish.user, actor=asked.wish.user)
    db.session.commit()
    return render(DONE, DONE, is_done=False, is_cancelled=True, email=asked.wish.new_email)


@bp.post("/account/absence")
@requires(Permission.TICKET_WORK)
def absence():
    form = AbsenceForm.of(me())
    if not form.validate():
        return account_page(422, absence_form=form)
    actions.set_absence(me(), form.absent_from.data, form.absent_until.data, deputy=form.found)
    db.session.commit()
    flash(_("Your changes are saved."), "success")
    return redirect(url_for(".profile", _anchor="absence"), 303)
