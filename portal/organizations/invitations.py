"""Mailed links by which somebody joins an organization. Nothing here commits.

A link is good once, for a week, and for the address it was mailed to alone; it is
as good as the right of whoever stands behind it to give its role.
"""

import secrets
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal import clock
from portal.accounts.actions import register_invited
from portal.accounts.models import User, digest
from portal.accounts.queries import user_by_email
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.memberships import add_member, hold, refuse_role
from portal.organizations.models import Department, Invitation, Membership, MembershipRole
from portal.organizations.queries import open_invitation
from portal.outbox_mail.actions import link, queue_mail

LIFE = timedelta(days=7)


def invite(
    email: str, *, role: MembershipRole, department: Department | None, acting: Membership
) -> Invitation:
    """Mail a link to join the acting person's organization; one before it, to that address, ends.

    Nothing tells whether the address has an account. Raises NotAllowed for a role
    that is not theirs to give, and DomainError for somebody who belongs to it already.
    """
    organization = acting.organization
    hold(organization)
    refuse_role(acting, role)
    person = user_by_email(email)
    if person and db.session.get(Membership, (person.id, organization.id)):
        raise DomainError(
            _(
                "%(name)s belongs to %(organization)s already.",
                name=person.name,
                organization=organization.name,
            )
        )
    there = select(Invitation).where(Invitation.organization_id == organization.id, Invitation.email == email)
    invitation = db.session.scalar(there) or Invitation(organization=organization, email=email)
    invitation.role, invitation.department = role, department
    _send(invitation, acting.user, person)
    changes = {"membership": change(None, role)}
    record(Kind.INVITATION_SENT, actor=acting.user, **_about(invitation), changes=changes)
    return invitation


def send_again(invitation: Invitation, *, acting: Membership) -> None:
    """Mail another link in place of the one before. Raises NotAllowed as `invite` does."""
    hold(invitation.organization)
    refuse_role(acting, invitation.role)
    _send(invitation, acting.user, user_by_email(invitation.email))
    record(Kind.INVITATION_SENT, actor=acting.user, **_about(invitation))


def withdraw(invitation: Invitation, *, acting: Membership) -> None:
    """End the link. Raises NotAllowed for a role that is not theirs to give."""
    hold(invitation.organization)
    refuse_role(acting, invitation.role)
    changes = {"membership": change(invitation.role, None)}
    record(Kind.INVITATION_WITHDRAWN, actor=acting.user, **_about(invitation), changes=changes)
    db.session.delete(invitation)
    db.session.flush()


def accept(token: str, person: User) -> Membership | None:
    """Use the link up and let the person join; None where it is good no more, or is another's.

    Whoever belongs there already, stays what they are.
    """
    invitation = _held(token)
    if invitation is None or invitation.email != person.email:
        return None
    db.session.delete(invitation)
    db.session.flush()
    belongs = db.session.get(Membership, (person.id, invitation.organization_id))
    return belongs or add_member(
        invitation.organization,
        person,
        role=invitation.role,
        department=invitation.department,
        actor=person,
        invited_by=invitation.invited_by.name,
    )


def register_and_accept(token: str, *, name: str, password: str, locale: str | None) -> Membership | None:
    """The same for somebody without an account: the mailed link proves the address of the one they make.

    None also where the address has an account by now.
    """
    invitation = open_invitation(token)
    if invitation is None:
        return None
    person = register_invited(name=name, email=invitation.email, password=password, locale=locale)
    return accept(token, person) if person else None


def _send(invitation: Invitation, by: User, to: User | None) -> None:
    """Give it a new token of 256 bits, so that the one before ends, and mail that."""
    token = secrets.token_urlsafe(32)
    invitation.token_digest, invitation.invited_by = digest(token), by
    invitation.created_at, invitation.expires_at = clock.now(), clock.now() + LIFE
    db.session.add(invitation)
    db.session.flush()
    queue_mail(
        "joining",
        to=invitation.email,
        locale=(to or by).locale,
        recipient_id=to.id if to else None,
        inviter=by.name,
        organization=invitation.organization.name,
        link=link(f"/invitations/{token}"),
        days=LIFE.days,
    )


def _held(token: str) -> Invitation | None:
    """The open invitation with its organization locked; of several who use it at once, one has it."""
    seen = open_invitation(token)
    if seen is None:
        return None
    hold(seen.organization)
    return open_invitation(token)


def _about(invitation: Invitation) -> dict[str, Any]:
    return {
        "email": invitation.email,
        "organization_id": invitation.organization.id,
        "organization": invitation.organization.name,
    }
