"""Calendars, policies, their versions, and what is kept of each ticket's clocks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model
from portal.sla.replay import Notice, Target

if TYPE_CHECKING:
    from portal.accounts.models import User


class SlaCalendar(Model):
    """When the desk works. What it is stands in its versions; `version` is the number of the one that holds.

    `changed_at` is when it last came to mean something else.
    """

    __tablename__ = "sla_calendars"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    changed_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    current: Mapped[SlaCalendarVersion] = relationship(
        primaryjoin="and_(SlaCalendar.id == foreign(SlaCalendarVersion.calendar_id),"
        " SlaCalendar.version == foreign(SlaCalendarVersion.number))",
        viewonly=True,
        uselist=False,
    )


class SlaCalendarVersion(Model):
    """Written once: zone, week, country, region and days, as `calendar.Calendar.of` reads them."""

    __tablename__ = "sla_calendar_versions"
    __table_args__ = (UniqueConstraint("calendar_id", "number"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("sla_calendars.id", ondelete="CASCADE"))
    number: Mapped[int]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    changed_by: Mapped[User | None] = relationship("User")


class SlaPolicy(Model):
    """What is promised for which tickets; of several that fit, the first by `position` holds."""

    __tablename__ = "sla_policies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    changed_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    current: Mapped[SlaPolicyVersion] = relationship(
        primaryjoin="and_(SlaPolicy.id == foreign(SlaPolicyVersion.policy_id),"
        " SlaPolicy.version == foreign(SlaPolicyVersion.number))",
        viewonly=True,
        uselist=False,
    )


class SlaPolicyVersion(Model):
    """Written once: name, description, filter, targets in minutes, pauses and warn_at, as
    `replay.Policy.of` reads them."""

    __tablename__ = "sla_policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("sla_policies.id", ondelete="CASCADE"))
    number: Mapped[int]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("sla_calendars.id"), index=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    calendar: Mapped[SlaCalendar] = relationship()
    changed_by: Mapped[User | None] = relationship("User")


class SlaClocks(Model):
    """What a replay of the ticket's history said when something last happened; a copy, never a source.

    `next_at` is when the next warning or breach is due that nobody was told of. `readings` tell of each
    promise what does not change as time goes by.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (
        Index("ix_sla_clocks_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("sla_policy_versions.id"), index=True)
    calendar_version_id: Mapped[int] = mapped_column(ForeignKey("sla_calendar_versions.id"), index=True)
    next_at: Mapped[datetime | None]
    readings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    looked_at: Mapped[datetime]

    policy_version: Mapped[SlaPolicyVersion] = relationship()
    calendar_version: Mapped[SlaCalendarVersion] = relationship()


class SlaNotice(Model):
    """A warning or a breach that is settled: it was told of, or had come before its policy had.

    `began_with` is the event by which the clock began: a next response is owed more than once.
    """

    __tablename__ = "sla_notices"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    policy_version_id: Mapped[int] = mapped_column(
        ForeignKey("sla_policy_versions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    target: Mapped[Target] = mapped_column(primary_key=True)
    notice: Mapped[Notice] = mapped_column(primary_key=True)
    began_with: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    is_told: Mapped[bool]
    settled_at: Mapped[datetime]


class SlaPast(Model):
    """How long a promise took that was drawn for the sample of that name (`forecast.Traits.sample`): so many
    seconds of working time, or longer where it was not met. All of them are drawn anew each night."""

    __tablename__ = "sla_pasts"

    sample: Mapped[str] = mapped_column(String(120), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    began_with: Mapped[int] = mapped_column(primary_key=True)
    spent: Mapped[int]
    is_met: Mapped[bool]


class SlaRecount(Model):
    """A walk over all open tickets, after policies or calendars came to mean something else.

    It goes on behind `after_id`, whoever takes it up; a later one makes it needless.
    """

    __tablename__ = "sla_recounts"
    __table_args__ = (
        Index("ix_sla_recounts_open", "id", postgresql_where=text("finished_at IS NULL")),
        CheckConstraint("changed <= checked", name="changed"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    after_id: Mapped[int] = mapped_column(default=0)
    checked: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    finished_at: Mapped[datetime | None]
