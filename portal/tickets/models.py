"""Tickets, who is concerned by them, and what people wrote on them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Organization, Team
from portal.projects.models import Project, TicketCategory

# What dashboards count tickets by.
FACTS = ("team_id", "status_id", "priority_rank", "assignee_id", "is_confidential")
OPEN = text("status_category <> 'done'")
CLOSED = text("closed_at IS NOT NULL")
OPEN_TO_AGENTS = text("NOT is_confidential")


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def label(self) -> str:
        return str(PRIORITY_LABELS[self])


PRIORITY_LABELS = {
    Priority.LOW: _l("Low"),
    Priority.MEDIUM: _l("Medium"),
    Priority.HIGH: _l("High"),
    Priority.CRITICAL: _l("Critical"),
}


class TicketType(StrEnum):
    INCIDENT = "incident"
    REQUEST = "request"
    QUESTION = "question"
    PROBLEM = "problem"
    CHANGE = "change"
    TASK = "task"

    @property
    def label(self) -> str:
        return str(TYPE_LABELS[self])


TYPE_LABELS = {
    TicketType.INCIDENT: _l("Incident"),
    TicketType.REQUEST: _l("Request"),
    TicketType.QUESTION: _l("Question"),
    TicketType.PROBLEM: _l("Problem"),
    TicketType.CHANGE: _l("Change"),
    TicketType.TASK: _l("Task"),
}


class WaitingFor(StrEnum):
    REQUESTER = "requester"
    SUPPLIER = "supplier"
    APPROVAL = "approval"
    OTHER = "other"

    @property
    def label(self) -> str:
        return str(WAITING_LABELS[self])


WAITING_LABELS = {
    WaitingFor.REQUESTER: _l("The requester"),
    WaitingFor.SUPPLIER: _l("A supplier"),
    WaitingFor.APPROVAL: _l("An approval"),
    WaitingFor.OTHER: _l("Something else"),
}


class Part(StrEnum):
    """What somebody is to a ticket. Any part lets them see it."""

    REQUESTER = "requester"
    PARTICIPANT = "participant"  # a colleague of the requester, who may answer for them
    ASSIGNEE = "assignee"
    WATCHER = "watcher"


class Ticket(Model):
    """A request for help, from the moment an employee submits it until it is closed.

    `team_id` is None until somebody has triaged it; every agent sees those.
    `version` counts the changes of its own fields, and guards against lost ones.
    `status_category` repeats the status's, and the ranks sort by what words mean.
    `department_id` is the requester's when they asked: whoever moves to another
    department leaves their old tickets to the old one.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        # What agents ask for: open tickets, in each order that has no limit.
        Index("ix_tickets_open_id", "id", postgresql_where=OPEN, postgresql_include=FACTS),
        Index("ix_tickets_open_updated", "updated_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_created", "created_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_priority", "priority_rank", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_status", "status_rank", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_project", "project_id", "updated_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_facts", *FACTS, postgresql_where=OPEN),
        Index("ix_tickets_closed", "closed_at", "id", postgresql_where=CLOSED),
        Index("ix_tickets_updated", "updated_at", "id"),
        Index("ix_tickets_created", "created_at", "id"),
        Index("ix_tickets_priority", "priority_rank", "id"),
        Index("ix_tickets_status", "status_rank", "id"),
        # Whose they are.
        Index("ix_tickets_assignee", "assignee_id", "updated_at", "id"),
        Index("ix_tickets_team", "team_id", "updated_at", "id", postgresql_where=OPEN_TO_AGENTS),
        Index("ix_tickets_requester", "requester_id", "updated_at", "id"),
        Index("ix_tickets_project", "project_id", "updated_at", "id"),
        # What colleagues may share.
        Index("ix_tickets_organization", "organization_id", "updated_at", "id"),
        Index("ix_tickets_open_organization", "organization_id", "updated_at", "id", postgresql_where=OPEN),
        Index(
            "ix_tickets_department",
            "department_id",
            "updated_at",
            "id",
            postgresql_where=text("department_id IS NOT NULL"),
        ),
        Index(
            "ix_tickets_unassigned",
            "updated_at",
            "id",
            postgresql_where=text("assignee_id IS NULL AND status_category <> 'done'"),
        ),
        Index("ix_tickets_category", "category_id", "id"),
        Index("ix_tickets_search", "search", postgresql_using="gin"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("version > 0", name="version"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(30), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(default="", deferred=True)
    description_html: Mapped[str] = mapped_column(default="", deferred=True)
    type: Mapped[TicketType] = mapped_column(default=TicketType.REQUEST)
    priority: Mapped[Priority] = mapped_column(default=Priority.MEDIUM)
    priority_rank: Mapped[int] = mapped_column(
        SmallInteger,
        Computed(
            "CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END",
            persisted=True,
        ),
    )
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id"))
    status_category: Mapped[Category]
    status_rank: Mapped[int] = mapped_column(
        SmallInteger,
        Computed(
            "CASE status_category WHEN 'new' THEN 1 WHEN 'active' THEN 2 WHEN 'waiting' THEN 3 ELSE 4 END",
            persisted=True,
        ),
    )
    waiting_for: Mapped[WaitingFor | None]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_categories.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    is_confidential: Mapped[bool] = mapped_column(default=False)  # only its people, its team's leads, admins
    reply_count: Mapped[int] = mapped_column(default=0)  # public replies
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    closed_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('simple', key || ' ' || title || ' ' || left(description, 100000))", persisted=True
        ),
        deferred=True,
    )

    project: Mapped[Project] = relationship()
    status: Mapped[Status] = relationship()
    category: Mapped[TicketCategory | None] = relationship()
    organization: Mapped[Organization | None] = relationship()
    team: Mapped[Team | None] = relationship()
    requester: Mapped[User] = relationship(foreign_keys=[requester_id])
    assignee: Mapped[User | None] = relationship(foreign_keys=[assignee_id])

    @property
    def is_done(self) -> bool:
        return self.status_category == Category.DONE

    @property
    def is_shared(self) -> bool:
        """Whether its organization lets colleagues of the requester read it."""
        if self.is_confidential or self.organization is None:
            return False
        return self.organization.shares_within(self.department_id)


class TicketKey(Model):
    """A key that a ticket had before it was moved; it leads to the ticket for ever."""

    __tablename__ = "ticket_keys"

    key: Mapped[str] = mapped_column(String(30), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)


class TicketPerson(Model):
    """Somebody's part in a ticket: the rows that decide who sees it, found by user."""

    __tablename__ = "ticket_people"
    __table_args__ = (Index("ix_ticket_people_ticket_id", "ticket_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[Part] = mapped_column(primary_key=True)

    user: Mapped[User] = relationship()


class Comment(Model):
    """A public reply, or an internal note that only the desk may ever read."""

    __tablename__ = "comments"
    __table_args__ = (
        Index("ix_comments_ticket_id_id", "ticket_id", "id"),
        Index("ix_comments_search", "search", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    is_internal: Mapped[bool] = mapped_column(default=False)
    body: Mapped[str]
    body_html: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', left(body, 100000))", persisted=True), deferred=True
    )

    ticket: Mapped[Ticket] = relationship()
    author: Mapped[User] = relationship()


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


class ExternalTicket(Model):
    """Which ticket came from which row of which source, so that an import runs twice unharmed."""

    __tablename__ = "external_tickets"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asks for, checked by a form, an import or another door."""

    project: Project
    title: str
    description: str = ""
    category: TicketCategory | None = None
    priority: Priority = Priority.MEDIUM
    type: TicketType = TicketType.REQUEST
    organization: Organization | None = None
    is_confidential: bool = False
