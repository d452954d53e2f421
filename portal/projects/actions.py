"""Projects and what their tickets can be about. Nothing here commits."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.actions import make_default_lifecycle
from portal.lifecycles.models import Lifecycle
from portal.organizations.models import Team
from portal.projects.members import add_member
from portal.projects.models import Project, ProjectCounter, TicketCategory
from portal.projects.policy import is_shut
from portal.projects.queries import has_tickets_outside, what_holds


def create_project(
    *,
    key: str,
    name: str,
    actor: User | None,
    description: str = "",
    default_team: Team | None = None,
    lead: User | None = None,
    lifecycle: Lifecycle | None = None,
    members_only: bool = False,
) -> Project:
    """Make a project that takes tickets at once, with the standard lifecycle unless told another.

    Raises DomainError where the key is taken, also by an archived project, and for a
    lead who does not work on tickets.
    """
    _refuse_lead_from_elsewhere(lead)
    project = Project(
        key=key,
        name=name,
        description=description,
        default_team=default_team,
        lead=lead,
        lifecycle=lifecycle or _standard_lifecycle(),
        members_only=members_only,
    )
    _insert(project)
    about: dict[str, Any] = {"project_id": project.id, "project": project.key}
    if changes := _beyond_the_usual(project):
        about["changes"] = changes
    record(Kind.PROJECT_CREATED, actor=actor, **about)
    _keep_actor_inside(project, actor)
    return project


def _insert(project: Project) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(project)
    except IntegrityError:
        raise DomainError(_("Another project has the key %(key)s.", key=project.key)) from None
    db.session.add(ProjectCounter(project_id=project.id))


def _beyond_the_usual(project: Project) -> Changes:
    """Who leads a new project, and that it is for its members only."""
    given = {"lead": project.lead, "members_only": project.members_only}
    return {name: change(None, value) for name, value in given.items() if value}


def edit_project(project: Project, *, actor: User, **values: Any) -> None:
    """Set these fields: name, description, default_team, lead, lifecycle, members_only.

    The key stays: it stands in the keys of all its tickets. Somebody who shuts the
    project to themselves becomes a member of it.
    Raises DomainError for a lead who does not work on tickets, and for another lifecycle
    while a ticket has a status that is not in it.
    """
    if values.get("lead") is not project.lead:
        _refuse_lead_from_elsewhere(values.get("lead"))
    if has_tickets_outside(project, values.get("lifecycle", project.lifecycle)):
        raise DomainError(
            _("Its tickets have statuses that the other workflow does not have, so it keeps the one it has.")
        )
    changes = set_fields(project, **values)
    db.session.flush()
    _record_project(project, changes, actor=actor)
    _keep_actor_inside(project, actor)


def delete_project(project: Project, *, actor: User) -> None:
    """End a project that was never used. Its key is free then.

    Raises DomainError where it has tickets, categories, or tickets elsewhere that had a key of it.
    """
    refusal = DomainError(_("%(name)s is not empty. Archive it instead.", name=project.name))
    if any(what_holds(project)):
        raise refusal
    changes = {name: change(getattr(project, name), None) for name in ("name", "description")}
    about: dict[str, Any] = {"project_id": project.id, "project": project.key}
    try:
        with db.session.begin_nested():
            db.session.delete(project)
    except IntegrityError:  # used meanwhile, or by what this feature does not know of
        raise refusal from None
    record(Kind.PROJECT_DELETED, actor=actor, **about, changes=changes)


def archive_project(project: Project, *, actor: User) -> None:
    """Let it take no more tickets; those it has go on."""
    if project.archived_at is None:
        project.archived_at = clock.now()
        _record_project(project, {"archived": change(old=False, new=True)}, actor=actor)


def reopen_project(project: Project, *, actor: User) -> None:
    """Let an archived project take tickets again."""
    if project.archived_at is not None:
        project.archived_at = None
        _record_project(project, {"archived": change(old=True, new=False)}, actor=actor)


def create_category(
    name: str, *, actor: User | None, project: Project | None = None, team: Team | None = None
) -> TicketCategory:
    """Make a category of that project, or of every project, behind those there are.

    Raises DomainError where there is one of that name.
    """
    last = max((each.position for each in _neighbours(project.id if project else None)), default=-1)
    category = TicketCategory(stored_name=name, project=project, team=team, position=last + 1)
    _add_unless_taken(category)
    record(Kind.CATEGORY_CREATED, actor=actor, category_id=category.id, category=category.stored_name)
    return category


def edit_category(category: TicketCategory, *, name: str, team: Team | None, actor: User) -> None:
    """Tickets that have it show the new name; the new team gets those that come from now on.

    Raises DomainError where another one has that name.
    """
    changes = _add_unless_taken(category, stored_name=name, team=team)
    _record_category(category, changes, actor=actor)


def archive_category(category: TicketCategory, *, actor: User) -> None:
    """Offer it no more; tickets that have it keep it."""
    if category.archived_at is None:
        category.archived_at = clock.now()
        _record_category(category, {"archived": change(old=False, new=True)}, actor=actor)


def restore_category(category: TicketCategory, *, actor: User) -> None:
    if category.archived_at is not None:
        category.archived_at = None
        _record_category(category, {"archived": change(old=True, new=False)}, actor=actor)


def move_category(category: TicketCategory, *, up: bool, actor: User) -> None:
    """Change places with the one before or behind; the first cannot go up, and stays."""
    row = _neighbours(category.project_id)
    place = row.index(category) if category in row else -1
    other = place - 1 if up else place + 1
    if place < 0 or not 0 <= other < len(row):
        return
    row[place], row[other] = row[other], row[place]
    for position, each in enumerate(row):
        each.position = position
    changes = {"place": change(old=place + 1, new=other + 1)}
    _record_category(category, changes, actor=actor)


def _neighbours(project_id: int | None) -> list[TicketCategory]:
    """The living categories of one project, or of every project, in their order and locked."""
    same = TicketCategory.project_id.is_not_distinct_from(project_id)
    row = select(TicketCategory).where(same, TicketCategory.archived_at.is_(None))
    row = row.order_by(TicketCategory.id).with_for_update()
    locked = db.session.scalars(row.execution_options(populate_existing=True))
    return sorted(locked, key=lambda each: (each.position, each.stored_name, each.id))


def _add_unless_taken(category: TicketCategory, **values: Any) -> Changes:
    try:
        with db.session.begin_nested():
            db.session.add(category)
            return set_fields(category, **values)
    except IntegrityError:
        raise DomainError(_("There is already a category of that name.")) from None


def _record_project(project: Project, changes: Changes, *, actor: User) -> None:
    if changes:
        about: dict[str, Any] = {"project_id": project.id, "project": project.key}
        record(Kind.PROJECT_EDITED, actor=actor, **about, changes=changes)


def _record_category(category: TicketCategory, changes: Changes, *, actor: User) -> None:
    if changes:
        about: dict[str, Any] = {"category_id": category.id, "category": category.stored_name}
        record(Kind.CATEGORY_EDITED, actor=actor, **about, changes=changes)


def _refuse_lead_from_elsewhere(lead: User | None) -> None:
    if lead and not (lead.is_staff and lead.is_active):
        raise DomainError(_("%(name)s does not work on tickets.", name=lead.name))


def _keep_actor_inside(project: Project, actor: User | None) -> None:
    if actor and is_shut(project, actor):
        add_member(project, actor, actor=actor)


def _standard_lifecycle() -> Lifecycle:
    """The first one there is; a desk without any gets the default."""
    first = db.session.scalar(select(Lifecycle).order_by(Lifecycle.id).limit(1))
    return first or make_default_lifecycle()
