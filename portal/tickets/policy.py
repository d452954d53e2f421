"""Who may see a ticket, as SQL, and who may do what to one, as yes or no."""

from enum import StrEnum

from sqlalchemy import ColumnElement, or_, select, true, union_all

from portal.accounts.models import User
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.queries import team_ids_of
from portal.permissions import Permission
from portal.tickets.models import Ticket, TicketPerson


class Verb(StrEnum):
    SEE = "see"
    REPLY = "reply"
    WORK = "work"  # status, assignment, fields, internal notes
    SETTLE = "settle"  # say "it's solved", and reopen


NEEDS = {
    Verb.SEE: Permission.TICKET_SUBMIT,
    Verb.REPLY: Permission.TICKET_SUBMIT,
    Verb.WORK: Permission.TICKET_WORK,
    Verb.SETTLE: Permission.TICKET_SUBMIT,
}


def visible_to(user: User) -> ColumnElement[bool]:
    """The tickets this user may know of; everyone else's do not exist for them.

    One list of ids put together from selects that each have their index: an
    OR over several tables would have PostgreSQL read every ticket.
    """
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return true()
    theirs = select(TicketPerson.ticket_id).where(TicketPerson.user_id == user.id)
    if user.may(Permission.TICKET_SEE_ALL):
        return or_(~Ticket.is_confidential, Ticket.id.in_(theirs))
    if not user.may(Permission.TICKET_WORK):
        return Ticket.id.in_(theirs)

    open_to_teams = select(Ticket.id).where(~Ticket.is_confidential).correlate(None)
    of_their_teams = open_to_teams.where(Ticket.team_id.in_(team_ids_of(user)))
    not_triaged = open_to_teams.where(Ticket.team_id.is_(None))
    return Ticket.id.in_(union_all(theirs, of_their_teams, not_triaged))


def may(user: User, verb: Verb, ticket: Ticket) -> bool:
    """The permission says what one may do at all, the visibility to which tickets."""
    if not user.may(NEEDS[verb]):
        return False
    seen = select(Ticket.id).where(Ticket.id == ticket.id, visible_to(user))
    return db.session.scalar(seen) is not None


def events_for(user: User) -> ColumnElement[bool]:
    """The events of a visible ticket that this user may read: the internal ones are the desk's."""
    return true() if user.may(Permission.TICKET_WORK) else Event.is_public.is_(True)
