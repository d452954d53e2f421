"""Who may see a ticket, as SQL, and who may do what to one, as yes or no."""

from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, any_, false, func, or_, select, true

from portal.accounts.models import User
from portal.accounts.reader import Anybody, Reader
from portal.errors import DomainError, NotAllowed
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.organizations.policy import only_reads, shared_with
from portal.organizations.queries import team_ids_of, teams_led_by
from portal.permissions import Permission
from portal.projects.policy import is_limited, is_shut, members_only, shut_to
from portal.tickets.hiding import Hidden
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


def visible_to(user: Anybody) -> ColumnElement[bool]:
    """The tickets this user may know of; everyone else's do not exist for them.

    For people who ask, those that are theirs, and what their organizations share:
    a test of each row, so a list of theirs begins with `is_theirs`, and a list of
    colleagues' with the organization. For
    the desk, a test of each row, cheapest reason first, so that a list in its
    index's order stops after a page: a list of the ids of a team's every
    ticket would be made anew for each page (on 600,000 tickets that took 700 ms
    instead of 0.3). Whether the reader takes part, PostgreSQL looks up for each
    row or for all at once, whichever it expects to be less. The teams that somebody
    leads are few, and read once; so are the projects that are shut to them.
    For counting there is `visible_in_parts`. What is hidden, as spam or to be deleted, is in neither:
    indexes of open tickets leave it out by the same words.
    """
    return _visible_to(Reader.of(user))


def reachable_by(user: Anybody) -> ColumnElement[bool]:
    """`visible_to`, and spam among the tickets that this one of the desk works on: for the page of one
    ticket, and for lists whose filter asks for spam."""
    return _reachable_by(Reader.of(user))


@lru_cache(maxsize=256)
def _visible_to(user: Reader) -> ColumnElement[bool]:
    """Made once for somebody: putting it together takes longer than PostgreSQL needs for a page of it."""
    return Ticket.hidden_as.is_(None) & _is_seen_by(user)


@lru_cache(maxsize=256)
def _reachable_by(user: Reader) -> ColumnElement[bool]:
    if not user.may(Permission.TICKET_WORK):
        return _visible_to(user)
    is_spam = (Ticket.hidden_as == Hidden.SPAM) & is_worked_on_by(user)
    return or_(Ticket.hidden_as.is_(None), is_spam) & _is_seen_by(user)


def _is_seen_by(user: Reader) -> ColumnElement[bool]:
    """For a reason that it gives them, hidden or not."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return true()
    # Of each row, not by a table of all they take part in: of 3,000 it was a quarter of the list's time.
    part = select(true()).where(TicketPerson.user_id == user.id, TicketPerson.ticket_id == Ticket.id)
    takes_part = part.correlate(Ticket).exists()
    if not user.may(Permission.TICKET_WORK):
        return or_(takes_part, _is_shared(user))

    by_work = or_(~Ticket.is_confidential & _of_their_teams(user), _is_led_by(user))
    return or_(by_work & _is_open_to(user), takes_part)


def visible_in_parts(user: User) -> list[ColumnElement[bool]]:
    """`visible_to` as several conditions, of which one is true of each visible ticket.

    To be counted one by one and added up: each has an index, their "or" has none.
    """
    return [Ticket.hidden_as.is_(None) & part for part in _parts_seen_by(user)]


def _parts_seen_by(user: User) -> list[ColumnElement[bool]]:
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return [true()]
    if not user.may(Permission.TICKET_WORK):
        return [is_theirs(user), _is_shared(user) & ~is_theirs(user)]
    plain, shut = ~Ticket.is_confidential, _is_shut_to(user)
    if user.may(Permission.TICKET_SEE_ALL):
        return [plain & ~shut, plain & shut & is_theirs(user), *_secret_parts(user)]
    ours = Ticket.team_id.in_(team_ids_of(user))
    elsewhere = shut | (Ticket.team_id.is_not(None) & ~ours)
    return [
        plain & ours & ~shut,
        plain & Ticket.team_id.is_(None) & ~shut,
        plain & elsewhere & is_theirs(user),
        *_secret_parts(user),
    ]


def _secret_parts(user: User) -> list[ColumnElement[bool]]:
    led = func.coalesce(_is_led_by(user), false())  # without a team, nobody leads it
    secret, shut = Ticket.is_confidential, _is_shut_to(user)
    return [secret & _is_led_by(user) & ~shut, secret & (shut | ~led) & is_theirs(user)]


def _is_open_to(user: Anybody) -> ColumnElement[bool]:
    """Not shut, said so that PostgreSQL expects it of nearly every ticket. Of a plain "not in" it expects
    half of them, and then reads and sorts thousands of tickets instead of walking to the end of a page."""
    return func.nullif(_is_shut_to(user), true()).is_not(None)


def is_worked_on_by(user: Anybody) -> ColumnElement[bool]:
    """`works_on`, of the rows of a list that somebody of the desk sees."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return true()
    return ~_is_shut_to(user)


