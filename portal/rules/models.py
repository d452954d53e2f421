"""Automation rules, what they were before, where they have run, and what each answered to each event."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.rules.traces import Outcome


class RuleKind(StrEnum):
    """What sets it going."""

    TRIGGER = "trigger"  # something that happens on a ticket
    SCHEDULED = "scheduled"  # the clock
    MACRO = "macro"  # a person who clicks

    @property
    def label(self) -> str:
        return str(KIND_LABELS[self])


KIND_LABELS = {
    RuleKind.TRIGGER: _l("When something happens"),
    RuleKind.SCHEDULED: _l("By the clock"),
    RuleKind.MACRO: _l("Macro: a person clicks"),
}


class Rule(Model):
    """When, if, then: what wakes it, the filter that the ticket has to fit, and what is done.

    It does what its owner could do, and is named in the history instead of them. `triggers` and
    `actions` are lists of `{"name", "values"}`, read by what is registered under that name.
    `project_ids` are those it is for; empty: all. `version` counts its changes, which `RuleVersion` keeps.
    `failures` are those since it last worked; too many of them pause it.
    """

    __tablename__ = "rules"
    __table_args__ = (
        Index("uq_rules_name", text("lower(name)"), unique=True),
        Index("ix_rules_position", "position", "id"),
        CheckConstraint("version > 0", name="version"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[RuleKind] = mapped_column(default=RuleKind.TRIGGER)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(500), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_enabled: Mapped[bool] = mapped_column(default=False)
    stops: Mapped[bool] = mapped_column(default=False)  # those after it are not asked, where it runs
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    project_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    triggers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    filter: Mapped[str] = mapped_column(default="")
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    version: Mapped[int] = mapped_column(default=1)
    failures: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[datetime | None]
    runs: Mapped[int] = mapped_column(default=0)
    last_run_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    armed_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())  # what was due before is over
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    owner: Mapped[User] = relationship()

    @property
    def is_paused(self) -> bool:
        """It is enabled, and does nothing since it failed too often."""
        return self.paused_at is not None


class RuleVersion(Model):
    """What a rule was, from then on until the next version; it outlives the rule, which can come back."""

    __tablename__ = "rule_versions"

    rule_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    changed_by: Mapped[User | None] = relationship()


class RuleRun(Model):
    """A rule has run on a ticket, woken by an event; `root_id` is the event with which that chain of
    causes began. In one chain it does so once: whoever inserts the row may."""

    __tablename__ = "rule_runs"
    __table_args__ = (
        Index("uq_rule_runs_chain", "ticket_id", "root_id", "rule_id", unique=True),
        Index("ix_rule_runs_event_id", "event_id"),
        Index("ix_rule_runs_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    root_id: Mapped[int]
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class RuleTrace(Model):
    """What the rules that an event woke have answered, in their order: see `traces`."""

    __tablename__ = "rule_traces"
    __table_args__ = (
        Index("uq_rule_traces_event_id", "event_id", unique=True),
        Index("ix_rule_traces_ticket_id", "ticket_id", "event_id"),
        Index("ix_rule_traces_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    answers: Mapped[list[list[Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class MomentState(StrEnum):
    DUE = "due"
    DONE = "done"


class RuleMoment(Model):
    """When a rule that goes by the clock comes due on a ticket; each does so once.

    `counted_from` is the moment it is counted from, where that is something that happened there.
    """

    __tablename__ = "rule_moments"
    __table_args__ = (
        Index("uq_rule_moments_due", "ticket_id", "rule_id", "due_at", unique=True),
        Index("ix_rule_moments_waiting", "due_at", "id", postgresql_where=text("state = 'due'")),
        Index("ix_rule_moments_over", "due_at", postgresql_where=text("state = 'done'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    counted_from: Mapped[datetime | None]
    state: Mapped[MomentState] = mapped_column(default=MomentState.DUE)


class TrialState(StrEnum):
    """queued -> running -> done; failed after its last try, cancelled by whoever tries."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return str(TRIAL_LABELS[self])


TRIAL_LABELS = {
    TrialState.QUEUED: _l("Waiting"),
    TrialState.RUNNING: _l("Being tried"),
    TrialState.DONE: _l("Done"),
    TrialState.FAILED: _l("Failed"),
    TrialState.CANCELLED: _l("Cancelled"),
}


class TrialStep(StrEnum):
    LOOKING = "looking"  # through tickets, for when it would have run
    PLAYING = "playing"  # what it would have done


class RuleTrial(Model):
    """A rule, saved or not, that somebody tries on what has happened: `content` is what it is to be, as
    `RuleVersion` keeps it, and `told` what came of it in short. It says what its reader may see.

    `lease_until` is set while a worker is at it; one that ran out is a worker that died, and
    `attempts` tells its successor from it.
    """

    __tablename__ = "rule_trials"
    __table_args__ = (
        Index("ix_rule_trials_due", "id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_rule_trials_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    reader_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"), index=True)
    kind: Mapped[RuleKind]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    days: Mapped[int]
    state: Mapped[TrialState] = mapped_column(default=TrialState.QUEUED)
    step: Mapped[TrialStep] = mapped_column(default=TrialStep.LOOKING)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    finished_at: Mapped[datetime | None]

    reader: Mapped[User] = relationship()

    @property
    def is_open(self) -> bool:
        return self.state in {TrialState.QUEUED, TrialState.RUNNING}


class RuleTrialCase(Model):
    """When the rule would have run in a trial, and what would have been done: a list of `rehearsal.Deed`."""

    __tablename__ = "rule_trial_cases"

    trial_id: Mapped[int] = mapped_column(ForeignKey("rule_trials.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    outcome: Mapped[Outcome]
    error: Mapped[str] = mapped_column(default="")
    came_back: Mapped[bool] = mapped_column(default=False)
    deeds: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)


class Turn(Model):
    """When somebody of a team was last given a ticket in turn: the higher, the later."""

    __tablename__ = "rule_turns"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    number: Mapped[int]
