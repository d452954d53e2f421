"""Teams, as admins see them."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from portal.accounts.queries import agents
from portal.admin.blueprint import bp, row
from portal.extensions import db
from portal.organizations import actions
from portal.organizations.forms import TeamForm
from portal.organizations.models import Team
from portal.organizations.queries import all_teams, members_of, team_or_404, team_sizes
from portal.permissions import Permission, requires
from portal.web.htmx import render
from portal.web.session import me

PAGE = "admin/team.html"


@bp.get("/teams")
@requires(Permission.PEOPLE_MANAGE)
def teams():
    return render_template("admin/teams.html", teams=all_teams(), sizes=team_sizes())


@bp.route("/teams/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_team():
    form = TeamForm(staff=agents())
    if not form.validate_on_submit():
        return _page(form, None, 422 if form.is_submitted() else 200)
    team = actions.create_team(form.name.data, actor=me())
    _save(team, form)
    flash(_("The team %(name)s is there.", name=team.name), "success")
    return redirect(url_for(".teams"), 303)


@bp.route(f"/teams/{row('team_id')}", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def team(team_id: int):
    team = team_or_404(team_id, to_change=True)
    form = _form(team)
    if not form.validate_on_submit():
        return _page(form, team, 422 if form.is_submitted() else 200)
    _save(team, form)
    flash(_("Your changes to %(name)s are saved.", name=team.name), "success")
    return redirect(url_for(".teams"), 303)


def _form(team: Team) -> TeamForm:
    """Whoever is in the team is shown, also who could not join it any more."""
    members = members_of(team)
    staff = agents()
    staff += [user for user, _lead in members if user not in staff]
    now = {
        "name": team.name,
        "member_ids": [user.id for user, _lead in members],
        "lead_ids": [user.id for user, is_lead in members if is_lead],
    }
    return TeamForm(data=now, staff=staff, team_id=team.id)


def _save(team: Team, form: TeamForm) -> None:
    actions.edit_team(team, name=form.name.data, members=form.members, leads=form.leads, actor=me())
    db.session.commit()


def _page(form: TeamForm, team: Team | None, status: int):
    return render(PAGE, PAGE, status, form=form, team=team)
