"""What stands before the first ticket: people, teams, projects; and what has to follow the last."""

from random import Random

import psycopg
from sqlalchemy import func, insert, select

from bench.lives import House, Lives
from portal import clock
from portal.accounts.models import User, sort_key
from portal.events.following import following
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.models import Status
from portal.organizations.actions import create_team
from portal.organizations.houses import create_organization
from portal.organizations.models import Membership, TeamMember
from portal.permissions import Role
from portal.projects.actions import create_category, create_project
from portal.projects.members import add_member
from portal.projects.models import Project

PEOPLE = 5_000
TEAMS = 20
PROJECTS = ("IT", "HR", "FAC", "FIN", "LEG", "SEC", "OPS", "MKT")
CATEGORIES = 8  # of each project
EVERYWHERE = "everywhere@example.org"  # an agent in all teams
LIMITED = "limited@example.org", "FIN"  # another one, who works only in that project
MUCH, LITTLE = "much@example.org", "little@example.org"  # employees; `lives` says how much they ask
FIRST = """Ann Ben Chen Dora Emre Fatma Goran Hana Ines Jonas Käthe Lars Mehmet Nina Oskar Petra Quang Rosa
Søren Tilda Uwe Vera Wei Xenia Yara Zoë""".split()  # noqa: SIM905
LAST = """Sørensen Okafor Wei Berg Yıldız Nowak Petrović Novák Costa Müller Großmann Holm Demir Lind Brandt
Lindqvist Nguyen Rossi Jensen Ekström Weiß Ivanova Zhang Popa Haddad Silva""".split()  # noqa: SIM905


def build(scale: float) -> House:
    """Make it, commit it, and say what came of it."""
    home = create_organization("Nordwerk")
    teams = [create_team(f"Team {number:02}", actor=None) for number in range(1, TEAMS + 1)]
    people = _people(max(int(PEOPLE * scale), 120))
    ids = {role: [user.id for user in people if user.role == role] for role in Role}
    agents = _members(ids[Role.AGENT], [team.id for team in teams])
    db.session.execute(
        insert(Membership),
        [{"user_id": user.id, "organization_id": home.id, "role": "member"} for user in people],
    )
    projects = [
        create_project(key=key, name=f"Project {key}", actor=None, default_team=teams[0]) for key in PROJECTS
    ]
    categories = {
        project.id: [
            create_category(
                f"{project.key} topic {n}",
                project=project,
                actor=None,
                team=teams[(n * 3 + project.id) % TEAMS],
            )
            for n in range(CATEGORIES)
        ]
        for project in projects
    }
    _reach_everywhere([team.id for team in teams], {project.key: project for project in projects})
    lifecycle = projects[0].lifecycle_id
    statuses = db.session.scalars(select(Status).where(Status.lifecycle_id == lifecycle))
    made = House(
        employees=ids[Role.EMPLOYEE][:-2],
        asks_much=ids[Role.EMPLOYEE][-2],
        asks_little=ids[Role.EMPLOYEE][-1],
        agents=agents,
        projects=[(project.id, project.key) for project in projects],
        categories={key: [(c.id, c.team_id) for c in those] for key, those in categories.items()},
        statuses={status.name: (status.id, status.stored_label) for status in statuses},
        organization=home.id,
        names={
            **{("person", user.id): user.name for user in people},
            **{("team", team.id): team.name for team in teams},
            **{("category", c.id): c.stored_name for those in categories.values() for c in those},
            ("organization", home.id): home.name,
        },
        reactions=list(following.afterwards),
        last_event=db.session.scalar(select(func.max(Event.id))),
    )
    db.session.commit()
    return made


def _people(how_many: int) -> list[User]:
    """One in twenty-five works on tickets; the first three are an admin and two managers, the last two
    those who ask much and little."""
    rng, now = Random(3), clock.now()
    agents = max(how_many // 25, 2 * TEAMS)
    roles = [Role.ADMIN, Role.MANAGER, Role.MANAGER] + [Role.AGENT] * agents
    roles += [Role.EMPLOYEE] * (how_many - len(roles))
    names = [f"{rng.choice(FIRST)} {rng.choice(LAST)}" for _ in roles]
    addresses = [f"p{n}@example.org" for n in range(1, len(roles) - 1)] + [MUCH, LITTLE]
    rows = [
        {"email": email, "name": name, "sort_name": sort_key(name), "role": role,
         "email_verified_at": now, "created_at": now, "is_active": True}
        for email, name, role in zip(addresses, names, roles, strict=True)
    ]  # fmt: skip
    return list(db.session.scalars(insert(User).returning(User, sort_by_parameter_order=True), rows))


def _members(agents: list[int], teams: list[int]) -> dict[int, list[int]]:
    """Every agent works in one team, every third in a second one."""
    members: dict[int, list[int]] = {team: [] for team in teams}
    for place, agent in enumerate(agents):
        members[teams[place % len(teams)]].append(agent)
        if place % 3 == 0:
            members[teams[(place + 7) % len(teams)]].append(agent)
    rows = [
        {"user_id": agent, "team_id": team, "is_lead": False}
        for team, own in members.items()
        for agent in own
    ]
    db.session.execute(insert(TeamMember), rows)
    return members


def _reach_everywhere(team_ids: list[int], projects: dict[str, Project]) -> None:
    """Two agents in every team, who are assigned nothing; one of them is limited to a project."""
    email, project_key = LIMITED
    everywhere, limited = (
        User(email=address, name=address.partition("@")[0], role=Role.AGENT, email_verified_at=clock.now())
        for address in (EVERYWHERE, email)
    )
    limited.is_limited = True
    db.session.add_all([everywhere, limited])
    db.session.flush()
    rows = [
        {"user_id": user.id, "team_id": team_id, "is_lead": False}
        for user in (everywhere, limited)
        for team_id in team_ids
    ]
    db.session.execute(insert(TeamMember), rows)
    add_member(projects[project_key], limited, actor=None)


def catch_up(connection: psycopg.Connection, lives: Lives) -> None:
    """Let counters and sequences go on after what was written with numbers of its own."""
    for project_id, number in lives.numbers.items():
        connection.execute(
            "UPDATE project_counters SET last_number = %s WHERE project_id = %s", [number, project_id]
        )
    for table in ("tickets", "comments", "events"):
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
