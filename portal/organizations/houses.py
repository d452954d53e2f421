"""Organizations and their departments, as the desk's admins shape them. Nothing here commits."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import Department, Organization, Shares
from portal.organizations.queries import department_has, has_members, has_tickets


def create_organization(name: str, *, shares: Shares = Shares.OWN, actor: User | None = None) -> Organization:
    """Raises DomainError where an organization has that name."""
    organization = Organization(name=name, shares=shares)
    try:
        with db.session.begin_nested():
            db.session.add(organization)
    except IntegrityError:
        raise DomainError(_("There is already an organization %(name)s.", name=name)) from None
    changes = {"shares": change(None, shares)}
    record(Kind.ORGANIZATION_CREATED, actor=actor, **_about(organization), changes=changes)
    return organization


def edit_organization(organization: Organization, *, name: str, shares: Shares, actor: User) -> None:
    """Name it, and say what its people share. Raises DomainError where another one has that name."""
    try:
        with db.session.begin_nested():
            changes = set_fields(organization, name=name, shares=shares)
    except IntegrityError:
        raise DomainError(_("There is already an organization %(name)s.", name=name)) from None
    if changes:
        record(Kind.ORGANIZATION_EDITED, actor=actor, **_about(organization), changes=changes)


def delete_organization(organization: Organization, *, actor: User) -> None:
    """For one that was never used. The caller holds its row.

    Raises DomainError, saying why, where it has tickets or members.
    """
    if has_tickets(organization):
        raise DomainError(
            _("%(name)s has tickets, so it stays: they would belong to nobody.", name=organization.name)
        )
    if has_members(organization):
        raise DomainError(_("%(name)s has members. Remove them first.", name=organization.name))
    changes = {"name": change(organization.name, None)}
    record(Kind.ORGANIZATION_DELETED, actor=actor, **_about(organization), changes=changes)
    db.session.delete(organization)
    db.session.flush()


def create_department(organization: Organization, name: str, *, actor: User | None) -> Department:
    """Raises DomainError where the organization has one of that name."""
    department = Department(organization=organization, name=name)
    try:
        with db.session.begin_nested():
            db.session.add(department)
    except IntegrityError:
        raise DomainError(_taken(organization, name)) from None
    record(Kind.DEPARTMENT_CREATED, actor=actor, **_about_department(department))
    return department


def rename_department(department: Department, name: str, *, actor: User) -> None:
    """Raises DomainError where the organization has another one of that name."""
    organization = department.organization
    try:
        with db.session.begin_nested():
            changes = set_fields(department, name=name)
    except IntegrityError:
        raise DomainError(_taken(organization, name)) from None
    if changes:
        record(Kind.DEPARTMENT_EDITED, actor=actor, **_about_department(department), changes=changes)


def delete_department(department: Department, *, actor: User) -> None:
    """For one that is empty. The caller holds its row.

    Raises DomainError, saying why, where it has members, open invitations or tickets.
    """
    has = department_has(department)
    if has.people:
        raise DomainError(
            _("%(name)s has members or open invitations. Move them first.", name=department.name)
        )
    if has.tickets:
        raise DomainError(
            _("%(name)s has tickets, so it stays. You can give it another name.", name=department.name)
        )
    changes = {"name": change(department.name, None)}
    record(Kind.DEPARTMENT_DELETED, actor=actor, **_about_department(department), changes=changes)
    db.session.delete(department)
    db.session.flush()


def _taken(organization: Organization, name: str) -> str:
    return _("%(organization)s has already a department %(name)s.", organization=organization.name, name=name)


def _about(organization: Organization) -> dict[str, Any]:
    return {"organization_id": organization.id, "organization": organization.name}


def _about_department(department: Department) -> dict[str, Any]:
    named = {"department_id": department.id, "department": department.name}
    return named | _about(department.organization)
