"""Who may take a step."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import TeamMember


class Guarded(Protocol):
    """A step as a row, or as it is remembered for a menu."""

    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def team_ids(self) -> Sequence[int]: ...
    @property
    def by_requester(self) -> bool: ...


def may_take(step: Guarded, person: User, *, asked: bool) -> bool:
    """Whether this person may: in one of its roles or teams, or because they `asked` for the ticket.

    That they work on the ticket at all is not said by this. Asks the database only where a team decides.
    """
    if person.role in step.roles or (asked and step.by_requester):
        return True
    return bool(step.team_ids) and _is_in(person, step.team_ids)


def _is_in(person: User, team_ids: Iterable[int]) -> bool:
    found = select(TeamMember.team_id).where(
        TeamMember.user_id == person.id, TeamMember.team_id.in_(team_ids)
    )
    return db.session.scalar(found.limit(1)) is not None
