"""What an import has to know of the desk before it writes a batch."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import force_locale
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import db
from portal.importing.entries import Entry
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Membership, MembershipRole, Organization, Team
from portal.permissions import Role
from portal.projects.models import Project, TicketCategory
from portal.projects.policy import works_in
from portal.tickets.models import ExternalTicket
from portal.web.locale import LANGUAGES


@dataclass(frozen=True)
class Desk:
    """The rows that the entries of one batch refer to, by what the entries call them."""

    project: Project
    statuses: list[Status]
    people: dict[str, User]
    workers: set[int]  # those of them who work in the project
    organizations: dict[int, Organization]  # by person
    teams: dict[str, Team]
    categories: dict[str, TicketCategory]
    tags: dict[str, int]  # their ids

    def status(self, entry: Entry) -> Status | None:
        """The one of that very name, else the first that means the same."""
        said = entry.status.strip().lower()
        named = (s for s in self.statuses if said and said in {s.name, s.stored_label.lower()})
        meant = (s for s in self.statuses if s.category == entry.means)
        return next(named, None) or next(meant, None)

    @property
    def first_status(self) -> Status:
        return next(s for s in self.statuses if s.category == Category.NEW)


def desk_for(entries: Iterable[Entry], project_key: str, *, also: Iterable[str]) -> Desk:
    """All of it in a handful of statements. `also` are addresses besides those of the entries."""
    entries = list(entries)
    project = db.session.scalars(
        select(Project).where(Project.key == project_key).options(joinedload(Project.default_team))
    ).one()
    addresses = {address for e in entries for address in (e.requester, e.assignee)} | set(also)
    people = {user.email: user for user in db.session.scalars(select(User).where(User.email.in_(addresses)))}
    return Desk(
        project=project,
        statuses=_statuses(project),
        people=people,
        workers=_workers(project, people.values()),
        organizations=_organizations([user.id for user in people.values()]),
        teams={team.name.lower(): team for team in db.session.scalars(select(Team))},
        categories=_categories(project),
        tags={},
    )


def _workers(project: Project, people: Iterable[User]) -> set[int]:
    ids = [user.id for user in people if user.is_staff and user.is_active]
    return set(db.session.scalars(select(User.id).where(User.id.in_(ids), works_in(project))))


def known_ids(source: str, external_ids: Iterable[str]) -> set[str]:
    """Those of which there is a ticket already."""
    known = select(ExternalTicket.external_id).where(
        ExternalTicket.source == source, ExternalTicket.external_id.in_(list(external_ids))
    )
    return set(db.session.scalars(known))


def open_project_keys() -> list[str]:
    living = select(Project.key).where(Project.archived_at.is_(None))
    return list(db.session.scalars(living.order_by(Project.id)))


def first_admin() -> User | None:
    admins = select(User).where(User.role == Role.ADMIN, User.is_active.is_(True))
    return db.session.scalar(admins.order_by(User.id).limit(1))


def _statuses(project: Project) -> list[Status]:
    own = select(Status).where(Status.removed_at.is_(None), Status.lifecycle_id == project.lifecycle_id)
    return list(db.session.scalars(own.order_by(Status.position, Status.id)))


def _organizations(user_ids: list[int]) -> dict[int, Organization]:
    """The first by name of each person, as when they ask themselves."""
    theirs = (
        select(Membership.user_id, Organization)
        .join(Organization)
        .where(Membership.user_id.in_(user_ids), Membership.role != MembershipRole.VIEWER)
        .order_by(Organization.name.desc(), Organization.id.desc())
    )
    return dict(db.session.execute(theirs).all())


def _categories(project: Project) -> dict[str, TicketCategory]:
    """Those of every project, and before them the project's own, by name in small letters.

    The name may be that of any language; the one that was given to a category comes first.
    """
    offered = (
        select(func.lower(TicketCategory.stored_name), TicketCategory)
        .where(TicketCategory.project_id.is_(None) | (TicketCategory.project_id == project.id))
        .options(joinedload(TicketCategory.team))
        .order_by(TicketCategory.project_id.nulls_first())
    )
    by_name: dict[str, TicketCategory] = dict(db.session.execute(offered).all())
    return _by_shown_names(by_name.values()) | by_name


def _by_shown_names(categories: Iterable[TicketCategory]) -> dict[str, TicketCategory]:
    found: dict[str, TicketCategory] = {}
    for language in LANGUAGES:
        with force_locale(language):
            found |= {category.name.lower(): category for category in categories}
    return found
