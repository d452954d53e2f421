"""The people of the demo world, their organizations, teams, projects and topics. Nothing here commits.

Each `…_there` makes what is missing and leaves alone what is there.
"""

from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.accounts.passwords import hash_password
from portal.accounts.queries import user_by_email
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.actions import make_default_lifecycle
from portal.lifecycles.models import Lifecycle
from portal.organizations.models import Membership, Organization, Team, TeamMember
from portal.projects.models import Project, ProjectCounter, TicketCategory
from portal.seeding.world import (
    ANYWHERE,
    ORGANIZATIONS,
    PASSWORD,
    PEOPLE,
    PROJECTS,
    TEAMS,
    DemoProject,
    Person,
)

FOUNDED = timedelta(days=45)  # before now


def house_there() -> dict[str, User]:
    """Everything but the tickets; the people by their login."""
    with clock.travelling_to(clock.now() - FOUNDED):
        organizations = {name: _named(Organization, name) for name in ORGANIZATIONS}
        teams = {name: _named(Team, name) for name in TEAMS}
        password_hash = hash_password(PASSWORD)
        people = {who.login: _person(who, organizations, teams, password_hash) for who in PEOPLE}
        _projects(teams, actor=people["admin"])
    return people


def _person(
    who: Person, organizations: dict[str, Organization], teams: dict[str, Team], password_hash: str
) -> User:
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
    )
    _add(user)
    _add(Membership(user_id=user.id, organization_id=organizations[who.organization].id, role=who.membership))
    for name in who.teams:
        _add(TeamMember(user_id=user.id, team_id=teams[name].id, is_lead=name in who.leads))
    record(Kind.ACCOUNT_CREATED, actor=None, user_id=user.id, user=user.name)
    return user


def _projects(teams: dict[str, Team], *, actor: User) -> None:
    first = select(Lifecycle).order_by(Lifecycle.id).limit(1)
    lifecycle = db.session.scalar(first) or make_default_lifecycle()
    for place, name in enumerate(ANYWHERE):
        _topic(name, None, None, 100 + place, actor=actor)
    for described in PROJECTS:
        project = _project(described, lifecycle, teams, actor=actor)
        for place, (topic, team) in enumerate(described.topics.items()):
            _topic(topic, project, teams[team], place, actor=actor)


def _project(described: DemoProject, lifecycle: Lifecycle, teams: dict[str, Team], *, actor: User) -> Project:
    if found := db.session.scalar(select(Project).where(Project.key == described.key)):
        return found
    project = Project(
        key=described.key,
        name=described.name,
        description=described.description,
        lifecycle_id=lifecycle.id,
        default_team_id=teams[described.team].id,
    )
    _add(project)
    _add(ProjectCounter(project_id=project.id))
    record(Kind.PROJECT_CREATED, actor=actor, project_id=project.id, project=project.key)
    return project


def _topic(name: str, project: Project | None, team: Team | None, place: int, *, actor: User) -> None:
    project_id = project.id if project else None
    same = select(TicketCategory.id).where(
        func.lower(TicketCategory.stored_name) == name.lower(),
        TicketCategory.project_id.is_not_distinct_from(project_id),
    )
    if db.session.scalar(same):
        return
    topic = TicketCategory(
        stored_name=name, project_id=project_id, team_id=team.id if team else None, position=place
    )
    _add(topic)
    record(Kind.CATEGORY_CREATED, actor=actor, category_id=topic.id, category=name)


def _named(model: type[Organization] | type[Team], name: str) -> Organization | Team:
    found = db.session.scalar(select(model).where(model.name == name))
    return found or _add(model(name=name))


def _add(thing: db.Model) -> db.Model:
    db.session.add(thing)
    db.session.flush()
    return thing
