"""People, as admins see them."""

from functools import partial
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts import moving, people, tokens, two_step, viewing
from portal.accounts.forms import NewPersonForm, PeopleForm, PersonForm
from portal.accounts.models import User
from portal.accounts.own_forms import PersonAddressForm, ViewAsForm
from portal.accounts.policy import may_view_as
from portal.accounts.queries import people as listed
from portal.accounts.queries import person_or_404
from portal.admin.blueprint import bp
from portal.extensions import db
from portal.organizations.actions import set_teams
from portal.organizations.memberships import add_member
from portal.organizations.queries import (
    all_organizations,
    all_teams,
    memberships_of,
    organization_names_by_person,
    team_names_by_person,
    teams_of,
)
from portal.permissions import Permission, Role, requires
from portal.privacy.queries import latest_jobs
from portal.projects.queries import projects_of
from portal.sso.queries import identities_of
from portal.tickets.forms import HandoverForm
from portal.tickets.handover import count_open, give_tickets, hand_over, leave_projects
from portal.web.forms import DeskForm
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me, new_forms

ID = "<row:user_id>"
EDIT, NEW, FORMER = "admin/person.html", "admin/person_new.html", "privacy/former.html"


@bp.get("/people", endpoint="people")
@requires(Permission.PEOPLE_MANAGE)
def show_people():
    form = PeopleForm(request.args)
    form.validate()
    order = Order(User.sort_name, User.id, descending=False)
    cursor = request.args.get("cursor")
    found = listed(**form.wanted())
    page = keyset(found, order, cursor=cursor, of=("sort_name", "id"), fetch=db.session.execute)
    ids = [person.id for person in page.rows]
    kept = {name: value for name, value in request.args.items() if value and name in form.data}
    return render(
        "admin/people.html",
        "admin/_people.html",
        form=form,
        page=page,
        kept=kept,
        teams=team_names_by_person(ids),
        organizations=organization_names_by_person(ids),
    )


