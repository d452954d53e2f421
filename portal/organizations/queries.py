import re
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User, digest, sort_key
from portal.accounts.queries import people
from portal.accounts.reader import Anybody
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.organizations.models import (
    LEADING,
    Department,
    Invitation,
    Membership,
    MembershipRole,
    Organization,
    Team,
    TeamMember,
)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TICKETS = table("tickets", column("organization_id", BigInteger), column("department_id", BigInteger))
_WHOLE = joinedload(Membership.organization), joinedload(Membership.department)

FEW = 8  # people who are suggested
SHORTEST = 2  # letters that are looked for
_ADDRESS = re.compile(r".*<([^<>]*)>\s*", re.DOTALL)


def team_ids_of(user: Anybody) -> Select[int]:
    """The teams this agent works in, as a select to be used inside another."""
    return select(TeamMember.team_id).where(TeamMember.user_id == user.id)


def memberships_of(user: User) -> list[Membership]:
    """What this person is where, by the name of the organization, with its department."""
    return list(db.session.scalars(_OF_USER, {"user_id": user.id}, execution_options=KEEPS_PLAN))


_OF_USER = (
    select(Membership)
    .join(Organization)
    .where(Membership.user_id == bindparam("user_id"))
    .options(*_WHOLE)
    .order_by(Organization.name, Organization.id)
)


def memberships_to_ask_in(user: User) -> list[Membership]:
    """For which organizations this person may ask for help: viewers only read."""
    return [each for each in memberships_of(user) if each.role is not MembershipRole.VIEWER]


def membership_or_404(organization_id: int, user_id: int, *, to_change: bool = False) -> Membership:
    """What that person is to that organization; locked after it when it is to be changed."""
    found = select(Membership).where(
        Membership.organization_id == organization_id, Membership.user_id == user_id
    )
    if to_change:  # what is joined beside the lock would be that of the row before it was waited for
        held = found.with_for_update().execution_options(populate_existing=True)
        return db.one_or_404(held)
    return db.one_or_404(found.options(*_WHOLE, joinedload(Membership.user)))


def led_by_or_404(organization_id: int, user: User) -> Membership:
    """Their own membership, if they look after the organization; else it does not exist for them."""
    led = select(Membership).where(
        Membership.organization_id == organization_id,
        Membership.user_id == user.id,
        Membership.role.in_(LEADING),
    )
    return db.one_or_404(led.options(*_WHOLE, joinedload(Membership.user)))


def organization_or_404(organization_id: int, *, to_change: bool = False) -> Organization:
    found = select(Organization).where(Organization.id == organization_id)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.one_or_404(found)


def department_or_404(department_id: int, *, to_change: bool = False) -> Department:
    found = select(Department).where(Department.id == department_id)
    if to_change:
        found = found.with_for_update(of=Department).execution_options(populate_existing=True)
    return db.one_or_404(found.options(joinedload(Department.organization)))


def departments_of(organization: Organization) -> list[Department]:
    own = select(Department).where(Department.organization_id == organization.id)
    return list(db.session.scalars(own.order_by(Department.name, Department.id)))


def organizations_called(search: str = "") -> Select:
    """The organizations whose name holds these words, as a select for a list."""
    listed = select(Organization.id, Organization.name, Organization.shares)
    for word in search.split()[:5]:
        listed = listed.where(Organization.name.icontains(word, autoescape=True))
    return listed


def member_counts(organization_ids: Iterable[int]) -> dict[int, int]:
    """How many people belong to each of these organizations: one statement for a page of them."""
    counted = (
        select(Membership.organization_id, func.count())
        .where(Membership.organization_id.in_(list(organization_ids)))
        .group_by(Membership.organization_id)
    )
    return dict(db.session.execute(counted).all())


