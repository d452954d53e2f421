"""What the people of an organization share, as SQL, and who among them looks after whom, as yes or no."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, literal, select, true

from portal.accounts.models import User
from portal.accounts.reader import Anybody
from portal.organizations.models import LEADING, Membership, MembershipRole, Organization, Shares


def shared_with(user: Anybody, organization_id: Any, department_id: Any) -> ColumnElement[bool]:
    """Whether the user's organization lets them see what belongs to that organization and department.

    The columns are those of a row around it. For a test of each row: a list begins
    with the organization, whose tickets have an index.
    """
    shared = (
        select(true())
        .where(
            Membership.user_id == user.id,
            Membership.organization_id == organization_id,
            Organization.id == Membership.organization_id,
            _shares(department_id),
        )
        .correlate_except(Membership, Organization)
    )
    return shared.exists()


def sharers(organization_id: int, department_id: int | None) -> Select[int]:
    """`shared_with` from the other side: the ids of whom what belongs there is shared with."""
    of_it = select(Membership.user_id).join(Organization, Organization.id == Membership.organization_id)
    department = literal(department_id, BigInteger)  # none equals none no more than in a column
    return of_it.where(Membership.organization_id == organization_id, _shares(department))


def _shares(department_id: Any) -> ColumnElement[bool]:
    """Whether the membership's organization shares with it what belongs to that department."""
    of_department = (Organization.shares == Shares.DEPARTMENT) & (Membership.department_id == department_id)
    return (Organization.shares == Shares.ALL) | of_department


def only_reads(user: User, organization_id: Any) -> ColumnElement[bool]:
    """Whether the user is a viewer of the organization of a row around it."""
    viewer = (
        select(true())
        .where(
            Membership.user_id == user.id,
            Membership.organization_id == organization_id,
            Membership.role == MembershipRole.VIEWER,
        )
        .correlate_except(Membership)
    )
    return viewer.exists()


def has_place(user: Anybody) -> ColumnElement[bool]:
    """Whether there is a page of an organization for them: they look after one, or share its tickets."""
    leads = Membership.role.in_(LEADING)
    shares = Organization.shares != Shares.OWN
    there = select(true()).where(
        Membership.user_id == user.id,
        Organization.id == Membership.organization_id,
        leads if user.is_staff else leads | shares,
    )
    return there.correlate_except(Membership, Organization).exists()


def sees_colleagues(user: User, membership: Membership) -> bool:
    """Whether they have a list of what colleagues asked for; the desk has its queues instead."""
    return membership.organization.shares is not Shares.OWN and not user.is_staff


def grantable(role: MembershipRole) -> list[MembershipRole]:
    """The roles that somebody of this role gives and takes: only owners make owners, and unmake them."""
    if role is MembershipRole.OWNER:
        return list(MembershipRole)
    if role is MembershipRole.ADMIN:
        return [each for each in MembershipRole if each is not MembershipRole.OWNER]
    return []
