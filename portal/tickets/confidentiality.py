"""Whether the desk may know of a ticket, or only who is named in it. Nothing here commits."""

from portal.accounts.models import User
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.tickets.actions import watch
from portal.tickets.models import Ticket
from portal.tickets.policy import keeps_sight_of


def make_confidential(ticket: Ticket, *, actor: User) -> None:
    """From now on only its people, the leads of its team and administrators see it.

    Somebody who would lose sight of it by that watches it from now on.
    """
    if ticket.is_confidential:
        return
    if not keeps_sight_of(actor, ticket):
        watch(ticket, actor)
    _set(ticket, confidential=True, actor=actor)


def make_open(ticket: Ticket, *, actor: User) -> None:
    """Let everybody see it who sees the other tickets of its team."""
    if ticket.is_confidential:
        _set(ticket, confidential=False, actor=actor)


def _set(ticket: Ticket, *, confidential: bool, actor: User) -> None:
    ticket.is_confidential = confidential
    db.session.flush()
    changes = {"is_confidential": change(not confidential, confidential)}
    record(Kind.CONFIDENTIALITY_CHANGED, actor=actor, ticket=ticket, changes=changes)
