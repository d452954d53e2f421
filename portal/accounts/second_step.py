"""The second page of the log-in, for whoever has two-step login."""

from flask import redirect, request, session, url_for
from flask_babel import gettext as _

from portal.accounts import actions, half_logins, throttle, two_step
from portal.accounts.blueprint import bp
from portal.accounts.by_passkey import shown_by
from portal.accounts.credentials import AskedFor, HalfLogin
from portal.accounts.entering import HALF, enter
from portal.accounts.own_forms import CodeForm
from portal.accounts.passkeys import are_possible
from portal.accounts.queries import has_app, has_passkeys
from portal.accounts.throttle import TooOften
from portal.extensions import db
from portal.permissions import for_anyone
from portal.web.htmx import render, too_many

PAGE = "accounts/second_step.html"


@bp.route("/login/code", methods=["GET", "POST"])
@for_anyone
def second_step():
    """Only for the browser that has just shown the password; any other begins anew."""
    half = half_logins.find(session.get(HALF))
    if half is None:
        return redirect(url_for(".login", next=request.values.get("next") or None), 303)
    form = CodeForm(data={"next": request.args.get("next", "")})
    by_passkey = form.is_submitted() and bool(form.credential.data)
    if not by_passkey and not form.validate_on_submit():
        return _page(half, form, 422 if form.is_submitted() else 200)
    try:
        throttle.count_code(half.user.email)
    except TooOften as error:
        return too_many(error, form, lambda status: _page(half, form, status))
    return _try_passkey(half, form) if by_passkey else _try_code(half, form)


def _try_passkey(half: HalfLogin, form: CodeForm):
    """One of theirs that has signed what this very half log-in was asked to."""
    user, answer = half.user, form.credential.data or ""
    if shown_by(answer, AskedFor.SECOND_STEP, held_by=half.token_digest, user=user) is None:
        said = _("This passkey does not count here, or it took too long. Try again, or use a code.")
        return _refused(half, form, form.form_errors, said, reason="passkey")
    return _let_in(half, form, way="passkey")


def _try_code(half: HalfLogin, form: CodeForm):
    """The same answer for a wrong code, one that was used, and one that is too old."""
    if not two_step.accepts(half.user, form.code.data):
        said = _("This code does not count, or not any more. Enter the one your app shows now.")
        form.code.errors = []
        return _refused(half, form, form.code.errors, said, reason="code")
    return _let_in(half, form)


def _refused(half: HalfLogin, form: CodeForm, errors: list[str], said: str, *, reason: str):
    actions.note_failed_login(half.user.email, reason=reason)
    db.session.commit()
    errors.append(said)
    return _page(half, form, 422)


def _let_in(half: HalfLogin, form: CodeForm, *, way: str = ""):
    throttle.was_no_guess()
    half_logins.end(half)
    return enter(
        half.user,
        remember=half.is_remembered,
        target=form.next.data,
        way=way,
        is_emergency=half.is_emergency,
    )


def _page(half: HalfLogin, form: CodeForm, status: int):
    form.credential.data = ""
    ways = {"has_app": has_app(half.user), "has_passkeys": has_passkeys(half.user)}
    return render(PAGE, PAGE, status, form=form, are_possible=are_possible(), **ways)
