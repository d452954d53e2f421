"""The words that tickets are described by: statuses, projects, categories, teams and the desk's people."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy import BigInteger, Select, String, bindparam, cast, exists, literal, select, union_all

from portal.accounts.models import User, sort_key
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Team, TeamMember
from portal.permissions import STAFF
from portal.projects.models import Project, TicketCategory


@dataclass(frozen=True)
class Named:
    """One of them: by what name it is typed, and how people read it.

    `is_current` says of a status that its tickets are open, of a person that they
    are active, of a project or category that it is not archived, of a team that the
    reader is in it.
    """

    id: int
    name: str
    label: str
    is_current: bool


@dataclass(frozen=True)
class Vocabulary:
    statuses: list[Named] = field(default_factory=list)
    projects: list[Named] = field(default_factory=list)
    categories: list[Named] = field(default_factory=list)
    teams: list[Named] = field(default_factory=list)
    people: list[Named] = field(default_factory=list)  # of the desk


def vocabulary(reader: User) -> Vocabulary:
    """All of them, in one statement over small tables, in the order pages show them in."""
    known = Vocabulary()
    rows = db.session.execute(_ALL, {"reader": reader.id})
    for row in sorted(rows, key=lambda row: (row.place, sort_key(row.label))):
        label = gettext(row.label) if row.kind in {"statuses", "categories"} and row.label else row.label
        getattr(known, row.kind).append(Named(row.id, row.name, label, row.is_current))
    return known


def _rows(  # noqa: PLR0917, one column each
    kind: str, model: Any, name: Any, label: Any, is_current: Any, place: Any = None
) -> Select:
    return select(
        literal(kind).label("kind"),
        model.id,
        cast(name, String).label("name"),
        cast(label, String).label("label"),
        is_current.label("is_current"),
        (literal(0, BigInteger) if place is None else place).label("place"),
    )


_of_reader = exists().where(TeamMember.team_id == Team.id, TeamMember.user_id == bindparam("reader"))
_ALL = union_all(
    _rows(
        "statuses",
        Status,
        Status.name,
        Status.stored_label,
        Status.category != Category.DONE,
        Status.position,
    ),
    _rows("projects", Project, Project.key, Project.name, Project.archived_at.is_(None)),
    _rows(
        "categories",
        TicketCategory,
        TicketCategory.stored_name,
        TicketCategory.stored_name,
        TicketCategory.archived_at.is_(None),
        TicketCategory.position,
    ),
    _rows("teams", Team, Team.name, Team.name, _of_reader),
    _rows("people", User, User.email, User.name, User.is_active).where(User.role.in_(STAFF)),
)
