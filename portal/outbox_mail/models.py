"""Mails that are to be sent: rows first, so that none is lost and none is doubled."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import Model

_SECRET = re.compile(r"(?<=/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")  # what makes a mailed link good


class MailState(StrEnum):
    """queued -> sending -> sent, or after its last try failed; back to queued for another try."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return str(_LABELS[self])


_LABELS = {
    MailState.QUEUED: _l("Queued"),
    MailState.SENDING: _l("Being sent"),
    MailState.SENT: _l("Sent"),
    MailState.FAILED: _l("Failed"),
}


class Mail(Model):
    """One mail to one address. Its Message-ID is fixed here, so that a mail which was
    accepted by the server just before the worker died is at most doubled under one id.
    `ticket_id` is the ticket that it is about; as long as that is spam, it is `withheld_at` and not sent.
    """

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_state_id", "state", "id"),
        Index(
            "ix_mails_due",
            "available_at",
            "id",
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
        Index("ix_mails_ticket_id", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(250), unique=True)
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    to_address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(250))
    body: Mapped[str]
    state: Mapped[MailState] = mapped_column(default=MailState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    available_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    sent_at: Mapped[datetime | None]
    withheld_at: Mapped[datetime | None]

    @property
    def body_without_secrets(self) -> str:
        """What it says to anybody but its recipient: its links let nobody in."""
        return _SECRET.sub("…", self.body)