@bp.route("/people/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_person():
    form = NewPersonForm(organizations=all_organizations(), teams=all_teams())
    if not form.validate_on_submit():
        return render(NEW, NEW, 422 if form.is_submitted() else 200, form=form)
    person = people.create_person(
        name=form.name.data, email=form.email.data, role=form.role.data, locale=form.locale.data, actor=me()
    )
    if form.organization:
        add_member(form.organization, person, actor=me())
    set_teams(person, form.teams, actor=me())
    people.limit(person, is_limited=form.is_limited.data, actor=me())
    db.session.commit()
    flash(_("%(name)s has an account; a mail with a link is on its way.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.route(f"/people/{ID}", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def person(user_id: int):
    """The role comes first: it takes the locks that keep the desk its last admin. With it, or limited
    to their projects, they hand over what they may not work on any more."""
    person = person_or_404(user_id)
    form = _person_form(person)
    if not form.validate_on_submit():
        return _person_page(person, form, 422 if form.is_submitted() else 200)
    before = person.role, person.is_limited
    people.change_role(person, form.role.data, actor=me())
    if "is_break_glass" in form and person.role is Role.ADMIN:
        people.set_emergency_access(person, is_given=form.is_break_glass.data, actor=me())
    people.limit(person, is_limited=form.is_limited.data, actor=me())
    hand_over(person, actor=me())
    if (person.role, person.is_limited) != before:
        leave_projects(person, actor=me())
    people.rename(person, form.name.data, actor=me())
    set_teams(person, form.teams, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/deactivate")
@requires(Permission.PEOPLE_MANAGE)
def deactivate_person(user_id: int):
    """In the same form, who takes the tickets they answer for."""
    person = person_or_404(user_id)
    form = HandoverForm(leaver=person, reader=me())
    if not form.validate():
        return _person_page(person, _person_form(person, formdata=None), 422, handover_form=form)
    people.deactivate(person, actor=me())
    left = give_tickets(person, form.heir.person, actor=me())
    db.session.commit()
    if left:
        flash(
            ngettext(
                "%(num)s open ticket waits for somebody to take it.",
                "%(num)s open tickets wait for somebody to take them.",
                left,
            ),
            "info",
        )
    flash(_("%(name)s is logged out everywhere and cannot log in any more.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/activate")
@requires(Permission.PEOPLE_MANAGE)
def activate_person(user_id: int):
    person = person_or_404(user_id)
    people.reactivate(person, actor=me())
    db.session.commit()
    flash(_("%(name)s can log in again.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/invite")
@requires(Permission.PEOPLE_MANAGE)
def invite_person(user_id: int):
    person = person_or_404(user_id)
    people.invite_again(person, actor=me())
    db.session.commit()
    flash(_("A mail with a link is on its way to %(email)s.", email=person.email), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/two-step")
@requires(Permission.PEOPLE_MANAGE)
def reset_two_step(user_id: int):
    person = person_or_404(user_id)
    two_step.reset(person, actor=me())
    db.session.commit()
    flash(
        _("%(name)s logs in with the password alone, and sets two-step login up anew.", name=person.name),
        "success",
    )
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/address")
@requires(Permission.PEOPLE_MANAGE)
def change_address(user_id: int):
    person = person_or_404(user_id)
    form = PersonAddressForm()
    if not form.validate():
        return _person_page(person, _person_form(person, formdata=None), 422, address_form=form)
    moving.change_address(person, form.email.data, actor=me())
    db.session.commit()
    flash(_("%(name)s now has the address %(email)s.", name=person.name, email=person.email), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/view-as")
@requires(Permission.IMPERSONATE)
def view_as(user_id: int):
    """From the next page on. The forms of pages that stand open count no more: they are one's own."""
    person = person_or_404(user_id)
    form = ViewAsForm()
    if not form.validate():
        return _person_page(person, _person_form(person, formdata=None), 422, view_form=form)
    viewing.begin(person, why=form.why.data, actor=me())
    db.session.commit()
    new_forms()
    return redirect(url_for("home.index"), 303)


@bp.post(f"/people/{ID}/tokens/<token_id>/revoke")
@requires(Permission.PEOPLE_MANAGE)
def revoke_token(user_id: int, token_id: str):
    person = person_or_404(user_id)
    if not tokens.revoke(person, token_id, actor=me()):
        abort(404)
    db.session.commit()
    flash(_("The token is revoked. No program gets in with it any more."), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


def _person_form(person: User, **kwargs: Any) -> PersonForm:
    now: dict[str, Any] = {
        "name": person.name,
        "role": person.role,
        "team_ids": [team.id for team in teams_of(person)],
        "is_break_glass": person.is_break_glass,
        "is_limited": person.is_limited,
    }
    return PersonForm(data=now, teams=all_teams(), is_admin=person.role is Role.ADMIN, **kwargs)


def _person_page(person: User, form: PersonForm, status: int, **forms: DeskForm):
    """The page with the form that was sent, and the others as they are."""
    shown = {
        "address_form": PersonAddressForm(formdata=None, data={"email": person.email}),
        "view_form": ViewAsForm(formdata=None),
        "handover_form": HandoverForm(leaver=person, reader=me(), formdata=None),
    }
    page = FORMER if person.anonymized_at else EDIT
    return render(
        page,
        page,
        status,
        form=form,
        **shown | forms,
        person=person,
        open_tickets=count_open(person) if person.is_staff else 0,
        is_me=person.id == me().id,
        may_view=may_view_as(me(), person),
        tokens=tokens.tokens_of(person),
        revoke_url=partial(_token_url, person.id),
        memberships=memberships_of(person),
        identities=identities_of(person),
        projects=projects_of(person),
        person_jobs=latest_jobs(person),
    )


def _token_url(user_id: int, public_id: str) -> str:
    return url_for(".revoke_token", user_id=user_id, token_id=public_id)
