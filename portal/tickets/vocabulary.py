"""The words that tickets are described by: statuses, projects, categories, teams and the desk's people."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from sqlalchemy import BigInteger, Select, String, cast, false, func, literal, null, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from portal.accounts.models import User, sort_key
from portal.accounts.reader import Anybody
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.lifecycles.queries import is_stood_in
from portal.memory import Remembered
from portal.organizations.models import Team, TeamMember
from portal.permissions import STAFF, Permission
from portal.projects.models import Project, ProjectMember, TicketCategory
from portal.projects.policy import is_limited
from portal.web.locale import language


@dataclass(frozen=True)
class Named:
    """One of them: by what name it is typed, and how people read it.

    `is_current` says of a status that its tickets are open, of a person that they
    are active, of a project or category that it is not archived. `members` are the ids of
    who is in a team, or leads or is a member of a project.
    """

    id: int
    name: str
    label: str
    is_current: bool
    members: frozenset[int] = frozenset()
    members_only: bool = False
    project_id: int | None = None  # that a category belongs to


@dataclass(frozen=True, eq=False)
class Vocabulary:
    statuses: list[Named] = field(default_factory=list)
    projects: list[Named] = field(default_factory=list)
    categories: list[Named] = field(default_factory=list)
    teams: list[Named] = field(default_factory=list)
    people: list[Named] = field(default_factory=list)  # of the desk


def vocabulary() -> Vocabulary:
    """All of them, in the reader's language and the order pages show them in; to be read only.

    Remembered for some seconds; see `portal.memory`.
    """
    return _known(language())


def _read(code: str) -> Vocabulary:
    """In one statement over small tables. `code` is the language of this request."""
    known = Vocabulary()
    rows = db.session.execute(_ALL)
    for row in sorted(rows, key=lambda row: (row.place, sort_key(row.label))):
        label = gettext(row.label) if row.kind in {"statuses", "categories"} and row.label else row.label
        members = frozenset(row.members or ())
        named = Named(
            row.id, row.name, label, row.is_current, members, row.members_only, project_id=row.project_id
        )
        getattr(known, row.kind).append(named)
    return known


def shut_projects(known: Vocabulary, reader: Anybody) -> frozenset[int]:
    """The ids of `projects.policy.shut_to`, as far as the words to choose from need them."""
    if reader.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return frozenset()
    limited = is_limited(reader)
    return frozenset(
        project.id
        for project in known.projects
        if (limited or project.members_only) and reader.id not in project.members
    )


_known = Remembered(_read, models=(Status, Project, ProjectMember, TicketCategory, Team, TeamMember, User))


def _rows(  # noqa: PLR0917, one column each
    kind: str,
    model: Any,
    name: Any,
    label: Any,
    is_current: Any,
    place: Any = None,
    members: Any = None,
    members_only: Any = None,
    project_id: Any = None,
) -> Select:
    return select(
        literal(kind).label("kind"),
        model.id,
        cast(name, String).label("name"),
        cast(label, String).label("label"),
        is_current.label("is_current"),
        (literal(0, BigInteger) if place is None else place).label("place"),
        (cast(null(), ARRAY(BigInteger)) if members is None else members).label("members"),
        (false() if members_only is None else members_only).label("members_only"),
        (cast(null(), BigInteger) if project_id is None else project_id).label("project_id"),
    )


_in_project = select(func.array_agg(ProjectMember.user_id)).where(ProjectMember.project_id == Project.id)
_in_team = select(func.array_agg(TeamMember.user_id)).where(TeamMember.team_id == Team.id)
_ALL = union_all(
    _rows(
        "statuses",
        Status,
        Status.name,
        Status.stored_label,
        Status.category != Category.DONE,
        Status.position,
    ).where(is_stood_in()),
    _rows(
        "projects",
        Project,
        Project.key,
        Project.name,
        Project.archived_at.is_(None),
        members=func.array_append(_in_project.scalar_subquery(), Project.lead_id),
        members_only=Project.members_only,
    ),
    _rows(
        "categories",
        TicketCategory,
        TicketCategory.stored_name,
        TicketCategory.stored_name,
        TicketCategory.archived_at.is_(None),
        TicketCategory.position,
        project_id=TicketCategory.project_id,
    ),
    _rows("teams", Team, Team.name, Team.name, true(), members=_in_team.scalar_subquery()),
    _rows("people", User, User.email, User.name, User.is_active).where(User.role.in_(STAFF)),
)
