"""Who may see a ticket, as SQL, and who may do what to one, as yes or no."""

from enum import StrEnum

from sqlalchemy import ColumnElement, false, func, or_, select, true

from portal.accounts.models import User
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.organizations.policy import only_reads, shared_with
from portal.organizations.queries import team_ids_of, teams_led_by
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

    For people who ask, those that are theirs, and what their organizations share:
    a test of each row, so a list of theirs begins with `is_theirs`, and a list of
    colleagues' with the organization. For
    the desk, a test of each row, cheapest reason first, so that a list in its
    index's order stops after a page: a list of the ids of a team's every
    ticket would be made anew for each page (on 600,000 tickets that took 700 ms
    instead of 0.3). Whether the reader takes part, PostgreSQL looks up for each
    row or for all at once, whichever it expects to be less. The teams that somebody
    leads are few, and read once.
    For counting there is `visible_in_parts`.
    """
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return true()
    if not user.may(Permission.TICKET_WORK):
        return or_(is_theirs(user), _is_shared(user))

    part = select(true()).where(TicketPerson.user_id == user.id, TicketPerson.ticket_id == Ticket.id)
    takes_part = part.correlate(Ticket).exists()
    return or_(~Ticket.is_confidential & _of_their_teams(user), _is_led_by(user), takes_part)


def visible_in_parts(user: User) -> list[ColumnElement[bool]]:
    """`visible_to` as several conditions, of which one is true of each visible ticket.

    To be counted one by one and added up: each has an index, their "or" has none.
    """
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return [true()]
    if not user.may(Permission.TICKET_WORK):
        return [is_theirs(user), _is_shared(user) & ~is_theirs(user)]
    if user.may(Permission.TICKET_SEE_ALL):
        return [~Ticket.is_confidential, *_secret_parts(user)]
    ours = Ticket.team_id.in_(team_ids_of(user))
    elsewhere = ~Ticket.is_confidential & Ticket.team_id.is_not(None) & ~ours
    return [
        ~Ticket.is_confidential & ours,
        ~Ticket.is_confidential & Ticket.team_id.is_(None),
        elsewhere & is_theirs(user),
        *_secret_parts(user),
    ]


def _secret_parts(user: User) -> list[ColumnElement[bool]]:
    led = func.coalesce(_is_led_by(user), false())  # without a team, nobody leads it
    return [Ticket.is_confidential & _is_led_by(user), Ticket.is_confidential & ~led & is_theirs(user)]


def _is_led_by(user: User) -> ColumnElement[bool]:
    return Ticket.team_id.in_(teams_led_by(user))


def is_theirs(user: User) -> ColumnElement[bool]:
    """They take part in it, as whatever. For people who ask there are few."""
    theirs = select(TicketPerson.ticket_id).where(TicketPerson.user_id == user.id)
    return Ticket.id.in_(theirs.correlate(None))


def _is_shared(user: User) -> ColumnElement[bool]:
    """A colleague asked for it, in an organization or department that shares what is not confidential."""
    return ~Ticket.is_confidential & shared_with(user, Ticket.organization_id, Ticket.department_id)


def _of_their_teams(user: User) -> ColumnElement[bool]:
    if user.may(Permission.TICKET_SEE_ALL):
        return true()
    return or_(Ticket.team_id.is_(None), Ticket.team_id.in_(team_ids_of(user)))


def may(user: User, verb: Verb, ticket: Ticket) -> bool:
    """The permission says what one may do at all, the visibility to which tickets.

    Of people who ask, those who take part may act; who sees the ticket because it is
    shared only reads, and so does a viewer of its organization.
    """
    if not user.may(NEEDS[verb]):
        return False
    seen = select(Ticket.id).where(Ticket.id == ticket.id, visible_to(user))
    if verb is not Verb.SEE and not user.may(Permission.TICKET_WORK):
        seen = seen.where(is_theirs(user), ~only_reads(user, Ticket.organization_id))
    return db.session.scalar(seen, execution_options=KEEPS_PLAN) is not None


def acts_on(user: User, verb: Verb, ticket: Ticket) -> bool:
    """`may`, of a ticket that this user was just shown: the desk need not be asked again."""
    return user.may(Permission.TICKET_WORK) or may(user, verb, ticket)


def may_name_people(user: User, ticket: Ticket, *, acts: bool) -> bool:
    """Whether they may say who else takes part, of those who act on it: the desk, and its requester."""
    return acts and (user.may(Permission.TICKET_WORK) or user.id == ticket.requester_id)


def keeps_sight_of(user: User, ticket: Ticket) -> bool:
    """Whether they would see the ticket if it were confidential."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return True
    reason = or_(is_theirs(user), _is_led_by(user)) if user.is_staff else is_theirs(user)
    return db.session.scalar(select(Ticket.id).where(Ticket.id == ticket.id, reason)) is not None


def events_for(user: User) -> ColumnElement[bool]:
    """The events of a visible ticket that this user may read: the internal ones are the desk's."""
    return true() if user.may(Permission.TICKET_WORK) else Event.is_public.is_(True)
