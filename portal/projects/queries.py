from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    column,
    exists,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.lifecycles.models import Lifecycle, Status
from portal.permissions import STAFF
from portal.projects.models import Project, ProjectMember, TicketCategory
from portal.projects.policy import shut_to

_TICKETS = table("tickets", column("project_id", BigInteger), column("status_id", BigInteger))
_KEYS = table("ticket_keys", column("key", String))
_DELETED = table("deleted_keys", column("key", String))


def open_projects(*which: ColumnElement[bool]) -> list[Project]:
    """The projects that take tickets, by name; or those of them of which this is true."""
    living = _LIVING.where(*which) if which else _LIVING
    return list(db.session.scalars(living, execution_options=KEEPS_PLAN if not which else {}))


_LIVING = select(Project).where(Project.archived_at.is_(None)).order_by(Project.name, Project.id)


def open_categories(*, project_id: int | None = None) -> list[TicketCategory]:
    """The categories that tickets can have (those of one project), in the admin's order."""
    living = _IN_USE
    if project_id is not None:
        of_project = TicketCategory.project_id == project_id
        living = living.where(or_(of_project, TicketCategory.project_id.is_(None)))
    return list(db.session.scalars(living, execution_options=KEEPS_PLAN))


_IN_USE = (
    select(TicketCategory)
    .where(TicketCategory.archived_at.is_(None))
    .options(joinedload(TicketCategory.project))
    .order_by(TicketCategory.position, TicketCategory.stored_name, TicketCategory.id)
)


def all_projects() -> list[Project]:
    """Those that take tickets first, then the archived ones, each by name, with team and lead."""
    every = select(Project).options(joinedload(Project.default_team), joinedload(Project.lead))
    order = (Project.archived_at.is_not(None), Project.name, Project.id)
    return list(db.session.scalars(every.order_by(*order)))


def project_or_404(project_id: int, *, managed_by: User, to_change: bool = False) -> Project:
    """A project that is shut to a manager is not theirs to look into."""
    found = select(Project).where(Project.id == project_id, Project.id.not_in(shut_to(managed_by)))
    if to_change:
        found = found.with_for_update(of=Project).execution_options(populate_existing=True)
    return db.one_or_404(found)


def ids_shut_to(user: User) -> set[int]:
    return set(db.session.scalars(shut_to(user)))


def members_of(project: Project) -> Select:
    """Its members, as a select for a list, and whether they still work here."""
    works = (User.is_active & User.role.in_(STAFF)).label("works")
    listed = select(User.id, User.name, User.sort_name, User.email, User.picture_digest, works)
    return listed.join(ProjectMember, ProjectMember.user_id == User.id).where(
        ProjectMember.project_id == project.id
    )


def projects_of(person: User) -> list[Project]:
    """The projects that somebody leads or is a member of, by name."""
    member = select(ProjectMember.project_id).where(ProjectMember.user_id == person.id)
    theirs = select(Project).where((Project.lead_id == person.id) | Project.id.in_(member))
    return list(db.session.scalars(theirs.order_by(Project.name, Project.id)))


def all_lifecycles() -> list[Lifecycle]:
    """The first one is the standard."""
    return list(db.session.scalars(select(Lifecycle).order_by(Lifecycle.id)))


def what_holds(project: Project) -> Row:
    """Why the project cannot be deleted: whether it has `tickets`, `categories`, tickets of other
    projects had `former_keys` of it, or there are keys of `deleted` ones that nothing may have again."""
    tickets = exists().where(_TICKETS.c.project_id == project.id)
    categories = exists().where(TicketCategory.project_id == project.id)
    former = exists().where(_KEYS.c.key.startswith(f"{project.key}-", autoescape=True))
    deleted = exists().where(_DELETED.c.key.startswith(f"{project.key}-", autoescape=True))
    held = {"tickets": tickets, "categories": categories, "former_keys": former, "deleted": deleted}
    return db.session.execute(select(*(why.label(name) for name, why in held.items()))).one()


def has_tickets_outside(project: Project, lifecycle: Lifecycle) -> bool:
    """Whether a ticket of the project has a status that is not in that lifecycle."""
    if lifecycle.id == project.lifecycle_id:
        return False
    own = select(Status.id).where(Status.lifecycle_id == lifecycle.id)
    outside = exists().where(_TICKETS.c.project_id == project.id, _TICKETS.c.status_id.not_in(own))
    return bool(db.session.scalar(select(outside)))


def is_key_taken(key: str) -> bool:
    """Also by an archived project: its tickets keep their keys."""
    return db.session.scalar(select(Project.id).where(Project.key == key)) is not None


def all_categories(*, managed_by: User) -> list[TicketCategory]:
    """In the admin's order, the archived ones last; none of a project that is shut to them."""
    every = select(TicketCategory).options(
        joinedload(TicketCategory.project), joinedload(TicketCategory.team)
    )
    every = every.where(_is_managed_by(managed_by))
    order = (
        TicketCategory.archived_at.is_not(None),
        TicketCategory.position,
        TicketCategory.stored_name,
        TicketCategory.id,
    )
    return list(db.session.scalars(every.order_by(*order)))


def category_or_404(category_id: int, *, managed_by: User, to_change: bool = False) -> TicketCategory:
    found = select(TicketCategory).where(TicketCategory.id == category_id, _is_managed_by(managed_by))
    if to_change:
        found = found.with_for_update(of=TicketCategory).execution_options(populate_existing=True)
    return db.one_or_404(found)


def _is_managed_by(user: User) -> ColumnElement[bool]:
    return TicketCategory.project_id.is_(None) | TicketCategory.project_id.not_in(shut_to(user))


def is_category_name_taken(name: str, *, project_id: int | None, besides: int | None = None) -> bool:
    same = select(TicketCategory.id).where(
        func.lower(TicketCategory.stored_name) == name.lower(),
        TicketCategory.project_id.is_not_distinct_from(project_id),
        TicketCategory.id.is_distinct_from(besides),
    )
    return db.session.scalar(same) is not None
