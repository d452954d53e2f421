"""Who reads, uses and changes which canned replies.

Everybody of the desk keeps some for themselves, which nobody else sees. Whoever leads a team
shares with that team; managers and admins share with any team and with everyone. What is shared
belongs to its place: whoever may share there may change it and take it away, and nobody else,
whoever wrote it. A reply for a project is for those who work in that project alone.
"""

from sqlalchemy import BigInteger, ColumnElement, cast, or_, select, true

from portal.accounts.models import User
from portal.canned.models import CannedReply, CannedReplyVersion
from portal.extensions import db
from portal.organizations.models import Team
from portal.organizations.queries import team_ids_of, teams_led_by
from portal.organizations.sharing import Sharing
from portal.permissions import Permission
from portal.projects.policy import shut_to

_IS_EVERYONES = CannedReply.owner_id.is_(None) & CannedReply.team_id.is_(None)


def usable_by(user: User) -> ColumnElement[bool]:
    """Those that this agent may insert: their own, their teams', everyone's."""
    ours = CannedReply.team_id.in_(team_ids_of(user))
    return or_(_is_own(user), (ours | _IS_EVERYONES) & _is_open_to(user))


def readable_by(user: User) -> ColumnElement[bool]:
    """Those that this agent knows of: what they may insert, and what they look after."""
    return or_(usable_by(user), editable_by(user))


def editable_by(user: User) -> ColumnElement[bool]:
    """Those that this agent may change, share elsewhere and delete."""
    return or_(_is_own(user), CannedReply.owner_id.is_(None) & _shares_there(user) & _is_open_to(user))


def looked_back_at_by(user: User) -> ColumnElement[bool]:
    """The versions that this agent may see of a reply that is theirs to change: those of when it was, too."""
    team_id, project_id = _id_in_version("team"), _id_in_version("project")
    was_theirs = true() if user.may(Permission.CANNED_SHARE) else team_id.in_(teams_led_by(user))
    return was_theirs & or_(project_id.is_(None), project_id.not_in(shut_to(user)))


def _id_in_version(name: str) -> ColumnElement[int]:
    return cast(CannedReplyVersion.content[(name, "id")].as_string(), BigInteger)


def may_edit(user: User, reply: CannedReply) -> bool:
    found = select(CannedReply.id).where(CannedReply.id == reply.id, editable_by(user))
    return db.session.scalar(found) is not None


def may_share(user: User, shared: Sharing, team: Team | None) -> bool:
    """Whether they may put something there."""
    if shared is Sharing.NOBODY or user.may(Permission.CANNED_SHARE):
        return True
    if shared is Sharing.EVERYONE or team is None:
        return False
    return db.session.scalar(select(Team.id).where(Team.id == team.id, leads(user))) is not None


def leads(user: User) -> ColumnElement[bool]:
    """The teams with which somebody may share."""
    return true() if user.may(Permission.CANNED_SHARE) else Team.id.in_(teams_led_by(user))


def _is_own(user: User) -> ColumnElement[bool]:
    return CannedReply.owner_id == user.id


def _shares_there(user: User) -> ColumnElement[bool]:
    if user.may(Permission.CANNED_SHARE):
        return true()
    return CannedReply.team_id.in_(teams_led_by(user))


def _is_open_to(user: User) -> ColumnElement[bool]:
    return or_(CannedReply.project_id.is_(None), CannedReply.project_id.not_in(shut_to(user)))
