"""The second page of the log-in, for whoever has two-step login."""

from flask import redirect, request, session, url_for
from flask_babel import gettext as _

from portal.accounts import actions, half_logins, throttle, two_step
from portal.accounts.blueprint import bp
from portal.accounts.entering import HALF, enter
from portal.accounts.models import HalfLogin
from portal.accounts.own_forms import CodeForm
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
    if not form.validate_on_submit():
        return render(PAGE, PAGE, 422 if form.is_submitted() else 200, form=form)
    try:
        throttle.count_code(half.user.email)
    except TooOften as error:
        return too_many(error, form, lambda status: render(PAGE, PAGE, status, form=form))
    return _try_code(half, form)


def _try_code(half: HalfLogin, form: CodeForm):
    """The same answer for a wrong code, one that was used, and one that is too old."""
    user = half.user
    if not two_step.accepts(user, form.code.data):
        actions.note_failed_login(user.email, reason="code")
        db.session.commit()
        form.code.errors = [_("This code does not count, or not any more. Enter the one your app shows now.")]
        return render(PAGE, PAGE, 422, form=form)
    throttle.was_no_guess()
    half_logins.end(half)
    return enter(user, remember=half.is_remembered, target=form.next.data)
