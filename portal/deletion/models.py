"""What remains of a ticket that was deleted for good: its keys, who did so, when and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model


class TicketDeletion(Model):
    """The trace, and the work of erasing the rest, which a worker does: `erased_at` says that it is done.

    `ticket_id` is a number and refers to nothing. Project, team and confidentiality tell who of
    the desk would have seen the ticket, and may read this. `lease_until` is set while a worker is at
    it, and until it is tried again.
    """

    __tablename__ = "ticket_deletions"
    __table_args__ = (Index("ix_ticket_deletions_due", "id", postgresql_where=text("erased_at IS NULL")),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(String(30))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    is_confidential: Mapped[bool]
    comments: Mapped[int]
    files: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    deleted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    deleted_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(200))
    erased_at: Mapped[datetime | None]

    deleted_by: Mapped[User] = relationship()


class DeletedKey(Model):
    """A key that a deleted ticket had, at the end or before. No ticket gets it again."""

    __tablename__ = "deleted_keys"

    key: Mapped[str] = mapped_column(String(30), primary_key=True)
    deletion_id: Mapped[int] = mapped_column(
        ForeignKey("ticket_deletions.id", ondelete="CASCADE"), index=True
    )
