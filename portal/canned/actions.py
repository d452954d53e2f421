"""Canned replies are made, changed and deleted; what is shared tells the audit log. Nothing here commits."""

from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.accounts.queries import hold
from portal.canned.models import BODY_LIMIT, CannedReply, CannedReplyVersion
from portal.canned.placeholders import problems
from portal.canned.policy import may_edit, may_share
from portal.canned.queries import count_in_place
from portal.errors import DomainError, NotAllowed
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import Team
from portal.organizations.sharing import Sharing
from portal.projects.models import Project

MOST = 200  # of one person, of a team, and of everyone
Row = TypeVar("Row", Team, Project)
TOLD = 2_000  # characters of a text that the audit log keeps


@dataclass(frozen=True)
class Wanted:
    """What a reply is to be. `team` is whom it is shared with, where that is a team."""

    name: str
    body: str
    shared: Sharing = Sharing.NOBODY
    team: Team | None = None
    project: Project | None = None


def create(wanted: Wanted, *, actor: User | None) -> CannedReply:
    """Keep a reply. `actor` is None for the desk itself, which shares with everybody or a team.

    Raises DomainError for a name that the place has, for one reply too many there, and for
    a text with a placeholder that is none; NotAllowed for a place that is not theirs to share with.
    """
    _refuse(wanted, actor)
    _refuse_too_many(wanted, actor)
    reply = CannedReply()
    _keep(reply, wanted, actor)
    if reply.is_shared:
        _keep_version(reply)
        _record(Kind.CANNED_SHARED, reply, actor, was={}, now=_facts(wanted))
    return reply


def edit(reply: CannedReply, wanted: Wanted, *, actor: User, **told: Any) -> None:
    """Change it, or its place; what it is already changes nothing. Raises what `create` raises.

    One that somebody takes back for themselves is theirs from then on. What is `told` besides, the audit
    log keeps.
    """
    if not may_edit(actor, reply):
        raise NotAllowed(_("This reply is shared by others. Keep a copy of your own to change it."))
    _refuse(wanted, actor)
    was, now, was_shared = _facts(wanted_of(reply)), _facts(wanted), reply.is_shared
    has_place = (reply.owner_id, reply.team_id) == _place(wanted, actor)
    if now == was and has_place:
        return
    if not has_place:
        _refuse_too_many(wanted, actor)
    _keep(reply, wanted, actor, version=reply.version + 1)
    if reply.is_shared:
        _keep_version(reply)
    if was_shared or reply.is_shared:
        kind = _kind(was_shared, reply.is_shared)
        _record(kind, reply, actor, was=was if was_shared else {}, now=now, **told)


def roll_back(reply: CannedReply, version: CannedReplyVersion, *, actor: User) -> None:
    """Make it what it was in that version, for whom it was shared with then, as a new one.

    Raises what `edit` raises, and DomainError where its team or project is not there any more.
    """
    content = version.content
    team, project = _there(Team, content["team"]), _there(Project, content["project"])
    shared = Sharing.TEAM if team else Sharing.EVERYONE
    wanted = Wanted(content["name"], content["body"], shared, team, project)
    edit(reply, wanted, actor=actor, from_version=version.version)


def delete(reply: CannedReply, *, actor: User) -> None:
    """What was written with it stays. Raises NotAllowed for what is not theirs to change."""
    if not may_edit(actor, reply):
        raise NotAllowed(_("This reply is shared by others."))
    if reply.is_shared:
        _record(Kind.CANNED_UNSHARED, reply, actor, was=_facts(wanted_of(reply)), now={})
    db.session.delete(reply)


def _there(model: type[Row], kept: dict[str, Any] | None) -> Row | None:
    if kept is None:
        return None
    found = db.session.get(model, kept["id"])
    if found is None:
        raise DomainError(_("“%(name)s” is not there any more.", name=kept["label"]))
    return found


def wanted_of(reply: CannedReply) -> Wanted:
    """What it is."""
    return Wanted(reply.name, reply.body, reply.shared, reply.team, reply.project)


