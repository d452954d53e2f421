"""Passkeys: what a browser is to sign, and one's own ones on the account page."""

from flask import flash, redirect, session, url_for
from flask_babel import gettext as _

from portal.accounts import half_logins, passkeys, throttle
from portal.accounts.blueprint import bp
from portal.accounts.by_passkey import asked, options, problem, taken
from portal.accounts.credentials import AskedFor, Passkey
from portal.accounts.entering import HALF
from portal.accounts.models import digest
from portal.accounts.own_forms import NewPasskeyForm, OwnPassword, PasskeyNameForm
from portal.accounts.own_password import refused
from portal.accounts.throttle import TooOften
from portal.accounts.two_step import must_set_up
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import for_anyone, for_members
from portal.web.htmx import render
from portal.web.session import me

LIST, ONE, CODES = "accounts/passkeys.html", "accounts/passkey.html", "accounts/recovery_codes.html"


@bp.post("/login/challenge")
@for_anyone
def login_challenge():
    """The same for everybody: who has passkeys here is nobody else's business."""
    try:
        throttle.count_passkey()
    except TooOften as error:
        return problem(str(error), 429)
    return options(passkeys.to_be_shown(asked(AskedFor.LOGIN)))


@bp.post("/login/code/challenge")
@for_anyone
def second_step_challenge():
    half = half_logins.find(session.get(HALF))
    if half is None:
        return problem(_("That took too long. Log in once more."), 409)
    try:
        throttle.count_passkey()
    except TooOften as error:
        return problem(str(error), 429)
    challenge = asked(AskedFor.SECOND_STEP, held_by=half.token_digest)
    return options(passkeys.to_be_shown(challenge, user=half.user))


@bp.post("/account/passkeys/challenge")
@for_members
def new_passkey_challenge():
    """Only for whoever has shown the password, so that the challenge stands for it."""
    form = _new_form()
    if status := refused(form):
        return problem(_first_error(form), status)
    return options(passkeys.to_be_made(me(), asked(AskedFor.NEW, held_by=_this_browser())))


@bp.route("/account/passkeys", methods=["GET", "POST"], endpoint="passkeys")
@for_members
def own_passkeys():
    form = _new_form()
    if not form.validate_on_submit():
        return _list(form, 422 if form.is_submitted() else 200)
    challenge = taken(AskedFor.NEW, held_by=_this_browser())
    if challenge is None:
        form.form_errors.append(
            _("No passkey came along, or it took too long. Begin again, in a browser that runs scripts.")
        )
        return _list(form, 422)
    return _added(form, challenge)


def _added(form: NewPasskeyForm, challenge: bytes):
    try:
        codes = passkeys.add(me(), form.credential.data or "", challenge=challenge, name=form.name.data)
    except DomainError as error:
        form.form_errors.append(str(error))
        return _list(form, 409)
    db.session.commit()
    if codes:
        return render(CODES, CODES, codes=codes)
    flash(_("The passkey “%(name)s” is added.", name=form.name.data), "success")
    return redirect(url_for(".passkeys"), 303)


@bp.route("/account/passkeys/<public_id>", methods=["GET", "POST"], endpoint="passkey")
@for_members
def own_passkey(public_id: str):
    passkey = passkeys.passkey_or_404(public_id, me())
    form = PasskeyNameForm(obj=passkey)
    if not form.validate_on_submit():
        return _one(passkey, 422 if form.is_submitted() else 200, form=form)
    passkeys.rename(passkey, form.name.data)
    db.session.commit()
    flash(_("Your changes are saved."), "success")
    return redirect(url_for(".passkeys"), 303)


@bp.post("/account/passkeys/<public_id>/removal")
@for_members
def remove_passkey(public_id: str):
    passkey = passkeys.passkey_or_404(public_id, me())
    form = _removal_form()
    if status := refused(form):
        return _one(passkey, status, removal_form=form)
    passkeys.remove(passkey)
    db.session.commit()
    flash(_("The passkey “%(name)s” is removed.", name=passkey.name), "success")
    return redirect(url_for(".passkeys"), 303)


def _new_form() -> NewPasskeyForm:
    return NewPasskeyForm(has_password=me().password_hash is not None)


def _removal_form(**kwargs) -> OwnPassword:
    return OwnPassword(place="removal", has_password=me().password_hash is not None, **kwargs)


def _first_error(form: NewPasskeyForm) -> str:
    return str(next(error for errors in form.errors.values() for error in errors))


def _this_browser() -> str:
    return digest(me().session_token)


def _list(form: NewPasskeyForm, status: int):
    form.credential.data = ""
    return render(
        LIST,
        LIST,
        status,
        form=form,
        passkeys=passkeys.passkeys_of(me()),
        are_possible=passkeys.are_possible(),
        is_confined=must_set_up(me()),
    )


def _one(passkey: Passkey, status: int, **forms):
    return render(
        ONE,
        ONE,
        status,
        passkey=passkey,
        form=forms.get("form") or PasskeyNameForm(formdata=None, obj=passkey),
        removal_form=forms.get("removal_form") or _removal_form(formdata=None),
    )
