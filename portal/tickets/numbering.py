"""The numbers that tickets have in their projects."""

from typing import Any

from sqlalchemy import bindparam, update

from portal.extensions import db
from portal.projects.models import Project, ProjectCounter


def take_number(project: Project) -> int:
    """The project's next number. Its row stays locked until the commit, so keys have no gaps."""
    return db.session.execute(_COUNTED, {"of_project": project.id}).scalar_one()


_COUNTERS: Any = ProjectCounter.__table__
_COUNTED = (
    update(_COUNTERS)
    .where(_COUNTERS.c.project_id == bindparam("of_project"))
    .values(last_number=_COUNTERS.c.last_number + 1)
    .returning(_COUNTERS.c.last_number)
)
