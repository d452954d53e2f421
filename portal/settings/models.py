from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import Model


class Setting(Model):
    """One thing an admin has set; what has no row is as `settings.queries.DEFAULTS` says."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[object] = mapped_column(JSONB)


class Tick(Model):
    """One run of the timetable: whoever inserts the row runs it, so two timetables double nothing."""

    __tablename__ = "ticks"
    __table_args__ = (UniqueConstraint("job", "due_at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    job: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime]
    claimed_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
