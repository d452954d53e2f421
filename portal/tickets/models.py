"""Tickets, who is concerned by them, and what people wrote on them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, column_property, mapped_column, query_expression, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.lifecycles.models import Category, Status
from portal.organizations.models import Organization, Team
from portal.projects.models import Project, TicketCategory
from portal.tickets.clocked import CLOCKED_INDEXES, Clocked
from portal.tickets.due import DUE, order_of
from portal.tickets.hiding import HIDDEN, OPEN, UNASSIGNED, UNDECIDED, Hidden

# What dashboards count tickets by.
FACTS = ("team_id", "status_id", "priority_rank", "assignee_id", "is_confidential", "project_id")
SIGHT = ("team_id", "project_id", "is_confidential", "hidden_as", "merged_into_id")  # who sees it
CLOSED = text("closed_at IS NOT NULL")
MERGED = text("merged_into_id IS NOT NULL")
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


class Outcome(StrEnum):
    """How a closed ticket ended that was not solved."""

    DECLINED = "declined"  # by the desk, with a reason
    WITHDRAWN = "withdrawn"  # by its requester, before anybody had worked on it


class Part(StrEnum):
    """What somebody is to a ticket. Any part lets them see it."""

    REQUESTER = "requester"
    PARTICIPANT = "participant"  # a colleague of the requester, who may answer for them
    ASSIGNEE = "assignee"
    WATCHER = "watcher"


class Ticket(Clocked, Model):
    """A request for help, from the moment an employee submits it until it is closed.

    `team_id` is None until somebody has triaged it; every agent sees those.
    `version` counts the changes of its own fields, and guards against lost ones.
    `status_category` repeats the status's, and the ranks sort by what words mean.
    `department_id` is the requester's when they asked: whoever moves to another
    department leaves their old tickets to the old one. `tag_ids` are a column and no
    table of pairs: a filter compiles against any relation with the columns of a ticket,
    such as one that is made of events, and an index of an array finds them as fast.
    `due_at` is by when the desk wants to be done. `inbox_since` is when it began to wait for
    somebody to decide what becomes of it, and None once somebody has; until `snoozed_until`, or
    until its requester answers, it waits out of sight (`inbox`). `hidden_as` takes it out of
    everybody's sight.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_tickets_sight", "id", postgresql_include=SIGHT),  # for a search, which passes thousands
        # What agents ask for: open tickets, in each order that has no limit.
        Index("ix_tickets_open_id", "id", postgresql_where=OPEN, postgresql_include=FACTS),
        Index("ix_tickets_open_updated", "updated_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_created", "created_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_priority", "priority_rank", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_status", "status_rank", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_due", DUE, "id", postgresql_where=OPEN),
        Index("ix_tickets_open_requester", "requester_id", "waiting_for", postgresql_where=OPEN),
        Index("ix_tickets_open_of_status", "status_id", "updated_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_project", "project_id", "updated_at", "id", postgresql_where=OPEN),
        Index("ix_tickets_open_facts", *FACTS, postgresql_where=OPEN),
        Index("ix_tickets_closed", "closed_at", "id", postgresql_where=CLOSED),
        Index("ix_tickets_updated", "updated_at", "id"),
        Index("ix_tickets_created", "created_at", "id"),
        Index("ix_tickets_priority", "priority_rank", "id"),
        Index("ix_tickets_status", "status_rank", "id"),
        Index("ix_tickets_due", DUE, "id"),
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
        Index("ix_tickets_unassigned", "updated_at", "id", postgresql_where=UNASSIGNED),
        Index("ix_tickets_inbox", "created_at", "id", postgresql_where=UNDECIDED),
        Index("ix_tickets_hidden", "updated_at", "id", postgresql_where=HIDDEN),
        Index("ix_tickets_snoozed", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
        Index("ix_tickets_category", "category_id", "id"),
        Index("ix_tickets_rating", "rating", "updated_at", "id", postgresql_where=text("rating IS NOT NULL")),
        Index("ix_tickets_tags", "tag_ids", postgresql_using="gin"),
        Index("ix_tickets_merged_into_id", "merged_into_id", postgresql_where=MERGED),
        *CLOCKED_INDEXES,
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint(
            "inbox_since IS NOT NULL OR (snoozed_until IS NULL AND NOT snoozed_for_answer)", name="snoozed"
        ),
        CheckConstraint("outcome IS NULL OR status_category = 'done'", name="ended"),
        CheckConstraint(
            "merged_into_id IS NULL OR (status_category = 'done' AND merged_into_id <> id)", name="merged"
        ),
        CheckConstraint(
            "(hidden_as IS NULL) = (hidden_at IS NULL) AND (hidden_as IS NULL OR merged_into_id IS NULL)",
            name="hiding",
        ),
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
    rating: Mapped[int | None]  # of 5, by the requester: `Rating`
    minutes_spent: Mapped[int] = mapped_column(default=0, server_default="0")  # the sum of its `TimeEntry`s
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    closed_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None]  # where it was closed without being solved
    inbox_since: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    snoozed_for_answer: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    due_at: Mapped[datetime | None] = mapped_column()
    due_order: Mapped[datetime] = column_property(order_of(due_at), deferred=True)  # what lists sort by
    tag_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    hidden_as: Mapped[Hidden | None]
    hidden_at: Mapped[datetime | None]
    hidden_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    project: Mapped[Project] = relationship()
    status: Mapped[Status] = relationship()
    category: Mapped[TicketCategory | None] = relationship()
    organization: Mapped[Organization | None] = relationship()
    team: Mapped[Team | None] = relationship()
    requester: Mapped[User] = relationship(foreign_keys=[requester_id])
    assignee: Mapped[User | None] = relationship(foreign_keys=[assignee_id])
    hidden_by: Mapped[User | None] = relationship(foreign_keys=[hidden_by_id])

    # Loaded with the page's one ticket; None where nobody has asked (see `family` and `senders`).
    merged_ids: Mapped[list[int] | None] = query_expression()
    has_links: Mapped[bool | None] = query_expression()
    sender_marks: Mapped[int | None] = query_expression()

    @property
    def is_done(self) -> bool:
        return self.status_category == Category.DONE

    @property
    def is_spam(self) -> bool:
        return self.hidden_as is Hidden.SPAM

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for somebody to decide what becomes of it, put off or not."""
        return self.inbox_since is not None and not self.is_done

    @property
    def is_snoozed(self) -> bool:
        """Whether that is put off now."""
        is_to_come = self.snoozed_until is not None and self.snoozed_until > clock.now()
        return self.is_undecided and (self.snoozed_for_answer or is_to_come)

    @property
    def is_shared(self) -> bool:
        """Whether its organization lets colleagues of the requester read it."""
        if self.is_confidential or self.project.members_only or self.organization is None:
            return False
        return self.organization.shares_within(self.department_id)


class TicketKey(Model):
    """A key that a ticket had before it was moved; it leads to the ticket for ever."""

    __tablename__ = "ticket_keys"

    key: Mapped[str] = mapped_column(String(30), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)


class TicketPerson(Model):
    """Somebody's part in a ticket: the rows that decide who sees it, found by user.

    `merged_from_id` is the merged ticket from which they came along.
    """

    __tablename__ = "ticket_people"
    __table_args__ = (Index("ix_ticket_people_ticket_id", "ticket_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[Part] = mapped_column(primary_key=True)
    merged_from_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))

    user: Mapped[User] = relationship()


class Comment(Model):
    """A public reply, or an internal note that only the desk may ever read."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    is_internal: Mapped[bool] = mapped_column(default=False)
    body: Mapped[str]
    body_html: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    ticket: Mapped[Ticket] = relationship()
    author: Mapped[User] = relationship()
    mentioned: Mapped[list[User]] = relationship(
        secondary="comment_mentions", order_by=User.sort_name, viewonly=True
    )
    untold = cast("tuple[str, ...]", ())  # whom it names and was not told, and why; not a column


class Rating(Model):
    """What the requester thinks of how their ticket was solved; one for each ticket.

    The number stands on the ticket too, where filters find it; the words go with their author.
    """

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    score: Mapped[int]
    comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class TimeEntry(Model):
    """Minutes that somebody of the desk has worked on a ticket. Their sum stands on the ticket."""

    __tablename__ = "time_entries"
    __table_args__ = (
        Index("ix_time_entries_ticket_id", "ticket_id", "id"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    minutes: Mapped[int]
    worked_on: Mapped[date]  # of the one who worked, in their zone
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    user: Mapped[User] = relationship()


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
