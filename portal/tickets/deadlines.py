"""By when a ticket is to be done. Nothing here commits."""

from datetime import UTC, datetime

from portal.accounts.models import User
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.tickets.models import Ticket


def set_due(ticket: Ticket, due_at: datetime | None, *, actor: User | None) -> None:
    """Say by when, or with None that there is no such day; the same moment changes nothing."""
    if ticket.due_at == due_at:
        return
    old, ticket.due_at = ticket.due_at, due_at
    changes = {"due_at": change(_utc(old), _utc(due_at))}
    record(Kind.DUE_CHANGED, actor=actor, ticket=ticket, public=False, changes=changes)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
