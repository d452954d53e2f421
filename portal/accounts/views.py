"""Coming in: log-in, registration, and links from mails."""

from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts import actions, links, throttle
from portal.accounts.blueprint import bp
from portal.accounts.by_passkey import shown_by
from portal.accounts.credentials import AskedFor
from portal.accounts.emergency import may_use_password
from portal.accounts.entering import ask_for_code, enter, onward
from portal.accounts.forms import ForgotForm, LoginForm, RegisterForm, ResetForm, VerifyForm
from portal.accounts.models import Purpose, User
from portal.accounts.passkeys import are_possible
from portal.accounts.passwords import is_right
from portal.accounts.queries import has_no_people, people_with_addresses
from portal.accounts.strength import is_too_short, least_length
from portal.accounts.throttle import TooOften
from portal.extensions import db
from portal.permissions import Role, for_anyone
from portal.seeding.world import PASSWORD, PEOPLE
from portal.settings.cache import site
from portal.web.htmx import render, too_many
from portal.web.locale import language
from portal.web.session import log_out, me

LOGIN, REGISTER, FORGOT = "accounts/login.html", "accounts/register.html", "accounts/forgot.html"
VERIFY, PROVIDERS = "accounts/verify.html", "accounts/from_provider.html"
EMERGENCY = "emergency_access"


@bp.route("/login", methods=["GET", "POST"])
@for_anyone
def login():
    if has_no_people():
        return redirect(url_for(".first_run"), 303)
    if current_user.is_authenticated and request.method == "GET":
        return redirect(onward(request.args.get("next")), 303)
    form = LoginForm(data={"next": request.args.get("next", "")})
    if not site().password_login:
        return _page(LOGIN, form, 409 if form.is_submitted() else 200)
    return _ask_who_it_is(form)


@bp.route("/login/emergency", methods=["GET", "POST"], endpoint=EMERGENCY)
@for_anyone
def emergency_access():
    """For admins who may use a password where nobody else may; there is no such page where all may."""
    if site().password_login:
        return redirect(url_for(".login"), 303)
    return _ask_who_it_is(LoginForm())


def _ask_who_it_is(form: LoginForm):
    if not form.is_submitted():
        return _page(LOGIN, form)
    if form.credential.data:
        return _try_passkey(form)
    if not form.validate():
        return _page(LOGIN, form, 422)
    try:
        throttle.count_guess(form.email.data)
    except TooOften as error:
        return too_many(error, form, lambda status: _page(LOGIN, form, status))
    return _try_to_enter(form)


def _try_passkey(form: LoginForm):
    """Both steps at once: the device was there, and it knew who holds it."""
    try:
        throttle.count_passkey()
    except TooOften as error:
        return too_many(error, form, lambda status: _page(LOGIN, form, status))
    user = shown_by(form.credential.data or "", AskedFor.LOGIN)
    if user is None or not may_use_password(user):
        reason = "passkey" if user is None else "emergency"
        actions.note_failed_login("", reason=reason)
        db.session.commit()
        form.form_errors.append(_("This passkey does not let in here, or it took too long. Try again."))
        return _page(LOGIN, form, 422)
    if not user.is_verified:
        return _ask_to_verify(user, form)
    return enter(user, **_wanted(form), way="passkey")


def _try_to_enter(form: LoginForm):
    """The same answer for an address without an account, a deactivated one, and a wrong password.

    Also for whoever has no emergency access where that is asked for.
    """
    user = actions.authenticate(form.email.data, form.password.data)
    if user is None or not may_use_password(user):
        reason = "wrong" if user is None else "emergency"
        actions.note_failed_login(form.email.data, reason=reason)
        db.session.commit()
        form.form_errors.append(
            _("This address and this password do not belong together. Look at both again.")
        )
        return _page(LOGIN, form, 422)
    throttle.was_no_guess()
    if not user.is_verified:
        return _ask_to_verify(user, form)
    if is_too_short(form.password.data, role=user.role):
        return _ask_for_a_longer_one(user, form)
    if user.two_step_since is not None:
        return ask_for_code(user, **_wanted(form))
    return enter(user, **_wanted(form))


def _wanted(form: LoginForm) -> dict[str, Any]:
    return {
        "remember": form.remember.data,
        "target": form.next.data,
        "is_emergency": _is_emergency(),
    }


def _is_emergency() -> bool:
    return request.endpoint == f"accounts.{EMERGENCY}"


def _ask_to_verify(user: User, form: LoginForm):
    """They know the password but have not shown yet that the address is theirs."""
    actions.note_failed_login(user.email, reason="unverified")
    try:
        throttle.count_mail(user.email)
        links.mail_verification(user)
    except TooOften:
        pass  # enough mails are on their way
    db.session.commit()
    form.form_errors.append(
        _("Confirm your address first: open the link that we have just sent to %(email)s.", email=user.email)
    )
    return _page(LOGIN, form, 422)


