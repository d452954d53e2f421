from sqlalchemy import or_, select
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
