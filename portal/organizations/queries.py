from sqlalchemy import Select, select

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import Membership, Organization, Team, TeamMember


def team_ids_of(user: User) -> Select[tuple[int]]:
    """The teams this agent works in, as a select to be used inside another."""
    return select(TeamMember.team_id).where(TeamMember.user_id == user.id)


def organizations_of(user: User) -> list[Organization]:
    """Where this person belongs, by name."""
    theirs = select(Organization).join(Membership).where(Membership.user_id == user.id)
    return list(db.session.scalars(theirs.order_by(Organization.name, Organization.id)))


def all_teams() -> list[Team]:
    return list(db.session.scalars(select(Team).order_by(Team.name, Team.id)))