def _ask_for_a_longer_one(user: User, form: LoginForm):
    """They have another role since they chose it. Only the owner of the address chooses the next."""
    actions.note_failed_login(user.email, reason="short")
    try:
        throttle.count_mail(user.email)
        actions.ask_for_reset(user.email)
    except TooOften:
        pass  # enough mails are on their way
    db.session.commit()
    form.form_errors.append(
        _(
            "Your role is now %(role)s, and it needs a password of at least %(min)d characters."
            " Use the link that we have just sent to %(email)s to choose one.",
            role=user.role.label,
            min=least_length(user.role),
            email=user.email,
        )
    )
    return _page(LOGIN, form, 422)


@bp.post("/logout")
@for_anyone
def logout():
    """Also leaves nothing in the browser's cache; drafts live in its storage and stay."""
    if current_user.is_authenticated:
        actions.log_out(me(), me().session_token)
        db.session.commit()
    log_out()
    answer = redirect(url_for(".login"), 303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.route("/register", methods=["GET", "POST"])
@for_anyone
def register():
    if has_no_people():
        return redirect(url_for(".first_run"), 303)
    if not site().registration_open:
        abort(404)
    if not site().password_login:
        return _accounts_come_from_elsewhere()
    form = RegisterForm()
    if not form.validate_on_submit():
        return _page(REGISTER, form, 422 if form.is_submitted() else 200)
    try:
        throttle.count_registration()
        throttle.count_mail(form.email.data)
    except TooOften as error:
        return too_many(error, form, lambda status: _page(REGISTER, form, status))
    actions.register(
        name=form.name.data, email=form.email.data, password=form.password.data, locale=language()
    )
    db.session.commit()
    return _page("accounts/register_sent.html", form, email=form.email.data)


@bp.route("/verify/<token>", methods=["GET", "POST"])
@for_anyone
def verify(token: str):
    """Looking uses nothing up: mail scanners follow links too.

    The link proves the address, and the password that it is confirmed by whoever
    registered: otherwise somebody could register the address of another, and have
    them confirm a password that is not theirs.
    """
    owner = links.owner_of(token, Purpose.VERIFY)
    if owner is None:
        return _gone(Purpose.VERIFY)
    form = VerifyForm()
    if not form.validate_on_submit():
        return _page(VERIFY, form, 422 if form.is_submitted() else 200, token=token)
    try:
        throttle.count_guess(owner.email)
    except TooOften as error:
        return too_many(error, form, lambda status: _page(VERIFY, form, status, token=token))
    if not is_right(form.password.data, owner.password_hash):
        form.password.errors = [_("This is not the password of the last registration with this address.")]
        return _page(VERIFY, form, 422, token=token)
    throttle.was_no_guess()
    return _confirmed(token)


def _confirmed(token: str):
    if actions.confirm_address(token) is None:
        return _gone(Purpose.VERIFY)
    db.session.commit()
    flash(_("Your address is confirmed. Log in, and you are in."), "success")
    return redirect(url_for(".login"), 303)


@bp.route("/forgot", methods=["GET", "POST"])
@for_anyone
def forgot():
    """The same answer whether there is such an account or not."""
    form = ForgotForm(data={"email": current_user.email} if current_user.is_authenticated else None)
    if not form.validate_on_submit():
        return _page(FORGOT, form, 422 if form.is_submitted() else 200)
    try:
        throttle.count_mail(form.email.data)
    except TooOften as error:
        return too_many(error, form, lambda status: _page(FORGOT, form, status))
    actions.ask_for_reset(form.email.data)
    db.session.commit()
    return _page("accounts/forgot_sent.html", form)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@for_anyone
def reset(token: str):
    owner = links.owner_of(token, Purpose.RESET)
    if owner is None:
        return _gone(Purpose.RESET)
    if not may_use_password(owner):
        return _accounts_come_from_elsewhere()
    form = ResetForm(person=owner)
    if not form.validate_on_submit():
        return _page("accounts/reset.html", form, 422 if form.is_submitted() else 200, token=token)
    if actions.reset_password(token, form.password.data) is None:
        return _gone(Purpose.RESET)
    db.session.commit()
    flash(_("Your new password is saved. Log in with it."), "success")
    return redirect(url_for(".login"), 303)


def _page(template: str, form, status: int = 200, **context):
    """A page of the gate; where nobody is logged in yet there are no fragments of it."""
    if template == LOGIN:
        form.credential.data = ""
        context |= {"passkeys_are_possible": are_possible(), "is_emergency": _is_emergency()}
        context |= {"demo_people": _demo_people(), "demo_password": PASSWORD}
    return render(template, template, status, form=form, **context)


def _accounts_come_from_elsewhere():
    status = 200 if request.method == "GET" else 409
    return render(PROVIDERS, PROVIDERS, status, form=None)


def _gone(purpose: Purpose):
    """Used up, too old, replaced by a newer one, or never made: all the same."""
    template = "accounts/link_gone.html"
    return render(template, template, 404, purpose=purpose, token=None)


def _demo_people() -> list[tuple[str, str]]:
    """Who can be tried out, in demo mode: of the seeded world, the first of each role that is there."""
    if not current_app.config["DESK"].demo_mode or not site().password_login:
        return []
    firsts = {person.role: person.email for person in reversed(PEOPLE)}
    there = people_with_addresses([firsts[role] for role in reversed(Role)])
    return [(f"{user.name} ({user.role.label})", user.email) for user in there]
