"""What becomes of the tickets of somebody who leaves the desk, or a project. Nothing here commits."""

from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.orm import aliased

from portal.accounts.models import User, about
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import affected, db
from portal.lifecycles.models import Category
from portal.projects.policy import shut_to
from portal.tickets.actions import assign
from portal.tickets.models import Part, Ticket, TicketPerson


def hand_over(person: User, *, actor: User | None) -> None:
    """Take from them what was theirs as one of the desk; whoever still works there keeps it.

    Open tickets wait for another assignee, a closed one keeps the name of who solved
    it. They see what they asked for or take part in as anybody would, and no other ticket.
    """
    if not person.is_staff:
        _hand_over(person, true(), actor=actor)


def leave_projects(person: User, *, actor: User | None) -> None:
    """The same of the tickets of those projects that are shut to somebody who works on in others."""
    if person.is_staff:
        _hand_over(person, Ticket.project_id.in_(shut_to(person)), actor=actor)


def give_tickets(person: User, heir: User | None, *, actor: User | None) -> int:
    """Have another one of the desk answer for their open tickets; nobody without one.

    Those of projects in which the heir does not work become nobody's too; how many
    tickets became nobody's. Raises DomainError for an heir who does not work on tickets.
    """
    shut = set(db.session.scalars(shut_to(heir))) if heir else set()
    tickets = _open_tickets_of(person, true())
    for ticket in tickets:
        assign(ticket, None if ticket.project_id in shut else heir, actor=actor)
    given = sum(ticket.assignee is not None for ticket in tickets)
    if tickets:
        numbers: dict[str, Any] = {"given": given, "unassigned": len(tickets) - given}
        whose = {"heir": heir.name} if heir else {}
        record(Kind.TICKETS_HANDED_OVER, actor=actor, **about(person) | numbers | whose)
    return len(tickets) - given


def count_open(person: User) -> int:
    """For how many open tickets they answer."""
    theirs = (Ticket.assignee_id == person.id, Ticket.status_category != Category.DONE)
    return db.session.scalar(select(func.count()).where(*theirs)) or 0


def _hand_over(person: User, which: ColumnElement[bool], *, actor: User | None) -> None:
    """The person is held first: whoever is just giving them a ticket has done so, or is refused then."""
    db.session.execute(select(User.id).where(User.id == person.id).with_for_update())
    tickets = _open_tickets_of(person, which)
    for ticket in tickets:
        assign(ticket, None, actor=actor)
    unseen = _end_parts(person, which)
    if tickets or unseen:
        record(Kind.TICKETS_HANDED_OVER, actor=actor, unassigned=len(tickets), unseen=unseen, **about(person))


def _open_tickets_of(person: User, which: ColumnElement[bool]) -> list[Ticket]:
    """Held until the commit, in the order of their ids."""
    theirs = select(Ticket).where(Ticket.assignee_id == person.id, Ticket.status_category != Category.DONE)
    held = theirs.where(which).order_by(Ticket.id).with_for_update(of=Ticket)
    return list(db.session.scalars(held.execution_options(populate_existing=True)))


def _end_parts(person: User, which: ColumnElement[bool]) -> int:
    """End what they were to others' tickets; how many parts those were."""
    own = aliased(TicketPerson)
    asked = select(own.ticket_id).where(own.user_id == person.id, own.part == Part.REQUESTER)
    others = delete(TicketPerson).where(
        TicketPerson.user_id == person.id,
        TicketPerson.part.in_([Part.ASSIGNEE, Part.WATCHER]),
        TicketPerson.ticket_id.not_in(asked),
        TicketPerson.ticket_id.in_(select(Ticket.id).where(which)),
    )
    return affected(db.session.execute(others.execution_options(synchronize_session=False)))
