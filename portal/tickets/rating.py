"""Whether people were satisfied: asked once a ticket is closed. Nothing here commits."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError, NotAllowed
from portal.events.changes import set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.tickets.models import Rating, Ticket

MAY_CHANGE = timedelta(days=7)  # after the first time


def rate(ticket: Ticket, score: int, comment: str, *, by: User) -> Rating:
    """Note what the requester thinks, 1 to 5; a second time within `MAY_CHANGE` replaces the first.

    Raises NotAllowed for anybody else, DomainError for a ticket that is open and for what is too late.
    """
    if ticket.requester_id != by.id:
        raise NotAllowed(_("Only whoever asked says whether they are satisfied."))
    rating = rating_of(ticket)
    if rating is None:
        if not ticket.is_done:
            raise DomainError(_("You can say how it went once the request is solved."))
        rating = Rating(ticket_id=ticket.id, user_id=by.id, score=score, comment=comment)
        db.session.add(rating)
    elif clock.now() >= ends_at(rating):
        raise DomainError(_("A rating can be changed for %(days)d days.", days=MAY_CHANGE.days))
    rating.comment, rating.updated_at = comment, clock.now()
    rating.score = score
    if changes := set_fields(ticket, rating=score):
        record(Kind.TICKET_RATED, actor=by, ticket=ticket, public=False, changes=changes)
    return rating


def rating_of(ticket: Ticket) -> Rating | None:
    """None also where whoever gave it is anonymized: of theirs only the number stays, on the ticket."""
    return db.session.get(Rating, ticket.id) if ticket.rating else None


def ends_at(rating: Rating) -> datetime:
    """Until when it can be changed."""
    return rating.created_at + MAY_CHANGE


def is_asked(ticket: Ticket, person: User) -> bool:
    """Whether this is the person to ask, and the time."""
    if ticket.outcome is not None:
        return False  # nothing was solved
    return ticket.requester_id == person.id and ticket.is_done and ticket.rating is None
