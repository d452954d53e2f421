"""What people have not sent yet, and how it is known that they sent something before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import Model


class Draft(Model):
    """What somebody has half written: one per person and place, until it is sent or emptied."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("user_id", "scope"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(80))  # "ticket:new", "IT-7:reply", "IT-7:note"
    content: Mapped[dict] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class IdempotencyKey(Model):
    """A form that was sent: sent again with its key, it leads to what it made the first time."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    made: Mapped[str] = mapped_column(String(80), default="")  # the ticket's key, the comment's id
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now(), index=True)