def _is_shut_to(user: Anybody) -> ColumnElement[bool]:
    """It belongs to a project in which this one of the desk does not work."""
    return Ticket.project_id.in_(shut_to(user))


def _is_led_by(user: Anybody) -> ColumnElement[bool]:
    return Ticket.team_id.in_(teams_led_by(user))


def within_projects(user: User, project_ids: Collection[int]) -> ColumnElement[bool]:
    """For a limited agent's lists, beside `visible_to`: it is of these projects of theirs, or they take part.

    It lets nobody see more. But knowing which projects, PostgreSQL knows whether their tickets are so few
    that it looks them up, instead of walking past a million others (2 s).
    """
    parts = select(TicketPerson.ticket_id).where(TicketPerson.user_id == user.id).correlate(None)
    theirs = Ticket.id == any_(func.array(parts.scalar_subquery()))
    return or_(Ticket.project_id.in_(sorted(project_ids)), theirs)


def is_theirs(user: Anybody) -> ColumnElement[bool]:
    """They take part in it, as whatever. For people who ask there are few."""
    theirs = select(TicketPerson.ticket_id).where(TicketPerson.user_id == user.id)
    return Ticket.id.in_(theirs.correlate(None))


def _is_shared(user: Anybody) -> ColumnElement[bool]:
    """A colleague asked for it, in an organization or department that shares what is neither
    confidential nor asked of a project for its members only."""
    plain = ~Ticket.is_confidential & Ticket.project_id.not_in(members_only())
    return plain & shared_with(user, Ticket.organization_id, Ticket.department_id)


def _of_their_teams(user: Anybody) -> ColumnElement[bool]:
    if user.may(Permission.TICKET_SEE_ALL):
        return true()
    return or_(Ticket.team_id.is_(None), Ticket.team_id.in_(team_ids_of(user)))


def may(user: User, verb: Verb, ticket: Ticket, *, even_spam: bool = False) -> bool:
    """The permission says what one may do at all, the visibility to which tickets.

    Of people who ask, those who take part may act; who sees the ticket because it is
    shared only reads, and so does a viewer of its organization.
    """
    if not user.may(NEEDS[verb]) or (verb is Verb.WORK and not works_on(user, ticket)):
        return False
    is_seen = reachable_by(user) if even_spam else visible_to(user)
    seen = select(Ticket.id).where(Ticket.id == ticket.id, is_seen)
    if verb is not Verb.SEE and not user.may(Permission.TICKET_WORK):
        seen = seen.where(is_theirs(user), ~only_reads(user, Ticket.organization_id))
    return db.session.scalar(seen, execution_options=KEEPS_PLAN) is not None


def works_on(user: User, ticket: Ticket) -> bool:
    """Whether a ticket that this user sees is theirs to work on, its internal notes included.

    Of a project that is shut to them the desk's people see what they asked for or take
    part in, and follow it as anybody would.
    """
    if not user.may(Permission.TICKET_WORK):
        return False
    may_be_shut = ticket.project.members_only or is_limited(user)
    return not (may_be_shut and is_shut(ticket.project, user))


def acts_on(user: User, verb: Verb, ticket: Ticket) -> bool:
    """`may`, of a ticket that this user was just shown: who works on it need not be asked again."""
    return works_on(user, ticket) or may(user, verb, ticket)


def refuse_readers(user: User, verb: Verb, ticket: Ticket) -> None:
    """Raises NotAllowed for somebody who sees the ticket and has no part in it."""
    if not acts_on(user, verb, ticket):
        raise NotAllowed(_("You can read this request, but you take no part in it."))


def refuse_spam(ticket: Ticket) -> None:
    """Raises DomainError for what is marked as spam: until it is not, nothing else is done to it."""
    if ticket.is_spam:
        raise DomainError(
            _("%(key)s is marked as spam. Choose “Not spam” on its page first.", key=ticket.key)
        )


def may_name_people(user: User, ticket: Ticket, *, acts: bool) -> bool:
    """Whether they may say who else takes part, of those who act: its requester, and who works on it."""
    return acts and (user.id == ticket.requester_id or works_on(user, ticket))


def keeps_sight_of(user: User, ticket: Ticket) -> bool:
    """Whether they would see the ticket if it were confidential."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return True
    by_work = _is_led_by(user) & ~_is_shut_to(user)
    reason = or_(is_theirs(user), by_work) if user.is_staff else is_theirs(user)
    return db.session.scalar(select(Ticket.id).where(Ticket.id == ticket.id, reason)) is not None


def events_for(user: Anybody) -> ColumnElement[bool]:
    """The events of visible tickets that this user may read: the internal ones are for who works on them."""
    if not user.may(Permission.TICKET_WORK):
        return Event.is_public.is_(True)
    return or_(Event.is_public.is_(True), ~_is_shut_to(user))
