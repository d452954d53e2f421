"""Canned replies in a configuration: those that are shared. What people keep for themselves is theirs."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.canned import actions
from portal.canned.actions import MOST, Wanted
from portal.canned.models import BODY_LIMIT, CannedReply
from portal.canned.placeholders import problems as problems_of
from portal.canned.queries import count_in_place
from portal.configuration.entries import CannedEntry, ConfigurationEntry
from portal.configuration.reading import Place
from portal.extensions import db
from portal.organizations.models import Team
from portal.projects.models import Project

NAME = "canned_replies"


def written() -> list[dict[str, Any]]:
    """Everyone's first, then team by team, each by name."""
    shared = select(CannedReply).where(CannedReply.owner_id.is_(None)).outerjoin(CannedReply.team)
    order = (Team.name.nulls_first(), CannedReply.sort_name, CannedReply.name)
    return [_written(reply) for reply in db.session.scalars(shared.order_by(*order))]


def _written(reply: CannedReply) -> dict[str, Any]:
    told: dict[str, Any] = {"name": reply.name, "shared": reply.shared.value}
    if reply.team:
        told["team"] = reply.team.name
    if reply.project:
        told["project"] = reply.project.key
    return told | {"body": reply.body}


def problems(entry: CannedEntry, _whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    """Teams and projects that are not there, and texts that cannot be filled in."""
    team = _team(entry)
    if entry.team is not None and team is None:
        yield ("team",), _("There is no team called %(name)s.", name=entry.team)
    if entry.project is not None and _project(entry) is None:
        yield ("project",), _("There is no project with the key %(key)s.", key=entry.project)
    if next(problems_of(entry.body), None) is not None:
        yield ("body",), _("It has a placeholder that there is not.")
    if len(entry.body) > BODY_LIMIT:
        yield ("body",), _("It is longer than %(max)d characters.", max=BODY_LIMIT)
    if (
        (entry.team is None or team)
        and _there(entry) is None
        and count_in_place(owner=None, team=team) >= MOST
    ):
        yield (), _("There are %(max)d in this place already.", max=MOST)


def changes(entry: CannedEntry) -> list[str] | None:
    """What it would change, in words; None where it is new."""
    reply = _there(entry)
    if reply is None:
        return None
    now = _written(reply)
    said = [_("Its text is another one.")] if now["body"] != entry.body else []
    return said + ([_("It is for another project.")] if now.get("project") != entry.project else [])


def put(entry: CannedEntry, *, actor: User) -> None:
    """Keep it as it is written down."""
    wanted = Wanted(entry.name, entry.body, entry.shared, _team(entry), _project(entry))
    reply = _there(entry)
    if reply is None:
        actions.create(wanted, actor=actor)
    else:
        actions.edit(reply, wanted, actor=actor)


def _there(entry: CannedEntry) -> CannedReply | None:
    """The one of that name in its place."""
    team = _team(entry)
    place = CannedReply.team_id == team.id if team else CannedReply.team_id.is_(None)
    called = func.lower(CannedReply.name) == func.lower(entry.name)
    return db.session.scalar(select(CannedReply).where(CannedReply.owner_id.is_(None), place, called))


def _team(entry: CannedEntry) -> Team | None:
    return db.session.scalar(select(Team).where(Team.name == entry.team)) if entry.team is not None else None


def _project(entry: CannedEntry) -> Project | None:
    found = select(Project).where(Project.key == entry.project)
    return db.session.scalar(found) if entry.project is not None else None
