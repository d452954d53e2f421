"""What somebody does to many tickets at once: the operation, and what became of each ticket."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.tickets.models import Ticket


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"  # in the middle: what was changed by then stays so, until it is undone
    UNDOING = "undoing"
    UNDONE = "undone"


AT_WORK = (State.RUNNING, State.UNDOING)
OVER = (State.DONE, State.CANCELLED)  # and not undone


class Outcome(StrEnum):
    """What became of one ticket."""

    PENDING = "pending"
    CHANGED = "changed"
    UNCHANGED = "unchanged"  # it was so already
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"  # was not undone

    @property
    def label(self) -> str:
        return str(OUTCOME_LABELS[self])


OUTCOME_LABELS = {
    Outcome.PENDING: _l("Not reached"),
    Outcome.CHANGED: _l("Changed"),
    Outcome.UNCHANGED: _l("Was so already"),
    Outcome.REFUSED: _l("Refused"),
    Outcome.UNDONE: _l("Undone"),
    Outcome.KEPT: _l("Not undone"),
}


class BulkOperation(Model):
    """One act on many tickets. `what` are the values of the act.

    `filter` is what was asked for where it was all that match, and `place` the queue in which that
    stood. `lease_until` is set while somebody is at it, a request or a worker; one that ran out is
    somebody who died in the middle, and `attempts` counts those since the last ticket that worked.
    `event_id` and `undo_event_id` are the events that cause all that is done, and undone, by it.
    """

    __tablename__ = "bulk_operations"
    __table_args__ = (
        Index("ix_bulk_operations_owner_id", "owner_id", "id"),
        Index("ix_bulk_operations_due", "id", postgresql_where=text("state IN ('running', 'undoing')")),
        Index("ix_bulk_operations_event_id", "event_id"),
        Index("ix_bulk_operations_undo_event_id", "undo_event_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    act: Mapped[str] = mapped_column(String(20))
    what: Mapped[dict[str, Any]] = mapped_column(JSONB)
    filter: Mapped[str | None]
    place: Mapped[str | None] = mapped_column(String(80))
    state: Mapped[State] = mapped_column(default=State.RUNNING)
    total: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    undone: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))
    undo_event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    finished_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]

    owner: Mapped[User] = relationship("User")

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def reached(self) -> int:
        """How many tickets it has come to, forth or back."""
        if self.state in {State.UNDOING, State.UNDONE}:
            return self.undone + self.kept
        return self.changed + self.unchanged + self.refused

    @property
    def to_reach(self) -> int:
        return self.changed if self.state in {State.UNDOING, State.UNDONE} else self.total

    def can_be_undone(self, now: datetime) -> bool:
        return self.state in OVER and self.undo_until is not None and now < self.undo_until


class BulkItem(Model):
    """A ticket of an operation. `before` is what its act has changed, and `version_after` the version
    that the ticket had then: in another one, somebody has changed it since."""

    __tablename__ = "bulk_items"
    __table_args__ = (
        Index("ix_bulk_items_position", "operation_id", "position"),
        Index("ix_bulk_items_outcome", "operation_id", "outcome", "position"),
        Index("ix_bulk_items_ticket_id", "ticket_id"),
    )

    operation_id: Mapped[int] = mapped_column(
        ForeignKey("bulk_operations.id", ondelete="CASCADE"), primary_key=True
    )
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.PENDING)
    reason: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version_after: Mapped[int | None]

    ticket: Mapped[Ticket] = relationship("Ticket")
