"""Whose turn it is in a team: of those who are there and work in the project. Nothing here commits."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.absence import is_there
from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import Team, TeamMember
from portal.permissions import STAFF
from portal.projects.policy import works_in
from portal.rules.models import Turn
from portal.tickets.lists import is_open
from portal.tickets.models import Ticket


def next_in_turn(team: Team, ticket: Ticket) -> User | None:
    """Whoever was given one the longest ago; that is noted. None where nobody is there.

    The team is held until the commit: two tickets at the same moment go to two people. Whoever comes back,
    or joins, is the next once, and does not make up for what they have missed.
    """
    return _take(team, ticket)


def least_loaded(team: Team, ticket: Ticket) -> User | None:
    """Whoever answers for the fewest open tickets; of several, the one whose turn it is."""
    theirs = Ticket.assignee_id == User.id
    load = select(func.count()).select_from(Ticket).where(theirs, is_open(), Ticket.hidden_as.is_(None))
    return _take(team, ticket, load.correlate(User).scalar_subquery())


def _take(team: Team, ticket: Ticket, *before: ColumnElement[Any]) -> User | None:
    db.session.execute(select(Team.id).where(Team.id == team.id).with_for_update(key_share=True))
    chosen = db.session.scalar(_there(team, ticket, *before))
    if chosen is not None:
        last = select(func.coalesce(func.max(Turn.number), 0) + 1).where(Turn.team_id == team.id)
        row = insert(Turn).values(team_id=team.id, user_id=chosen.id, number=last.scalar_subquery())
        taken = row.on_conflict_do_update(
            index_elements=[Turn.team_id, Turn.user_id], set_={"number": row.excluded.number}
        )
        db.session.execute(taken)
    return chosen


def _there(team: Team, ticket: Ticket, *before: ColumnElement[Any]) -> Select[User]:
    return (
        select(User)
        .join(TeamMember, TeamMember.user_id == User.id)
        .outerjoin(Turn, (Turn.user_id == User.id) & (Turn.team_id == TeamMember.team_id))
        .where(TeamMember.team_id == team.id, User.is_active.is_(True), User.role.in_(STAFF), is_there())
        .where(works_in(ticket.project))
        .order_by(*before, func.coalesce(Turn.number, 0), User.id)
        .limit(1)
    )
