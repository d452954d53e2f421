"""What a list knows of what was promised for a ticket: a copy, kept by the feature that keeps the promises.

The state does not change as time goes by, so that nobody has to write it anew each minute: that a running
clock is late, or soon will be, says `sla_due_at` and `sla_warn_at` beside the time it is.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column

from portal.tickets.due import order_of
from portal.tickets.hiding import OPEN

SLA_DUE = text("COALESCE(sla_due_at, '9999-12-31 00:00:00+00'::timestamp with time zone)")


class SlaState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    KEPT = "kept"
    MISSED = "missed"


class Standing(StrEnum):
    """How it stands with a promise now."""

    BREACHED = "breached"
    SOON = "soon"
    RUNNING = "running"
    PAUSED = "paused"
    KEPT = "kept"
    MISSED = "missed"

    @property
    def label(self) -> str:
        return str(STANDING_LABELS[self])


STANDING_LABELS = {
    Standing.BREACHED: _l("late"),
    Standing.SOON: _l("due soon"),
    Standing.RUNNING: _l("running"),
    Standing.PAUSED: _l("paused"),
    Standing.KEPT: _l("kept in time"),
    Standing.MISSED: _l("missed"),
}


class Clocked:
    """The columns. `sla_target` says what is due next; without a promise, all of them are None."""

    sla_state: Mapped[SlaState | None]
    sla_target: Mapped[str | None] = mapped_column(String(20))
    sla_warn_at: Mapped[datetime | None]
    sla_due_at: Mapped[datetime | None]

    @declared_attr
    @classmethod
    def sla_order(cls) -> Mapped[datetime]:
        """What lists sort by."""
        return column_property(order_of(cls.sla_due_at), deferred=True)


CLOCKED_INDEXES = (
    Index("ix_tickets_open_sla", SLA_DUE, "id", postgresql_where=OPEN),
    Index("ix_tickets_sla", SLA_DUE, "id"),
)


def standing_of(ticket: Any, now: datetime) -> Standing | None:
    """Of a ticket, or of a row of a list."""
    if ticket.sla_state is None:
        return None
    if ticket.sla_state == SlaState.RUNNING and ticket.sla_due_at is not None:
        if ticket.sla_due_at < now:
            return Standing.BREACHED
        if ticket.sla_warn_at is not None and ticket.sla_warn_at < now:
            return Standing.SOON
    return Standing(ticket.sla_state)
