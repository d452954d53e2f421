"""People from a CSV file: first what would happen, row by row, then the same for real. Nothing here commits.

A person is known by their address. A cell that is empty changes nothing; organizations
and teams are added to those somebody has. So the same file twice changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts import people
from portal.accounts.addresses import is_address, tidy_address
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.importing.columns import plain
from portal.importing.reading import BrokenRow, Row, Sheet, Unreadable
from portal.organizations.actions import set_teams
from portal.organizations.memberships import add_member
from portal.organizations.models import Membership, Organization, Team
from portal.organizations.queries import (
    all_organizations,
    all_teams,
    organization_names_by_person,
    team_names_by_person,
    teams_of,
)
from portal.permissions import STAFF, Role
from portal.tickets.handover import hand_over, leave_projects
from portal.web.forms import tidy

MOST = 500  # rows of one file: each new person is written a mail
LONGEST_NAME = 120
KNOWN = {
    "email": ("email", "e_mail", "mail", "e_mail_address", "mail_address", "address", "adresse"),
    "name": ("name", "full_name", "display_name", "person", "anzeigename"),
    "role": ("role", "rolle"),
    "organization": ("organization", "organisation", "company", "firma"),
    "teams": ("teams", "team", "groups", "group", "gruppen", "gruppe"),
}
ROLES = {"mitarbeiter": Role.EMPLOYEE, "user": Role.EMPLOYEE, "bearbeiter": Role.AGENT,
         "leitung": Role.MANAGER, "administrator": Role.ADMIN}  # fmt: skip


class Deed(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass
class Planned:
    """A row: who it is about, what it does, and in words what changes or what is wrong with it."""

    line: int
    email: str = ""
    name: str = ""
    role: Role | None = None
    organization: Organization | None = None
    teams: list[Team] = field(default_factory=list)
    person: User | None = None
    deed: Deed = Deed.KEEP
    says: list[str] = field(default_factory=list)

    def refuse(self, why: str) -> "Planned":
        self.deed, self.says = Deed.REFUSE, [why]
        return self


@dataclass
class _World:
    """What there is already, read once for all rows."""

    organizations: dict[str, Organization]
    teams: dict[str, Team]
    people: dict[str, User]
    team_names: dict[int, list[str]]
    organization_names: dict[int, list[str]]


def plan(sheet: Sheet, *, actor: User) -> list[Planned]:
    """What each row would do. Raises Unreadable where no column holds addresses, or for too many rows."""
    columns = _columns(sheet)
    rows = list(_limited(sheet.rows()))
    world = _world(tidy_address(row.cells[columns["email"]]) for row in rows if isinstance(row, Row))
    seen: dict[str, int] = {}
    return [_planned(row, columns, world, seen, actor) for row in rows]


def carry_out(planned: Iterable[Planned], *, actor: User) -> dict[Deed, int]:
    """Do what is planned, and count it; a row that the desk refuses after all changes nothing."""
    done = dict.fromkeys(Deed, 0)
    for row in planned:
        try:
            with db.session.begin_nested():
                _carry_out(row, actor=actor)
        except DomainError as error:
            row.refuse(str(error))
        done[row.deed] += 1
    return done


def _columns(sheet: Sheet) -> dict[str, str]:
    by_plain = {plain(name): name for name in sheet.header}
    found = {
        thing: next((by_plain[known] for known in names if known in by_plain), "")
        for thing, names in KNOWN.items()
    }
    if not found["email"]:
        raise Unreadable(
            _("No column holds mail addresses. Name one “email” in the first line, as in the example.")
        )
    return found


def _limited(rows: Iterator[Row | BrokenRow]) -> Iterator[Row | BrokenRow]:
    for number, row in enumerate(rows):
        if number == MOST:
            raise Unreadable(
                _(
                    "The file has more than %(most)s rows. Import it in parts.",
                    most=MOST,
                )
            )
        yield row


def _world(addresses: Iterable[str]) -> _World:
    known = db.session.scalars(select(User).where(User.email.in_(set(addresses))))
    people_there = {person.email: person for person in known}
    ids = [person.id for person in people_there.values()]
    return _World(
        {each.name.casefold(): each for each in all_organizations()},
        {each.name.casefold(): each for each in all_teams()},
        people_there,
        team_names_by_person(ids),
        organization_names_by_person(ids),
    )


def _planned(
    row: Row | BrokenRow, columns: dict[str, str], world: _World, seen: dict[str, int], actor: User
) -> Planned:
    if isinstance(row, BrokenRow):
        return Planned(row.line).refuse(row.why)

    said = {thing: (tidy(row.cells[name]) or "" if name else "") for thing, name in columns.items()}
    found = Planned(row.line, tidy_address(said["email"]), said["name"])
    found.person = world.people.get(found.email)
    first = seen.setdefault(found.email, row.line)
    if first != row.line:
        return found.refuse(_("The address stands in line %(line)s already.", line=first))
    try:
        _read(found, said, world)
        _compare(found, world, actor)
    except DomainError as error:
        return found.refuse(str(error))
    return found


def _read(found: Planned, said: dict[str, str], world: _World) -> None:
    """Raises DomainError for a cell that means nothing here."""
    if not is_address(found.email):
        raise DomainError(_("“%(typed)s” is no mail address.", typed=said["email"][:80]))
    if len(found.name) > LONGEST_NAME:
        raise DomainError(_("The name is longer than %(max)s characters.", max=LONGEST_NAME))
    found.role = _role(said["role"])
    found.organization = _organization(said["organization"], world)
    names = [tidy(name) or "" for name in said["teams"].replace(";", ",").split(",")]
    found.teams = [_team(name, world) for name in names if name]


def _role(typed: str) -> Role | None:
    if not typed:
        return None
    word = typed.casefold()
    by_label = {role.label.casefold(): role for role in Role}
    role = by_label.get(word) or ROLES.get(word) or (Role(word) if word in set(Role) else None)
    if role is None:
        labels = ", ".join(role.value for role in Role)
        raise DomainError(
            _("There is no role “%(typed)s”. There are: %(roles)s.", typed=typed[:40], roles=labels)
        )
    return role


def _organization(name: str, world: _World) -> Organization | None:
    if not name:
        return None
    if found := world.organizations.get(name.casefold()):
        return found
    raise DomainError(_("There is no organization “%(name)s”.", name=name[:80]))


def _team(name: str, world: _World) -> Team:
    if found := world.teams.get(name.casefold()):
        return found
    raise DomainError(_("There is no team “%(name)s”.", name=name[:80]))


def _compare(found: Planned, world: _World, actor: User) -> None:
    """Say what would change. Raises DomainError for what cannot be."""
    person = found.person
    role = found.role or (person.role if person else Role.EMPLOYEE)
    if found.teams and role not in STAFF:
        raise DomainError(_("Only agents, managers and admins work in teams."))
    if person is None:
        _new(found, role)
        return
    if not person.is_active:
        raise DomainError(_("This account is deactivated. Activate it first."))
    if role != person.role and person.id == actor.id:
        raise DomainError(_("You cannot change your own role. Ask another admin."))
    found.says = list(_changes(found, person, world))
    found.deed = Deed.CHANGE if found.says else Deed.KEEP
    found.name = found.name or person.name


def _new(found: Planned, role: Role) -> None:
    if not found.name:
        raise DomainError(_("There is no account with this address yet, and the row has no name for one."))
    found.deed, found.role = Deed.CREATE, role
    found.says = [role.label, *([found.organization.name] if found.organization else [])]
    found.says += [team.name for team in found.teams]


def _changes(found: Planned, person: User, world: _World) -> Iterator[str]:
    if found.name and found.name != person.name:
        yield _("Name: %(old)s → %(new)s", old=person.name, new=found.name)
    if found.role and found.role != person.role:
        yield _("Role: %(old)s → %(new)s", old=person.role.label, new=found.role.label)
    if found.organization and found.organization.name not in world.organization_names[person.id]:
        yield _("joins %(name)s", name=found.organization.name)
    for team in found.teams:
        if team.name not in world.team_names[person.id]:
            yield _("joins %(name)s", name=team.name)


def _carry_out(row: Planned, *, actor: User) -> None:
    if row.deed is Deed.CREATE:
        role = row.role or Role.EMPLOYEE
        row.person = people.create_person(name=row.name, email=row.email, role=role, actor=actor)
    if row.person is None or row.deed not in {Deed.CREATE, Deed.CHANGE}:
        return
    if row.role and row.role != row.person.role:
        people.change_role(row.person, row.role, actor=actor)
        hand_over(row.person, actor=actor)
        leave_projects(row.person, actor=actor)
    people.rename(row.person, row.name, actor=actor)
    house = row.organization
    if house and not db.session.get(Membership, (row.person.id, house.id)):
        add_member(house, row.person, actor=actor)
    if row.teams:
        set_teams(row.person, [*teams_of(row.person), *row.teams], actor=actor)
