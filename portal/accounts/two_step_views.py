"""One's own two-step login: setting it up, recovery codes, switching it off."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.accounts import two_step
from portal.accounts.blueprint import bp
from portal.accounts.own_forms import OwnPassword, SetUpTwoStepForm
from portal.accounts.own_password import refused
from portal.accounts.passkeys import are_possible
from portal.accounts.qr import qr_code
from portal.accounts.queries import has_app, has_passkeys
from portal.accounts.sealing import Unreadable, seal, unseal
from portal.extensions import db
from portal.permissions import for_members
from portal.web.htmx import render
from portal.web.session import me

SET_UP, MANAGE, CODES = "accounts/two_step_new.html", "accounts/two_step.html", "accounts/recovery_codes.html"


@bp.route("/account/two-step", methods=["GET", "POST"], endpoint="two_step")
@for_members
def set_up():
    """The secret travels with the form, sealed for this person: nothing is kept before a code has shown
    that their app has it."""
    form = SetUpTwoStepForm(has_password=me().password_hash is not None)
    if has_app(me()):
        return redirect(url_for(".two_step"), 303) if form.is_submitted() else _manage(200)
    if me().two_step_since is not None and not form.is_submitted() and "app" not in request.args:
        return _manage(200)  # they have passkeys
    return _set_up(form, _secret_of(form))


def _set_up(form: SetUpTwoStepForm, secret: str):
    if not form.is_submitted():
        return _set_up_page(form, secret, 200)
    if not form.validate():
        return _set_up_page(form, secret, 422)
    if status := refused(form):
        return _set_up_page(form, secret, status)
    codes = two_step.switch_on(me(), secret, two_step.tidy_code(form.code.data))
    if codes is None:
        form.code.errors = [_("This code is not right. Enter the one your app shows now.")]
        return _set_up_page(form, secret, 422)
    db.session.commit()
    return render(CODES, CODES, codes=codes)


@bp.post("/account/two-step/codes")
@for_members
def new_recovery_codes():
    form = OwnPassword(place="codes")
    if status := refused(form):
        return _manage(status, codes_form=form)
    codes = two_step.renew_codes(me())
    db.session.commit()
    return render(CODES, CODES, codes=codes)


@bp.post("/account/two-step/off")
@for_members
def switch_off_two_step():
    form = OwnPassword(place="off")
    if status := refused(form):
        return _manage(status, off_form=form)
    two_step.switch_off(me())
    db.session.commit()
    off, only_app = _("Two-step login is switched off."), _("Your authenticator app is removed.")
    flash(only_app if me().two_step_since else off, "success")
    return redirect(url_for(".profile", _anchor="two-step"), 303)


def _secret_of(form: SetUpTwoStepForm) -> str:
    """The one that the form brings back, else a new one."""
    try:
        return unseal(form.sealed.data or "", about=_about())
    except Unreadable:
        return two_step.new_secret()


def _set_up_page(form: SetUpTwoStepForm, secret: str, status: int):
    app_url = two_step.address_for_app(me(), secret)
    form.sealed.data = form.sealed.raw_data = seal(secret, about=_about())
    return render(
        SET_UP,
        SET_UP,
        status,
        form=form,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        app_url=app_url,
        qr=qr_code(app_url),
        is_confined=two_step.must_set_up(me()),
        passkeys_are_possible=are_possible(),
    )


def _manage(status: int, **forms):
    shown = {
        name: forms.get(f"{name}_form") or OwnPassword(formdata=None, place=name) for name in ("codes", "off")
    }
    return render(
        MANAGE,
        MANAGE,
        status,
        codes_form=shown["codes"],
        off_form=shown["off"],
        left=two_step.codes_left(me()),
        has_app=has_app(me()),
        has_passkeys=has_passkeys(me()),
        is_required=two_step.is_required_of(me()),
    )


def _about() -> str:
    return f"two-step set-up:{me().id}"
