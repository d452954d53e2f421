import re
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from portal.accounts.models import User, sort_key
from portal.accounts.queries import people
from portal.extensions import db
from portal.organizations.models import Membership, Organization, Team, TeamMember

FEW = 8  # people who are suggested
_ADDRESS = re.compile(r".*<([^<>]*)>\s*", re.DOTALL)


def team_ids_of(user: User) -> Select[int]:
    """The teams this agent works in, as a select to be used inside another."""
    return select(TeamMember.team_id).where(TeamMember.user_id == user.id)


def teams_led_by(user: User) -> Select[int]:
    """The teams this agent leads, as a select to be used inside another."""
    return team_ids_of(user).where(TeamMember.is_lead.is_(True))


def findable_by(user: User) -> ColumnElement[bool]:
    """Whom this person may look up: active people; who is not of the desk, those of their organizations."""
    if user.is_staff:
        return User.is_active.is_(True)
    theirs = select(Membership.organization_id).where(Membership.user_id == user.id)
    colleagues = select(Membership.user_id).where(Membership.organization_id.in_(theirs))
    return User.is_active.is_(True) & User.id.in_(colleagues)


def people_called(typed: str, *, by: User) -> list[User]:
    """Whom somebody means by a mail address, a whole name or both (`Ann <ann@example.org>`).

    An address is one person's; a name may be that of several. Nobody whom `by` may not look up.
    """
    address = _ADDRESS.sub(r"\1", typed).strip().lower()
    is_called = or_(User.email == address, User.sort_name == sort_key(" ".join(typed.split())))
    found = list(db.session.scalars(select(User).where(findable_by(by), is_called).limit(FEW)))
    return [user for user in found if user.email == address] or found


def people_like(typed: str, *, by: User) -> list[Row]:
    """A few people whose name or address holds these words, by name."""
    like = people(search=typed, state="").where(findable_by(by))
    return list(db.session.execute(like.order_by(User.sort_name, User.id).limit(FEW)))


def organizations_of(user: User) -> list[Organization]:
    """Where this person belongs, by name."""
    theirs = select(Organization).join(Membership).where(Membership.user_id == user.id)
    return list(db.session.scalars(theirs.order_by(Organization.name, Organization.id)))


def teams_of(user: User) -> list[Team]:
    """The teams this person works in, by name."""
    theirs = select(Team).where(Team.id.in_(team_ids_of(user)))
    return list(db.session.scalars(theirs.order_by(Team.name, Team.id)))


def all_teams() -> list[Team]:
    return list(db.session.scalars(select(Team).order_by(Team.name, Team.id)))


def all_organizations() -> list[Organization]:
    return list(db.session.scalars(select(Organization).order_by(Organization.name, Organization.id)))


def team_or_404(team_id: int, *, to_change: bool = False) -> Team:
    found = select(Team).where(Team.id == team_id)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.one_or_404(found)


def is_team_name_taken(name: str, *, besides: int | None = None) -> bool:
    same = select(Team.id).where(Team.name == name, Team.id.is_distinct_from(besides))
    return db.session.scalar(same) is not None


def members_of(team: Team) -> list[tuple[User, bool]]:
    """Who works in the team, by name, and whether they lead it."""
    rows = (
        select(User, TeamMember.is_lead)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == team.id)
        .order_by(User.sort_name, User.id)
    )
    return [(user, is_lead) for user, is_lead in db.session.execute(rows)]


def team_sizes() -> dict[int, int]:
    """How many active people work in each team, by its id."""
    sizes = (
        select(TeamMember.team_id, func.count())
        .join(User, User.id == TeamMember.user_id)
        .where(User.is_active.is_(True))
        .group_by(TeamMember.team_id)
    )
    return dict(db.session.execute(sizes).all())


def team_names_by_person(user_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of the teams that each of these people works in: one statement for a page of them."""
    rows = (
        select(TeamMember.user_id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.user_id.in_(list(user_ids)))
    )
    return _grouped(db.session.execute(rows.order_by(Team.name)))


def organization_names_by_person(user_ids: Iterable[int]) -> dict[int, list[str]]:
    """Where each of these people belongs, by name."""
    rows = (
        select(Membership.user_id, Organization.name)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id.in_(list(user_ids)))
    )
    return _grouped(db.session.execute(rows.order_by(Organization.name)))


def _grouped(rows: Iterable) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for user_id, name in rows:
        names[user_id].append(name)
    return names
