from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, Identity, Index, String, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.tickets.models import Ticket


# What an auditor reads: all that happened to the desk itself, and who was let into a ticket or kept out.
# With literals, so that PostgreSQL sees that its index fits.
AUDITED = text(
    "(ticket_id IS NULL OR kind IN ('ticket.participant_added', 'ticket.participant_removed',"
    " 'ticket.confidentiality_changed', 'ticket.moved'))"
)
# All words and numbers in the data of an audited event; with literals for the same reason.
AUDIT_WORDS: ColumnElement[str] = literal_column(
    "jsonb_to_tsvector('simple', data, '[\"string\", \"numeric\"]')"
)


class Event(Model):
    """Something that happened: history and audit trail. Written once, never changed.

    The application's role may add rows and read them (`portal.privileges`). `address`
    is where an audited event came from, if somebody asked for it over the network.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_ticket_id_id", "ticket_id", "id"),
        # What happened in some days, on whichever ticket: rows lie in the order of their time.
        Index("ix_events_created_at", "created_at", postgresql_using="brin"),
        Index("ix_events_audit", "created_at", "id", postgresql_where=AUDITED),
        Index("ix_events_audit_kind", "kind", "created_at", "id", postgresql_where=AUDITED),
        Index("ix_events_audit_actor", "actor_id", "created_at", "id", postgresql_where=AUDITED),
        Index(
            "ix_events_audit_address",
            "address",
            "created_at",
            "id",
            postgresql_where=AUDITED,
            postgresql_ops={"address": "varchar_pattern_ops"},  # so that the beginning of one is enough
        ),
        Index("ix_events_audit_words", AUDIT_WORDS, postgresql_using="gin", postgresql_where=AUDITED),
        # Who removes an event asks whether it caused others.
        Index("ix_events_cause_id", "cause_id", postgresql_where=text("cause_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: the desk itself
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    depth: Mapped[int] = mapped_column(default=0)
    is_public: Mapped[bool] = mapped_column(default=True)
    address: Mapped[str | None] = mapped_column(String(64))
    data: Mapped[dict] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    # What a timeline says beside it: the key of the merged ticket from which it comes, and, to whoever
    # works on it, that the same was done to other tickets at once, and by which rule it was done.
    source_key: ClassVar[str | None] = None
    is_of_many: ClassVar[bool] = False
    tells_of_rules: ClassVar[bool] = False  # which rule it was, and why: to whoever works on the ticket

    ticket: Mapped[Ticket | None] = relationship("Ticket")
    actor: Mapped[User | None] = relationship("User")
    cause: Mapped[Event | None] = relationship(remote_side=[id])


class DeliveryState(StrEnum):
    DUE = "due"
    DONE = "done"
    FAILED = "failed"  # after its last try; stands on the admin's page of failed work


class Delivery(Model):
    """One event to be shown to one reaction, kept until that has worked.

    `lease_until` is set while a worker is at it. A lease that ran out is a
    worker that died in the middle, and counts as a try. `ticket_id` repeats the
    event's, so that "is an earlier one of this ticket still due" reads one index.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "event_id", "reaction", postgresql_where=text("state = 'due'")),
        Index(
            "ix_deliveries_due_ticket",
            "ticket_id",
            "reaction",
            "event_id",
            postgresql_where=text("state = 'due'"),
        ),
        Index("ix_deliveries_failed", "reaction", "event_id", postgresql_where=text("state = 'failed'")),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    reaction: Mapped[str] = mapped_column(String(60), primary_key=True)
    ticket_id: Mapped[int | None]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    available_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]

    event: Mapped[Event] = relationship()