def _refuse(wanted: Wanted, actor: User | None) -> None:
    if next(problems(wanted.body), None) or len(wanted.body) > BODY_LIMIT:
        raise DomainError(_("This text has a placeholder that there is not, or is too long."))
    if (wanted.team is None) == (wanted.shared is Sharing.TEAM):
        raise DomainError(_("Choose with whom to share it."))
    if actor is None and wanted.shared is Sharing.NOBODY:
        raise DomainError(_("Choose with whom to share it."))
    if actor is not None and not may_share(actor, wanted.shared, wanted.team):
        raise NotAllowed(_("You share with teams that you lead. With all others, managers and admins do."))


def _refuse_too_many(wanted: Wanted, actor: User | None) -> None:
    """Counted while whoever asks is held: two windows keep no more than one."""
    if actor is not None:
        hold(actor)
    owner = actor if wanted.shared is Sharing.NOBODY else None
    if count_in_place(owner=owner, team=wanted.team) >= MOST:
        raise DomainError(_("There are %(most)s canned replies there already. Delete one first.", most=MOST))


def _place(wanted: Wanted, actor: User | None) -> tuple[int | None, int | None]:
    """Whose it is to be: somebody's own, a team's, or with neither everyone's."""
    owner = actor if wanted.shared is Sharing.NOBODY else None
    return owner.id if owner else None, wanted.team.id if wanted.team else None


def _keep(reply: CannedReply, wanted: Wanted, actor: User | None, *, version: int = 1) -> None:
    """Raises DomainError where its place has another of that name, also from another window just now."""
    try:
        with db.session.begin_nested():
            reply.name, reply.body = wanted.name, wanted.body
            reply.owner_id, reply.team_id = _place(wanted, actor)
            reply.project_id = wanted.project.id if wanted.project else None
            reply.changed_by_id = actor.id if actor else None
            reply.version, reply.updated_at = version, clock.now()
            db.session.add(reply)
        db.session.expire(reply, ["team", "project", "changed_by"])
    except IntegrityError:
        said = _("There is a canned reply “%(name)s” there already.", name=wanted.name)
        raise DomainError(said) from None


def _keep_version(reply: CannedReply) -> None:
    team, project = reply.team, reply.project
    content = {
        "name": reply.name,
        "body": reply.body,
        "team": {"id": team.id, "label": team.name} if team else None,
        "project": {"id": project.id, "label": project.name} if project else None,
    }
    about = {"changed_by_id": reply.changed_by_id, "created_at": reply.updated_at}
    db.session.add(CannedReplyVersion(reply_id=reply.id, version=reply.version, content=content, **about))
    db.session.flush()


def _facts(wanted: Wanted) -> dict[str, Any]:
    place = wanted.team or (wanted.shared if wanted.shared is Sharing.EVERYONE else None)
    return {"name": wanted.name, "shared_with": place, "project": wanted.project, "body": wanted.body}


def _kind(was_shared: bool, is_shared: bool) -> Kind:
    if was_shared and is_shared:
        return Kind.CANNED_EDITED
    return Kind.CANNED_SHARED if is_shared else Kind.CANNED_UNSHARED


def _record(
    kind: Kind,
    reply: CannedReply,
    actor: User | None,
    *,
    was: dict[str, Any],
    now: dict[str, Any],
    **told: Any,
) -> None:
    """What the audit log tells of it: nothing of what somebody has only for themselves."""
    if kind is Kind.CANNED_UNSHARED:
        now = {}
    name = (now or was)["name"]
    fields = [field for field in (was | now) if was.get(field) != now.get(field)]
    changes = {field: change(_cut(was.get(field)), _cut(now.get(field))) for field in fields}
    record(kind, actor=actor, canned_id=reply.id, canned=name, changes=changes, **told)


def _cut(value: Any) -> Any:
    return value[:TOLD] if isinstance(value, str) else value
