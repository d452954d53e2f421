"""Teams and organizations, as admins see them."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.accounts.queries import agents
from portal.admin.blueprint import bp
from portal.extensions import db
from portal.organizations import actions, houses
from portal.organizations.forms import (
    DepartmentForm,
    MemberForm,
    NewMemberForm,
    OrganizationForm,
    SearchForm,
    TeamForm,
)
from portal.organizations.memberships import add_member, change_member, remove_member
from portal.organizations.models import Membership, MembershipRole, Organization, Team
from portal.organizations.page import MEMBER, members_shown
from portal.organizations.queries import (
    all_teams,
    department_or_404,
    departments_of,
    member_counts,
    members_of,
    membership_or_404,
    organization_or_404,
    organizations_called,
    team_or_404,
    team_sizes,
)
from portal.permissions import Permission, requires
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me

PAGE, NEW_HOUSE = "admin/team.html", "admin/organization_new.html"
HOUSE = "<row:organization_id>"


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


@bp.route("/teams/<row:team_id>", methods=["GET", "POST"])
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


# Organizations, their departments and members.


@bp.get("/organizations", endpoint="organizations")
@requires(Permission.PEOPLE_MANAGE)
def show_organizations():
    form = SearchForm(request.args)
    page = keyset(
        organizations_called(form.words),
        Order(Organization.name, Organization.id, descending=False),
        cursor=request.args.get("cursor"),
        of=("name", "id"),
        fetch=db.session.execute,
    )
    sizes = member_counts(each.id for each in page.rows)
    return render("admin/organizations.html", "admin/_organizations.html", form=form, page=page, sizes=sizes)


@bp.route("/organizations/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_organization():
    form = OrganizationForm()
    if not form.validate_on_submit():
        return render(NEW_HOUSE, NEW_HOUSE, 422 if form.is_submitted() else 200, form=form)
    house = houses.create_organization(form.name.data, shares=form.shares.data, actor=me())
    db.session.commit()
    flash(_("The organization %(name)s is there. Add its people.", name=house.name), "success")
    return _to_house(house)


@bp.route(f"/organizations/{HOUSE}", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def organization(organization_id: int):
    house = organization_or_404(organization_id)
    form = OrganizationForm(obj=house, organization_id=house.id)
    if not form.validate_on_submit():
        return _house_page(house, 422 if form.is_submitted() else 200, form=form)
    houses.edit_organization(house, name=form.name.data, shares=form.shares.data, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=house.name), "success")
    return _to_house(house)


@bp.post(f"/organizations/{HOUSE}/delete")
@requires(Permission.PEOPLE_MANAGE)
def delete_organization(organization_id: int):
    house = organization_or_404(organization_id, to_change=True)
    houses.delete_organization(house, actor=me())
    db.session.commit()
    flash(_("The organization %(name)s is deleted.", name=house.name), "success")
    return redirect(url_for(".organizations"), 303)


@bp.post(f"/organizations/{HOUSE}/departments")
@requires(Permission.PEOPLE_MANAGE)
def new_department(organization_id: int):
    house = organization_or_404(organization_id)
    form = DepartmentForm(organization=house, prefix="department")
    if not form.validate_on_submit():
        return _house_page(house, 422, department_form=form)
    houses.create_department(house, form.name.data, actor=me())
    db.session.commit()
    flash(_("The department %(name)s is there.", name=form.name.data), "success")
    return _to_house(house)


@bp.route("/departments/<row:department_id>", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def department(department_id: int):
    department = department_or_404(department_id)
    form = DepartmentForm(obj=department, organization=department.organization, department_id=department.id)
    if not form.validate_on_submit():
        template, status = "admin/department.html", 422 if form.is_submitted() else 200
        return render(template, template, status, form=form, department=department)
    houses.rename_department(department, form.name.data, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=department.name), "success")
    return _to_house(department.organization)


@bp.post("/departments/<row:department_id>/delete")
@requires(Permission.PEOPLE_MANAGE)
def delete_department(department_id: int):
    department = department_or_404(department_id, to_change=True)
    house = department.organization
    houses.delete_department(department, actor=me())
    db.session.commit()
    flash(_("The department %(name)s is deleted.", name=department.name), "success")
    return _to_house(house)


@bp.post(f"/organizations/{HOUSE}/members")
@requires(Permission.PEOPLE_MANAGE)
def new_member(organization_id: int):
    house = organization_or_404(organization_id)
    form = _new_member_form(house)
    if not form.validate_on_submit():
        return _house_page(house, 422, member_form=form)
    person = form.person
    add_member(house, person, role=form.role.data, department=form.department, actor=me())
    db.session.commit()
    flash(
        _("%(name)s belongs to %(organization)s now.", name=person.name, organization=house.name), "success"
    )
    return _to_house(house)


@bp.route(f"/organizations/{HOUSE}/members/<row:user_id>", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def member(organization_id: int, user_id: int):
    membership = membership_or_404(organization_id, user_id, to_change=request.method == "POST")
    house = membership.organization
    form = MemberForm(obj=membership, organization=house, roles=list(MembershipRole))
    if not form.validate_on_submit():
        return render(MEMBER, MEMBER, 422 if form.is_submitted() else 200, **_about_member(membership, form))
    change_member(membership, role=form.role.data, department=form.department, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=membership.user.name), "success")
    return _to_house(house)


@bp.post(f"/organizations/{HOUSE}/members/<row:user_id>/remove")
@requires(Permission.PEOPLE_MANAGE)
def delete_member(organization_id: int, user_id: int):
    membership = membership_or_404(organization_id, user_id, to_change=True)
    house, name = membership.organization, membership.user.name
    remove_member(membership, actor=me())
    db.session.commit()
    flash(_("%(name)s belongs to %(organization)s no more.", name=name, organization=house.name), "success")
    return _to_house(house)


def _to_house(house: Organization):
    return redirect(url_for(".organization", organization_id=house.id), 303)


def _new_member_form(house: Organization, **kwargs) -> NewMemberForm:
    return NewMemberForm(organization=house, roles=list(MembershipRole), prefix="member", **kwargs)


def _house_page(house: Organization, status: int, **forms):
    """The page with the form that was sent, and the others as they are."""
    search = SearchForm(request.args)
    shown = {
        "form": forms.get("form") or OrganizationForm(formdata=None, obj=house, organization_id=house.id),
        "department_form": forms.get("department_form")
        or DepartmentForm(formdata=None, organization=house, prefix="department"),
        "member_form": forms.get("member_form") or _new_member_form(house, formdata=None),
    }
    return render(
        "admin/organization.html",
        "organizations/_members.html",
        status,
        house=house,
        departments=departments_of(house),
        **members_shown(house, search, ".organization", ".member"),
        **shown,
    )


def _about_member(membership: Membership, form: MemberForm) -> dict:
    house, user_id = membership.organization, membership.user_id
    return {
        "form": form,
        "membership": membership,
        "here": "organizations",
        "back": url_for(".organization", organization_id=house.id),
        "url": url_for(".member", organization_id=house.id, user_id=user_id),
        "remove_url": url_for(".delete_member", organization_id=house.id, user_id=user_id),
        "may_change": True,
    }
