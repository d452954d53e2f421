"""The people of the demo world, their organizations, teams, projects and topics. Nothing here commits.

What is there is left alone, whatever it has become; what is missing is made.
"""

from datetime import date, timedelta

from sqlalchemy import func, select

from portal import clock
from portal.accounts.actions import set_absence
from portal.accounts.models import User, about
from portal.accounts.passwords import hash_password
from portal.accounts.queries import user_by_email
from portal.canned.actions import Wanted
from portal.canned.actions import create as create_canned
from portal.canned.models import CannedReply
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.actions import create_team
from portal.organizations.houses import create_department, create_organization
from portal.organizations.models import Membership, Organization, Shares, Team, TeamMember
from portal.organizations.queries import departments_of
from portal.organizations.sharing import Sharing
from portal.projects.actions import create_category, create_project
from portal.projects.members import add_member
from portal.projects.models import Project, TicketCategory
from portal.seeding import world
from portal.seeding.world import DemoProject, Person

FOUNDED = timedelta(days=45)  # before now


def house_there() -> dict[str, User]:
    """Everything but the tickets; the people by their login."""
    today = clock.now().date()
    with clock.travelling_to(clock.now() - FOUNDED):
        organizations = {name: _organization(name, shares) for name, shares in world.ORGANIZATIONS.items()}
        teams = {name: _team(name) for name in world.TEAMS}
        password_hash = hash_password(world.PASSWORD)
        people = {who.login: _person(who, organizations, teams, password_hash) for who in world.PEOPLE}
        for described in world.PROJECTS:
            _project(described, teams, people)
        for topic in world.ANYWHERE:
            _topic(topic, None, None, actor=people["admin"])
        for name, body in world.CANNED.items():
            _canned(name, body)
        _send_away(people["ines"], today, deputy=people["hana"])
    return people


def _canned(name: str, body: str) -> None:
    """Shared with everyone; one of that name that everyone has is left alone."""
    same = select(CannedReply.id).where(
        func.lower(CannedReply.name) == name.lower(),
        CannedReply.owner_id.is_(None),
        CannedReply.team_id.is_(None),
    )
    if db.session.scalar(same) is None:
        create_canned(Wanted(name, body, Sharing.EVERYONE), actor=None)


def _send_away(person: User, today: date, *, deputy: User) -> None:
    """Somebody is always away; who has said something else is left alone."""
    if person.absent_from is None:
        set_absence(person, today - timedelta(days=2), today + timedelta(days=12), deputy=deputy)


def _organization(name: str, shares: Shares) -> Organization:
    """One that is there keeps what it shares and the departments it has."""
    if found := db.session.scalar(select(Organization).where(Organization.name == name)):
        return found
    made = create_organization(name, shares=shares)
    for department in world.DEPARTMENTS[name]:
        create_department(made, department, actor=None)
    return made


def _team(name: str) -> Team:
    return db.session.scalar(select(Team).where(Team.name == name)) or create_team(name, actor=None)


def _person(
    who: Person, organizations: dict[str, Organization], teams: dict[str, Team], password_hash: str
) -> User:
    """Somebody who needs no invitation: their password is known and their address is proven."""
    if found := user_by_email(who.email):
        return found
    user = User(
        email=who.email,
        name=who.name,
        role=who.role,
        password_hash=password_hash,
        email_verified_at=clock.now(),
        locale=who.locale,
        timezone=who.timezone,
        phone=who.phone,
        is_limited=who.is_limited,
    )
    db.session.add(user)
    db.session.flush()
    home = organizations[who.organization]
    department = next((each for each in departments_of(home) if each.name == who.department), None)
    db.session.add(Membership(user_id=user.id, organization=home, role=who.membership, department=department))
    db.session.add_all(
        TeamMember(user_id=user.id, team_id=teams[name].id, is_lead=name in who.leads) for name in who.teams
    )
    role = {"id": who.role, "label": who.role}
    record(Kind.ACCOUNT_CREATED, actor=None, **about(user), values={"role": role})
    return user


def _project(described: DemoProject, teams: dict[str, Team], people: dict[str, User]) -> None:
    found = db.session.scalar(select(Project).where(Project.key == described.key))
    project = found or _new_project(described, teams, people)
    for topic, team in described.topics.items():
        _topic(topic, project, teams[team], actor=people["admin"])


def _new_project(described: DemoProject, teams: dict[str, Team], people: dict[str, User]) -> Project:
    project = create_project(
        key=described.key,
        name=described.name,
        description=described.description,
        default_team=teams[described.team],
        lead=people[described.lead],
        members_only=described.members_only,
        actor=people["admin"],
    )
    for login in described.members:
        add_member(project, people[login], actor=people["admin"])
    return project


def _topic(name: str, project: Project | None, team: Team | None, *, actor: User) -> None:
    same = select(TicketCategory.id).where(
        func.lower(TicketCategory.stored_name) == name.lower(),
        TicketCategory.project_id.is_not_distinct_from(project.id if project else None),
    )
    if db.session.scalar(same) is None:
        create_category(name, actor=actor, project=project, team=team)
