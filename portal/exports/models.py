"""Lists of tickets that somebody takes along, when they are too long to be written while one waits."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model

if TYPE_CHECKING:
    from portal.accounts.models import User


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"

    @property
    def label(self) -> str:
        return str(_FORMATS[self])

    @property
    def kind(self) -> str:
        """Its media type."""
        if self is Format.CSV:
            return "text/csv"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


_FORMATS = {Format.XLSX: _l("Excel (XLSX)"), Format.CSV: _l("Text with commas (CSV)")}


class ExportState(StrEnum):
    """queued -> running -> done; failed after its last try, cancelled by its owner."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return str(_STATES[self])


_STATES = {
    ExportState.QUEUED: _l("Waiting"),
    ExportState.RUNNING: _l("Being written"),
    ExportState.DONE: _l("Done"),
    ExportState.FAILED: _l("Failed"),
    ExportState.CANCELLED: _l("Cancelled"),
}
OPEN = (ExportState.QUEUED, ExportState.RUNNING)


class TicketExport(Model):
    """`filter` is the whole filter, canonical, and `place` the queue in which it was asked for, in words.

    `lease_until` is set while a worker is at it; one that ran out is a worker that died, and
    `attempts` tells its successor from it. `result_key` names the file in the store until `expires_at`.
    """

    __tablename__ = "ticket_exports"
    __table_args__ = (
        Index("ix_ticket_exports_owner_id", "owner_id", "id"),
        Index("ix_ticket_exports_due", "id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_ticket_exports_kept", "expires_at", postgresql_where=text("result_key IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    filter: Mapped[str] = mapped_column(default="")
    place: Mapped[str] = mapped_column(String(80))
    format: Mapped[Format]
    state: Mapped[ExportState] = mapped_column(default=ExportState.QUEUED)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    result_key: Mapped[str | None] = mapped_column(String(200))
    result_size: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    owner: Mapped[User] = relationship("User")

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def has_result(self) -> bool:
        return self.result_key is not None and self.expires_at is not None and clock.now() < self.expires_at

    @property
    def expected_at(self) -> datetime | None:
        """When it is done if it goes on as so far; None before that can be told."""
        if not self.is_open or not 0 < self.done < self.total:
            return None
        return clock.now() + (clock.now() - self.created_at) * (self.total - self.done) / self.done
