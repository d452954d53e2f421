"""An organization's own pages: its people, what they asked for, and the way in for whom they invite."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.accounts.queries import user_by_email
from portal.accounts.throttle import TooOften, count_registration
from portal.extensions import db
from portal.filters import And, FilterError, read_words
from portal.organizations import invitations
from portal.organizations.forms import InvitationForm, JoinForm, MemberForm, SearchForm
from portal.organizations.memberships import change_member, remove_member
from portal.organizations.models import Invitation, Membership
from portal.organizations.page import MEMBER, members_shown
from portal.organizations.policy import grantable, sees_colleagues
from portal.organizations.queries import (
    invitation_or_404,
    invitations_of,
    led_by_or_404,
    membership_or_404,
    memberships_of,
    open_invitation,
)
from portal.organizations.throttle import count_invitation
from portal.permissions import for_anyone, for_members
from portal.tickets.requested import shared_page
from portal.tickets.words import standing
from portal.web.htmx import render, too_many
from portal.web.locale import language
from portal.web.session import me

bp = Blueprint("organizations", __name__)
PEOPLE, JOIN, GONE = "organizations/people.html", "organizations/join.html", "organizations/gone.html"
REQUESTS, LIST = "organizations/requests.html", "organizations/_requests.html"
HOUSE, INVITATION = "<row:organization_id>", "<row:invitation_id>"
SHOWS = ("open", "done", "all")


@bp.get("/organizations")
@for_members
def index():
    """Straight to the one there is a page of; where there are several, the choice."""
    pages = [(each, url) for each in memberships_of(me()) if (url := _first_page(each))]
    if len(pages) == 1:
        return redirect(pages[0][1], 303)
    return render_template("organizations/index.html", pages=pages)


def _first_page(membership: Membership) -> str | None:
    if sees_colleagues(me(), membership):
        return url_for(".requests", organization_id=membership.organization_id)
    if membership.role.leads:
        return url_for(".people", organization_id=membership.organization_id)
    return None


@bp.get(f"/organizations/{HOUSE}/requests")
@for_members
def requests(organization_id: int):
    """What colleagues asked for, as far as the organization shares it."""
    membership = membership_or_404(organization_id, me().id)
    if not sees_colleagues(me(), membership):
        abort(404)
    typed = request.args.get("q", "").strip()
    try:
        words = read_words(typed)
    except FilterError as error:
        return render(REQUESTS, LIST, 422, **_about_requests(membership, And(), typed), error=error)
    about = _about_requests(membership, words, typed)
    page = shared_page(me(), membership, about["show"], words, cursor=request.args.get("page"))
    return render(REQUESTS, LIST, **about, page=page, error=None)


def _about_requests(membership: Membership, words: And, typed: str) -> dict[str, Any]:
    """Whoever searches looks in all of them, until they choose the open or the done ones."""
    usual = "all" if words.parts else "open"
    asked = request.args.get("show", usual)
    show = asked if asked in SHOWS else usual

    def address(**changes: Any) -> str:
        kept = {"show": show, "q": typed or None} | changes
        return url_for(".requests", organization_id=membership.organization_id, **kept)

    return {
        "membership": membership,
        "typed": typed,
        "show": show,
        "address": address,
        "is_search": bool(words.parts),
        "standing": lambda ticket: standing(ticket, me()),
        "others": _others(membership, "requests"),
    }


@bp.get(f"/organizations/{HOUSE}")
@for_members
def people(organization_id: int):
    return _people_page(led_by_or_404(organization_id, me()), 200)


@bp.route(f"/organizations/{HOUSE}/members/<row:user_id>", methods=["GET", "POST"])
@for_members
def member(organization_id: int, user_id: int):
    acting = led_by_or_404(organization_id, me())
    membership = membership_or_404(organization_id, user_id, to_change=request.method == "POST")
    roles = grantable(acting.role)
    form = MemberForm(obj=membership, organization=acting.organization, roles=roles)
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render(MEMBER, MEMBER, status, **_about_member(membership, form, membership.role in roles))
    change_member(membership, role=form.role.data, department=form.department, actor=me(), acting=acting)
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=membership.user.name), "success")
    return _back_to(acting)


@bp.post(f"/organizations/{HOUSE}/members/<row:user_id>/remove")
@for_members
def remove(organization_id: int, user_id: int):
    acting = led_by_or_404(organization_id, me())
    membership = membership_or_404(organization_id, user_id, to_change=True)
    house, name, is_me = acting.organization, membership.user.name, user_id == me().id
    remove_member(membership, actor=me(), acting=acting)
    db.session.commit()
    flash(_("%(name)s belongs to %(organization)s no more.", name=name, organization=house.name), "success")
    return redirect("/", 303) if is_me else _back_to(acting)


@bp.post(f"/organizations/{HOUSE}/invitations")
@for_members
def invite(organization_id: int):
    """The same answer whether the address has an account or not."""
    acting = led_by_or_404(organization_id, me())
    form = _invitation_form(acting)
    if not form.validate_on_submit():
        return _people_page(acting, 422, form=form)
    try:
        count_invitation(me(), form.email.data)
    except TooOften as error:
        return too_many(error, form, lambda status: _people_page(acting, status, form=form))
    invitations.invite(form.email.data, role=form.role.data, department=form.department, acting=acting)
    db.session.commit()
    flash(_("An invitation is on its way to %(email)s.", email=form.email.data), "success")
    return _back_to(acting)


@bp.post(f"/organizations/{HOUSE}/invitations/{INVITATION}/again")
@for_members
def invite_again(organization_id: int, invitation_id: int):
    acting = led_by_or_404(organization_id, me())
    invitation = invitation_or_404(invitation_id, acting.organization)
    count_invitation(me(), invitation.email)
    invitations.send_again(invitation, acting=acting)
    db.session.commit()
    flash(_("An invitation is on its way to %(email)s.", email=invitation.email), "success")
    return _back_to(acting)


@bp.post(f"/organizations/{HOUSE}/invitations/{INVITATION}/withdraw")
@for_members
def withdraw(organization_id: int, invitation_id: int):
    acting = led_by_or_404(organization_id, me())
    invitation = invitation_or_404(invitation_id, acting.organization)
    invitations.withdraw(invitation, acting=acting)
    db.session.commit()
    flash(_("The invitation of %(email)s is good no more.", email=invitation.email), "success")
    return _back_to(acting)


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@for_anyone
def join(token: str):
    """Looking uses nothing up: mail scanners follow links too."""
    invitation = open_invitation(token)
    if invitation is None:
        return _gone()
    if current_user.is_authenticated:
        return _join_as_me(token, invitation)
    if user_by_email(invitation.email):
        return _join_page(invitation, token, "known", 200)
    form = JoinForm(known=(invitation.email, invitation.organization.name))
    if not form.validate_on_submit():
        return _join_page(invitation, token, "new", 422 if form.is_submitted() else 200, form=form)
    return _join_as_new(token, invitation, form)


def _join_as_me(token: str, invitation: Invitation):
    if invitation.email != me().email:
        return _join_page(invitation, token, "other", 403 if request.method == "POST" else 200)
    if request.method == "GET":
        return _join_page(invitation, token, "mine", 200)
    if invitations.accept(token, me()) is None:
        return _gone()
    db.session.commit()
    flash(_("You belong to %(organization)s now.", organization=invitation.organization.name), "success")
    return redirect("/", 303)


def _join_as_new(token: str, invitation: Invitation, form: JoinForm):
    try:
        count_registration()
    except TooOften as error:
        return too_many(error, form, lambda status: _join_page(invitation, token, "new", status, form=form))
    joined = invitations.register_and_accept(
        token, name=form.name.data, password=form.password.data, locale=language()
    )
    if joined is None:  # somebody was faster: either way it is known now
        db.session.rollback()
        return redirect(url_for(".join", token=token), 303)
    db.session.commit()
    flash(_("Your account is ready. Log in, and you are in."), "success")
    return redirect(url_for("accounts.login"), 303)


def _join_page(invitation: Invitation, token: str, state: str, status: int, form: JoinForm | None = None):
    return render(JOIN, JOIN, status, invitation=invitation, token=token, state=state, form=form)


def _gone():
    """Used up, too old, withdrawn, replaced by a newer one, or never made: all the same."""
    return render(GONE, GONE, 404, token=None)


def _back_to(acting: Membership):
    return redirect(url_for(".people", organization_id=acting.organization_id), 303)


def _invitation_form(acting: Membership, **kwargs) -> InvitationForm:
    return InvitationForm(organization=acting.organization, roles=grantable(acting.role), **kwargs)


def _people_page(acting: Membership, status: int, form: InvitationForm | None = None):
    house = acting.organization
    return render(
        PEOPLE,
        "organizations/_members.html",
        status,
        house=house,
        form=form or _invitation_form(acting, formdata=None),
        invitations=invitations_of(house),
        roles=grantable(acting.role),
        others=_others(acting, "people"),
        **members_shown(house, SearchForm(request.args), ".people", ".member"),
    )


def _about_member(membership: Membership, form: MemberForm, may_change: bool) -> dict:
    ids: dict[str, Any] = {"organization_id": membership.organization_id, "user_id": membership.user_id}
    return {
        "form": form,
        "membership": membership,
        "here": "organization",
        "back": url_for(".people", organization_id=membership.organization_id),
        "url": url_for(".member", **ids),
        "remove_url": url_for(".remove", **ids),
        "may_change": may_change,
    }


def _others(membership: Membership, here: str) -> list[tuple[str, str, str]]:
    """The pages of the organization that this member has besides this one."""
    pages = []
    if sees_colleagues(me(), membership):
        pages.append(("requests", "list", _("Requests")))
    if membership.role.leads:
        pages.append(("people", "users", _("People")))
    ids: dict[str, Any] = {"organization_id": membership.organization_id}
    return [(glyph, label, url_for(f".{name}", **ids)) for name, glyph, label in pages if name != here]
