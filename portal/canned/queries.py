from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User, sort_key
from portal.canned.models import CannedReply, CannedReplyVersion
from portal.canned.policy import editable_by, leads, looked_back_at_by, readable_by, usable_by
from portal.extensions import db
from portal.organizations.models import Team
from portal.projects.models import Project
from portal.projects.policy import shut_to
from portal.projects.queries import open_projects
from portal.tickets.models import Ticket

MENU = 500  # names in the menu of a ticket; whoever has more looks for theirs on the page

# All that a list shows: not the text.
_ROWS = (
    select(
        CannedReply.id,
        CannedReply.public_id,
        CannedReply.name,
        CannedReply.sort_name,
        CannedReply.owner_id,
        Team.name.label("team_name"),
        Project.key.label("project_key"),
        CannedReply.updated_at,
    )
    .outerjoin(Team, Team.id == CannedReply.team_id)
    .outerjoin(Project, Project.id == CannedReply.project_id)
)


def readable_rows(user: User, typed: str = "") -> Select:
    """The rows of a list of all that this agent knows of, with whether they may change each."""
    return _ROWS.add_columns(editable_by(user).label("is_editable")).where(readable_by(user), _called(typed))


def usable_rows(user: User, ticket: Ticket, typed: str = "") -> Select:
    """The rows of what this agent may insert at this ticket, which they work on."""
    return _ROWS.where(*_for_ticket(user, ticket), _called(typed))


def menu_of(user: User, ticket: Ticket) -> list:
    """The same by name, as many as a menu holds."""
    rows = usable_rows(user, ticket).order_by(CannedReply.sort_name, CannedReply.id).limit(MENU)
    return list(db.session.execute(rows))


def usable_reply(public_id: str, ticket: Ticket, *, agent: User) -> CannedReply | None:
    """The one of that id, if this agent may insert it at this ticket, which they work on."""
    found = select(CannedReply).where(CannedReply.public_id == public_id, *_for_ticket(agent, ticket))
    return db.session.scalar(found)


def reply_or_404(public_id: str, *, seen_by: User, to_change: bool = False) -> CannedReply:
    """One that this agent knows of, with its place; locked where it is to be changed, which they must be
    allowed."""
    seen = editable_by(seen_by) if to_change else readable_by(seen_by)
    found = select(CannedReply).where(CannedReply.public_id == public_id, seen)
    if to_change:
        found = found.with_for_update(of=CannedReply).execution_options(populate_existing=True)
    return db.one_or_404(
        found.options(
            joinedload(CannedReply.team), joinedload(CannedReply.project), joinedload(CannedReply.changed_by)
        )
    )


def versions_of(reply: CannedReply, *, seen_by: User) -> list[CannedReplyVersion]:
    """What it was while it was shared, the latest first; of a reply that is theirs to change."""
    kept = _versions(reply, seen_by).options(joinedload(CannedReplyVersion.changed_by))
    return list(db.session.scalars(kept.order_by(CannedReplyVersion.version.desc())))


def version_or_404(reply: CannedReply, version: int, *, seen_by: User) -> CannedReplyVersion:
    return db.one_or_404(_versions(reply, seen_by).where(CannedReplyVersion.version == version))


def _versions(reply: CannedReply, user: User) -> Select[CannedReplyVersion]:
    its_own = CannedReplyVersion.reply_id == reply.id
    return select(CannedReplyVersion).where(its_own, looked_back_at_by(user))


def teams_to_share_with(user: User) -> list[Team]:
    return list(db.session.scalars(select(Team).where(leads(user)).order_by(Team.name, Team.id)))


def projects_to_choose(user: User) -> list[Project]:
    """Those that take tickets and in which this agent works."""
    return open_projects(Project.id.not_in(shut_to(user)))


def count_in_place(*, owner: User | None, team: Team | None) -> int:
    """How many stand there: somebody's own, a team's, or everyone's."""
    place = (
        CannedReply.owner_id.is_not_distinct_from(owner.id if owner else None),
        CannedReply.team_id.is_not_distinct_from(team.id if team else None),
    )
    return db.session.scalar(select(func.count()).where(*place)) or 0


def _for_ticket(user: User, ticket: Ticket) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    of_project = or_(CannedReply.project_id.is_(None), CannedReply.project_id == ticket.project_id)
    return usable_by(user), of_project


def _called(typed: str) -> ColumnElement[bool]:
    return CannedReply.sort_name.contains(sort_key(typed.strip()), autoescape=True)
