"""Which projects are shut to whom of the desk, as SQL from either side. Teams decide within a project.

A project for members only is worked on by its lead, its members and administrators; a limited
agent works in no other projects than those they lead or are a member of. What somebody asked for
or takes part in, they see all the same.
"""

from sqlalchemy import ColumnElement, Select, false, or_, select

from portal.accounts.models import User
from portal.accounts.reader import Anybody
from portal.extensions import db
from portal.permissions import Permission, roles_with
from portal.projects.models import Project, ProjectMember


def shut_to(user: Anybody) -> Select[int]:
    """The projects in which this one of the desk works on nothing, as a select to be used inside another."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return select(Project.id).where(false()).correlate(None)
    own = select(ProjectMember.project_id).where(ProjectMember.user_id == user.id)
    outside = Project.lead_id.is_distinct_from(user.id) & Project.id.not_in(own)
    shut = select(Project.id).where(outside).correlate(None)
    return shut if is_limited(user) else shut.where(Project.members_only)


def is_limited(user: Anybody) -> bool:
    """Whether they work only in projects they are a member of: agents may be told so, and nobody else."""
    return user.is_limited and not user.may(Permission.TICKET_SEE_ALL)


def members_only() -> Select[int]:
    """The projects that are worked on by their members alone, as a select to be used inside another."""
    return select(Project.id).where(Project.members_only).correlate(None)


def works_in(project: Project) -> ColumnElement[bool]:
    """`shut_to` from the other side: which users of the desk the project is not shut to."""
    members = select(ProjectMember.user_id).where(ProjectMember.project_id == project.id)
    inside = User.id.in_(members) | (User.id == project.lead_id)
    admins = User.role.in_(roles_with(Permission.TICKET_SEE_CONFIDENTIAL))
    if project.members_only:
        return or_(admins, inside)
    unlimited = ~User.is_limited | User.role.in_(roles_with(Permission.TICKET_SEE_ALL))
    return or_(unlimited, inside)


def is_shut(project: Project, user: User) -> bool:
    """Whether the user, of the desk, works on nothing in the project."""
    shut = select(Project.id).where(Project.id == project.id, Project.id.in_(shut_to(user)))
    return db.session.scalar(shut) is not None
