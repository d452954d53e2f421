"""How long the audit log is kept. Nobody but the database's owner may remove events."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select
from sqlalchemy.orm import aliased

from portal.events.models import Event
from portal.extensions import affected

SHORTEST = 30  # days


def remove_audited(connection: Connection, *, before: datetime, at_most: int) -> int:
    """Remove the oldest events that happened before that moment; how many those were.

    Events of tickets stay: they are the tickets' own history. So does what
    caused an event that stays.
    """
    effect = aliased(Event)
    oldest = (
        select(Event.id)
        .where(
            Event.ticket_id.is_(None),
            Event.created_at < before,
            ~exists().where(effect.cause_id == Event.id),
        )
        .order_by(Event.created_at, Event.id)
        .limit(at_most)
    )
    return affected(connection.execute(delete(Event).where(Event.id.in_(oldest))))
