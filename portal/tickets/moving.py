"""A ticket that belongs to another project. Nothing here commits."""

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.lifecycles.queries import status_like
from portal.projects.models import Project
from portal.projects.policy import is_shut
from portal.tickets.actions import end_assignment
from portal.tickets.models import Ticket, TicketKey, WaitingFor
from portal.tickets.numbering import take_number
from portal.tickets.told import status_told
from portal.tickets.unsent import Draft


def move(ticket: Ticket, project: Project, *, actor: User | None) -> None:
    """Give the ticket to another project, under a key of that one; the old key leads to it for ever.

    A category that is not that project's is dropped, and so is an assignee who does not
    work there; without a team, it gets the project's. Where statuses are others, it gets
    the one most like its own. Who watches or takes part still does.
    Raises DomainError for an archived project, and where either is shut to the actor: whoever only
    takes part in what members work on does not show it to others by that.
    """
    if project.id == ticket.project_id:
        return
    if project.archived_at:
        raise DomainError(_("The project %(name)s takes no more tickets.", name=project.name))
    for each in (ticket.project, project):
        if actor and is_shut(each, actor):
            raise DomainError(_("%(name)s does not work in %(project)s.", name=actor.name, project=each.name))
    changes: Changes = {"project": change(ticket.project, project)}
    with db.session.no_autoflush:  # the project and its number are written together
        ticket.project = project
        changes |= _fit_category(ticket) | _fit_team(ticket) | _fit_assignee(ticket) | _fit_status(ticket)
        changes |= _rekey(ticket)
    record(Kind.TICKET_MOVED, actor=actor, ticket=ticket, changes=changes)


def _fit_category(ticket: Ticket) -> Changes:
    old = ticket.category
    if old is None or old.project_id in {None, ticket.project.id}:
        return {}
    ticket.category = None
    return {"category": change(old, None)}


def _fit_team(ticket: Ticket) -> Changes:
    if ticket.team_id or ticket.project.default_team is None:
        return {}
    ticket.team = ticket.project.default_team
    return {"team": change(None, ticket.team)}


def _fit_assignee(ticket: Ticket) -> Changes:
    old = ticket.assignee
    if old is None or not is_shut(ticket.project, old):
        return {}
    ticket.assignee = None
    end_assignment(ticket)
    return {"assignee": change(old, None)}


def _fit_status(ticket: Ticket) -> Changes:
    old = ticket.status
    if old.lifecycle_id == ticket.project.lifecycle_id:
        return {}
    new = ticket.status = status_like(old, lifecycle_id=ticket.project.lifecycle_id)
    ticket.status_category = new.category
    is_waiting, is_done = new.category == Category.WAITING, new.category == Category.DONE
    ticket.waiting_for = (ticket.waiting_for or WaitingFor.OTHER) if is_waiting else None
    ticket.closed_at = (ticket.closed_at or clock.now()) if is_done else None
    return {"status": {"old": status_told(old), "new": status_told(new)}}


def _rekey(ticket: Ticket) -> Changes:
    """The number comes last: the project's counter is held until the commit."""
    old = ticket.key
    db.session.add(TicketKey(key=old, ticket_id=ticket.id))
    ticket.number = take_number(ticket.project)
    ticket.key = f"{ticket.project.key}-{ticket.number}"
    db.session.flush()
    _take_drafts_along(old, ticket.key)
    return {"key": change(old, ticket.key)}


def _take_drafts_along(old: str, new: str) -> None:
    """What people have half written on it names the ticket by its key.

    Under the new key, which nobody knew yet, there is nothing that is worth keeping.
    """
    places = ("reply", "note")
    guessed = delete(Draft).where(Draft.scope.in_([f"{new}:{place}" for place in places]))
    db.session.execute(guessed.execution_options(synchronize_session=False))
    of_ticket = select(Draft.id).where(Draft.scope.in_([f"{old}:{place}" for place in places]))
    renamed = update(Draft).where(Draft.id.in_(of_ticket)).values(scope=func.replace(Draft.scope, old, new))
    db.session.execute(renamed.execution_options(synchronize_session=False))
