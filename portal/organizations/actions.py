"""Teams, and who works in them. Nothing here commits."""

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import User, about
from portal.errors import DomainError
from portal.events.changes import change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import Team, TeamMember
from portal.organizations.queries import members_of, teams_of


def create_team(name: str, *, actor: User | None) -> Team:
    """Raises DomainError where a team has that name."""
    team = Team(name=name)
    try:
        with db.session.begin_nested():
            db.session.add(team)
    except IntegrityError:
        raise DomainError(_("There is already a team %(name)s.", name=name)) from None
    record(Kind.TEAM_CREATED, actor=actor, team_id=team.id, team=team.name)
    return team


def edit_team(team: Team, *, name: str, members: Iterable[User], leads: Iterable[User], actor: User) -> None:
    """Name the team, and say who works in it and who leads it; leads are members.

    Raises DomainError where another team has that name.
    """
    try:
        with db.session.begin_nested():
            changes = set_fields(team, name=name)
    except IntegrityError:
        raise DomainError(_("There is already a team %(name)s.", name=name)) from None
    leads = list(leads)
    changes |= _set_members(team, {user.id: user for user in [*members, *leads]}, {user.id for user in leads})
    if changes:
        record(Kind.TEAM_EDITED, actor=actor, team_id=team.id, team=team.name, changes=changes)


def set_teams(person: User, teams: Iterable[Team], *, actor: User | None) -> None:
    """Let the person work in these teams and no others; where they lead, they still do."""
    wanted = {team.id: team for team in teams}
    before = teams_of(person)
    if {team.id for team in before} == set(wanted):
        return
    gone = delete(TeamMember).where(TeamMember.user_id == person.id, TeamMember.team_id.not_in(wanted))
    db.session.execute(gone)
    kept = {team.id for team in before}
    db.session.add_all(
        TeamMember(user_id=person.id, team_id=team_id) for team_id in wanted if team_id not in kept
    )
    db.session.flush()
    _record_edit(person, "teams", before, wanted.values(), actor=actor)


def _set_members(team: Team, wanted: dict[int, User], leads: set[int]) -> dict[str, dict]:
    """Make it so, and say what changed: by name, for people to read."""
    before = members_of(team)
    was = {user.id: is_lead for user, is_lead in before}
    if was == {user_id: user_id in leads for user_id in wanted}:
        return {}
    db.session.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    db.session.add_all(
        TeamMember(team_id=team.id, user_id=user_id, is_lead=user_id in leads) for user_id in wanted
    )
    db.session.flush()
    changes = {
        "members": change(_names(user for user, _lead in before), _names(wanted.values())),
        "leads": change(
            _names(user for user, is_lead in before if is_lead),
            _names(user for user in wanted.values() if user.id in leads),
        ),
    }
    return {name: both for name, both in changes.items() if both["old"] != both["new"]}


def _record_edit(person: User, field: str, old: Iterable, new: Iterable, *, actor: User | None) -> None:
    changes = {field: change(_names(old), _names(new))}
    record(Kind.ACCOUNT_EDITED, actor=actor, **about(person), changes=changes)


def _names(things: Iterable) -> str | None:
    return ", ".join(sorted(thing.name for thing in things)) or None
