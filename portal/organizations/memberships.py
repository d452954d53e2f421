"""Who belongs to an organization, as what, and in which department. Nothing here commits.

`acting` is the membership of an owner or admin of the organization who does it;
without it an admin of the desk does, whom its rules do not bind.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.errors import DomainError, NotAllowed
from portal.events.changes import Changes, change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import Department, Membership, MembershipRole, Organization
from portal.organizations.policy import grantable


def add_member(
    organization: Organization,
    person: User,
    *,
    role: MembershipRole = MembershipRole.MEMBER,
    department: Department | None = None,
    actor: User | None,
    **more: Any,
) -> Membership:
    """Let the person belong to the organization. Raises DomainError where they do already."""
    hold(organization)
    if db.session.get(Membership, (person.id, organization.id)):
        raise DomainError(
            _(
                "%(name)s belongs to %(organization)s already.",
                name=person.name,
                organization=organization.name,
            )
        )
    membership = Membership(user=person, organization=organization, role=role, department=department)
    db.session.add(membership)
    db.session.flush()
    changes = {"membership": change(None, role)}
    if department:
        changes["department"] = change(None, department)
    record(Kind.MEMBER_ADDED, actor=actor, **_about(membership), changes=changes, **more)
    return membership


def change_member(
    membership: Membership,
    *,
    role: MembershipRole,
    department: Department | None,
    actor: User,
    acting: Membership | None = None,
) -> None:
    """Give them this role and department; those they have change nothing.

    Raises NotAllowed for a role that is not the acting person's to give or take, and
    DomainError for the last owner.
    """
    hold(membership.organization)
    if acting:
        refuse_role(acting, membership.role, role)
    if role is not membership.role:
        _refuse_the_last(membership, acting)
    changes = set_fields(membership, role=role, department=department)
    if not changes:
        return
    db.session.flush()
    record(Kind.MEMBER_EDITED, actor=actor, **_about(membership), changes=_named(changes))


def remove_member(membership: Membership, *, actor: User, acting: Membership | None = None) -> None:
    """Let them belong to it no more; their own tickets stay theirs. Raises as `change_member` does."""
    hold(membership.organization)
    if acting:
        refuse_role(acting, membership.role)
    _refuse_the_last(membership, acting)
    changes = {"membership": change(membership.role, None)}
    record(Kind.MEMBER_REMOVED, actor=actor, **_about(membership), changes=changes)
    db.session.delete(membership)
    db.session.flush()


def hold(organization: Organization) -> None:
    """Lock it until the commit: its memberships change one after the other, and tickets do not wait."""
    held = select(Organization.id).where(Organization.id == organization.id)
    db.session.execute(held.with_for_update(key_share=True))


def refuse_role(acting: Membership, *roles: MembershipRole) -> None:
    """Raises NotAllowed where one of these roles is not theirs to give or take; asked anew, once held."""
    role = _role_now(acting)
    if role is None or not set(roles) <= set(grantable(role)):
        raise NotAllowed(_("Only owners of an organization decide who its owners are."))


def _role_now(membership: Membership) -> MembershipRole | None:
    """What they are by now, whatever was read before the organization was held; None for a member no more."""
    now = select(Membership.role).where(
        Membership.organization_id == membership.organization_id, Membership.user_id == membership.user_id
    )
    return db.session.scalar(now)


def _refuse_the_last(membership: Membership, acting: Membership | None) -> None:
    if acting is None or membership.role is not MembershipRole.OWNER:
        return
    if _owners(membership.organization_id) == 1:
        raise DomainError(
            _("%(name)s is the last owner. Make somebody else one first.", name=membership.user.name)
        )


def _owners(organization_id: int) -> int:
    counted = select(func.count()).where(
        Membership.organization_id == organization_id, Membership.role == MembershipRole.OWNER
    )
    return db.session.scalar(counted) or 0


def _about(membership: Membership) -> dict[str, Any]:
    return {
        "user_id": membership.user.id,
        "user": membership.user.name,
        "organization_id": membership.organization.id,
        "organization": membership.organization.name,
    }


def _named(changes: Changes) -> Changes:
    """As the audit log tells them: "role" is what somebody is to the desk."""
    return {"membership" if name == "role" else name: both for name, both in changes.items()}
