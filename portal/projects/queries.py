from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from portal.extensions import db
from portal.projects.models import Project, TicketCategory


def open_projects() -> list[Project]:
    """The projects that take tickets, by name."""
    living = select(Project).where(Project.archived_at.is_(None))
    return list(db.session.scalars(living.order_by(Project.name, Project.id)))


def open_categories(*, project_id: int | None = None) -> list[TicketCategory]:
    """The categories that tickets can have (those of one project), in the admin's order."""
    living = select(TicketCategory).where(TicketCategory.archived_at.is_(None))
    if project_id is not None:
        of_project = TicketCategory.project_id == project_id
        living = living.where(or_(of_project, TicketCategory.project_id.is_(None)))
    living = living.options(joinedload(TicketCategory.project))
    order = (TicketCategory.position, TicketCategory.stored_name, TicketCategory.id)
    return list(db.session.scalars(living.order_by(*order)))


def all_projects() -> list[Project]:
    """Those that take tickets first, then the archived ones, each by name."""
    every = select(Project).options(joinedload(Project.default_team))
    order = (Project.archived_at.is_not(None), Project.name, Project.id)
    return list(db.session.scalars(every.order_by(*order)))


def project_or_404(project_id: int, *, to_change: bool = False) -> Project:
    found = select(Project).where(Project.id == project_id)
    if to_change:
        found = found.with_for_update(of=Project).execution_options(populate_existing=True)
    return db.one_or_404(found)


def is_key_taken(key: str) -> bool:
    """Also by an archived project: its tickets keep their keys."""
    return db.session.scalar(select(Project.id).where(Project.key == key)) is not None


def all_categories() -> list[TicketCategory]:
    """In the admin's order, the archived ones last."""
    every = select(TicketCategory).options(
        joinedload(TicketCategory.project), joinedload(TicketCategory.team)
    )
    order = (
        TicketCategory.archived_at.is_not(None),
        TicketCategory.position,
        TicketCategory.stored_name,
        TicketCategory.id,
    )
    return list(db.session.scalars(every.order_by(*order)))


def category_or_404(category_id: int, *, to_change: bool = False) -> TicketCategory:
    found = select(TicketCategory).where(TicketCategory.id == category_id)
    if to_change:
        found = found.with_for_update(of=TicketCategory).execution_options(populate_existing=True)
    return db.one_or_404(found)


def is_category_name_taken(name: str, *, project_id: int | None, besides: int | None = None) -> bool:
    same = select(TicketCategory.id).where(
        func.lower(TicketCategory.stored_name) == name.lower(),
        TicketCategory.project_id.is_not_distinct_from(project_id),
        TicketCategory.id.is_distinct_from(besides),
    )
    return db.session.scalar(same) is not None
