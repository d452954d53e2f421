"""Who works in a project. Nothing here commits."""

from flask_babel import gettext as _

from portal.accounts.models import User, about
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.projects.models import Project, ProjectMember


def add_member(project: Project, person: User, *, actor: User | None) -> None:
    """Let somebody of the desk work in the project; who does already, does.

    Raises DomainError for somebody who does not work on tickets.
    """
    if not person.is_staff:
        raise DomainError(_("%(name)s does not work on tickets.", name=person.name))
    if db.session.get(ProjectMember, (person.id, project.id)):
        return
    db.session.add(ProjectMember(user_id=person.id, project_id=project.id))
    db.session.flush()
    _record(Kind.PROJECT_MEMBER_ADDED, project, person, actor=actor)


def remove_member(project: Project, person: User, *, actor: User) -> bool:
    """End it; their tickets there are for `tickets.handover.leave_projects`. False for who is no member."""
    member = db.session.get(ProjectMember, (person.id, project.id))
    if member is None:
        return False
    db.session.delete(member)
    db.session.flush()
    _record(Kind.PROJECT_MEMBER_REMOVED, project, person, actor=actor)
    return True


def _record(kind: Kind, project: Project, person: User, *, actor: User | None) -> None:
    record(kind, actor=actor, project_id=project.id, project=project.key, **about(person))
