"""The first page of a new desk, and the language of whoever opens it."""

from flask import abort, redirect, request, session
from flask_login import current_user

from portal.accounts import actions
from portal.accounts.blueprint import bp
from portal.accounts.entering import enter, onward
from portal.accounts.forms import FirstRunForm
from portal.accounts.queries import has_no_people
from portal.admin.actions import open_desk
from portal.extensions import db
from portal.permissions import for_anyone
from portal.settings.cache import forget_site, site
from portal.web.htmx import render
from portal.web.locale import language
from portal.web.session import me

PAGE = "accounts/first_run.html"


@bp.route("/welcome", methods=["GET", "POST"])
@for_anyone
def first_run():
    """Whoever opens a new desk first becomes its admin; there is no such page afterwards."""
    if not has_no_people():
        abort(404)
    form = FirstRunForm()
    if not form.validate_on_submit():
        return render(PAGE, PAGE, 422 if form.is_submitted() else 200, form=form)
    admin = open_desk(
        organization=form.organization.data,
        name=form.name.data,
        email=form.email.data,
        password=form.password.data,
        locale=language(),
    )
    if admin is None:
        abort(404)
    forget_site()
    return enter(admin)


@bp.post("/language", endpoint="language")
@for_anyone
def choose_language():
    """For whoever is logged in it is kept with the account, else with this browser."""
    chosen = request.form.get("locale", "")
    if chosen not in site().languages:
        abort(400)
    session["locale"] = chosen
    if current_user.is_authenticated:
        actions.edit_profile(me(), locale=chosen)
        db.session.commit()
    return redirect(onward(request.form.get("next", "").rstrip("?")), 303)
