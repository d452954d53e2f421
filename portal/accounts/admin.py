"""People, as admins see them."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portal.accounts import moving, people, two_step
from portal.accounts.forms import NewPersonForm, PeopleForm, PersonForm
from portal.accounts.models import User
from portal.accounts.own_forms import PersonAddressForm
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
from portal.permissions import Permission, requires
from portal.privacy.queries import latest_jobs
from portal.sso.queries import identities_of
from portal.tickets.handover import hand_over
from portal.web.htmx import render
from portal.web.paging import Order, keyset
from portal.web.session import me

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
    db.session.commit()
    flash(_("%(name)s has an account; a mail with a link is on its way.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.route(f"/people/{ID}", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def person(user_id: int):
    """The role comes first: it takes the locks that keep the desk its last admin."""
    person = person_or_404(user_id)
    form = _person_form(person)
    if not form.validate_on_submit():
        return _person_page(person, form, 422 if form.is_submitted() else 200)
    people.change_role(person, form.role.data, actor=me())
    hand_over(person, actor=me())
    people.rename(person, form.name.data, actor=me())
    set_teams(person, form.teams, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=person.name), "success")
    return redirect(url_for(".person", user_id=person.id), 303)


@bp.post(f"/people/{ID}/deactivate")
@requires(Permission.PEOPLE_MANAGE)
def deactivate_person(user_id: int):
    person = person_or_404(user_id)
    people.deactivate(person, actor=me())
    db.session.commit()
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


def _person_form(person: User, **kwargs: Any) -> PersonForm:
    now: dict[str, Any] = {
        "name": person.name,
        "role": person.role,
        "team_ids": [team.id for team in teams_of(person)],
    }
    return PersonForm(data=now, teams=all_teams(), **kwargs)


def _person_page(
    person: User, form: PersonForm, status: int, *, address_form: PersonAddressForm | None = None
):
    address_form = address_form or PersonAddressForm(formdata=None, data={"email": person.email})
    page = FORMER if person.anonymized_at else EDIT
    return render(
        page,
        page,
        status,
        form=form,
        address_form=address_form,
        person=person,
        is_me=person.id == me().id,
        memberships=memberships_of(person),
        identities=identities_of(person),
        person_jobs=latest_jobs(person),
    )