def members_called(organization: Organization, search: str = "") -> Select:
    """Who belongs to the organization, as a select for a list; with words, those who are called so."""
    listed = (
        select(
            User.id,
            User.name,
            User.sort_name,
            User.email,
            User.is_active,
            User.email_verified_at,
            User.picture_digest,
            Membership.role,
            Department.name.label("department"),
        )
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(Membership.organization_id == organization.id)
    )
    for word in search.split()[:5]:
        in_name = User.sort_name.contains(sort_key(word), autoescape=True)
        listed = listed.where(or_(in_name, User.email.contains(word.lower(), autoescape=True)))
    return listed


def has_members(organization: Organization) -> bool:
    return bool(db.session.scalar(select(exists().where(Membership.organization_id == organization.id))))


def has_tickets(organization: Organization) -> bool:
    asked = select(exists().where(_TICKETS.c.organization_id == organization.id))
    return bool(db.session.scalar(asked))


def department_has(department: Department) -> Row:
    """Whether there are `people` in it, or invited to it, and `tickets` from it."""
    members = exists().where(Membership.department_id == department.id)
    invited = exists().where(Invitation.department_id == department.id)
    tickets = exists().where(_TICKETS.c.department_id == department.id)
    return db.session.execute(select((members | invited).label("people"), tickets.label("tickets"))).one()


def is_organization_name_taken(name: str, *, besides: int | None = None) -> bool:
    same = select(Organization.id).where(Organization.name == name, Organization.id.is_distinct_from(besides))
    return db.session.scalar(same) is not None


def is_department_name_taken(name: str, *, organization_id: int, besides: int | None = None) -> bool:
    same = select(Department.id).where(
        Department.name == name,
        Department.organization_id == organization_id,
        Department.id.is_distinct_from(besides),
    )
    return db.session.scalar(same) is not None


def is_member(email: str, organization: Organization) -> bool:
    """Whether somebody with that address belongs to it."""
    found = select(Membership.user_id).join(Membership.user)
    found = found.where(Membership.organization_id == organization.id, User.email == email)
    return db.session.scalar(found) is not None


def invitations_of(organization: Organization) -> list[Invitation]:
    """Those that nobody has accepted yet, the latest first."""
    waiting = select(Invitation).where(Invitation.organization_id == organization.id)
    waiting = waiting.options(joinedload(Invitation.invited_by), joinedload(Invitation.department))
    return list(db.session.scalars(waiting.order_by(Invitation.created_at.desc(), Invitation.id.desc())))


def invitation_or_404(invitation_id: int, organization: Organization) -> Invitation:
    """One of this organization's, locked."""
    own = select(Invitation).where(
        Invitation.id == invitation_id, Invitation.organization_id == organization.id
    )
    held = own.with_for_update(of=Invitation).execution_options(populate_existing=True)
    return db.one_or_404(held)


def open_invitation(token: str) -> Invitation | None:
    """The invitation with this link, if it is still good: not too old, and from somebody who may
    still give its role."""
    if not _TOKEN.fullmatch(token):
        return None
    behind = select(Membership.role).where(
        Membership.organization_id == Invitation.organization_id,
        Membership.user_id == Invitation.invited_by_id,
        Membership.role.in_(LEADING),
        (Membership.role == MembershipRole.OWNER) | (Invitation.role != MembershipRole.OWNER),
    )
    good = (
        select(Invitation)
        .join(User, User.id == Invitation.invited_by_id)
        .where(
            Invitation.token_digest == digest(token),
            Invitation.expires_at > clock.now(),
            User.is_active.is_(True),
            behind.correlate(Invitation).exists(),
        )
        .options(joinedload(Invitation.organization), joinedload(Invitation.department))
    )
    return db.session.scalar(good.execution_options(populate_existing=True))


def teams_led_by(user: Anybody) -> Select[int]:
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


def people_like(typed: str, *, by: User, which: ColumnElement[bool] | None = None) -> list[Row]:
    """A few people whose name or address holds these words, by name; those of whom `which` is true.

    Nobody before there are two letters to look for.
    """
    if len(typed) < SHORTEST:
        return []
    like = people(search=typed, state="").where(findable_by(by), true() if which is None else which)
    return list(db.session.execute(like.order_by(User.sort_name, User.id).limit(FEW)))


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
