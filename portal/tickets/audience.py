"""Who sees a ticket, and why: what the policy says of each user, asked of one ticket."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.organizations.policy import sharers
from portal.permissions import Permission, roles_with
from portal.projects.policy import works_in
from portal.tickets.models import Part, Ticket, TicketPerson

SHOWN = 12  # people who are named for one reason; of more, only the number is told


@dataclass(frozen=True)
class Reason:
    """A reason to see it: a part in it, or `colleagues`, `team`, `desk`, `leads`, `managers`, `admins`."""

    name: str
    people: list[User]  # the first of them, by name
    number: int

    @property
    def more(self) -> int:
        return self.number - len(self.people)


def audience(ticket: Ticket) -> list[Reason]:
    """By what reasons people see this ticket, those that nobody has left out."""
    found = [_reason(name, whom) for name, whom in reasons(ticket).items()]
    return [reason for reason in found if reason.number]


def reasons(ticket: Ticket) -> dict[str, ColumnElement[bool]]:
    """Whom each reason lets see the ticket: `policy.visible_to`, seen from the ticket's side."""
    of_people: dict[str, ColumnElement[bool]] = {part.value: _has(part, ticket) for part in Part}
    if ticket.is_confidential:
        of_work: dict[str, ColumnElement[bool]] = {
            "leads": _agents() & _in_team(ticket, TeamMember.is_lead.is_(True))
        }
    elif ticket.team_id is None:
        of_work = {"desk": _agents()}
    else:
        of_work = {
            "team": _agents() & _in_team(ticket),
            "managers": _may(Permission.TICKET_SEE_ALL) & ~_may(Permission.TICKET_SEE_CONFIDENTIAL),
        }
    of_work = {name: whom & works_in(ticket.project) for name, whom in of_work.items()}
    if ticket.organization_id and not ticket.is_confidential and not ticket.project.members_only:
        shared = User.id.in_(sharers(ticket.organization_id, ticket.department_id))
        of_people["colleagues"] = ~_agents() & shared
    return of_people | of_work | {"admins": _may(Permission.TICKET_SEE_CONFIDENTIAL)}


def _reason(name: str, whom: ColumnElement[bool]) -> Reason:
    number = func.count().over()
    found = select(User, number).where(whom, User.is_active.is_(True))
    rows = db.session.execute(found.order_by(User.sort_name, User.id).limit(SHOWN)).all()
    return Reason(name, [user for user, _ in rows], rows[0][1] if rows else 0)


def _has(part: Part, ticket: Ticket) -> ColumnElement[bool]:
    concerned = select(TicketPerson.user_id).where(
        TicketPerson.ticket_id == ticket.id, TicketPerson.part == part
    )
    return User.id.in_(concerned)


def _in_team(ticket: Ticket, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return User.id.in_(select(TeamMember.user_id).where(TeamMember.team_id == ticket.team_id, *which))


def _agents() -> ColumnElement[bool]:
    return _may(Permission.TICKET_WORK)


def _may(permission: Permission) -> ColumnElement[bool]:
    return User.role.in_(roles_with(permission))
