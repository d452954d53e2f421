"""Projects give tickets their keys; categories bring them to the right team."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.extensions import Model
from portal.lifecycles.models import Lifecycle
from portal.organizations.models import Team


class Project(Model):
    """What its tickets are named after. `members_only` shuts it to the desk, but for its lead and members."""

    __tablename__ = "projects"
    __table_args__ = (CheckConstraint("key ~ '^[A-Z][A-Z0-9]{1,9}$'", name="key"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(10), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(default="")
    lifecycle_id: Mapped[int] = mapped_column(ForeignKey("lifecycles.id"))
    default_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    members_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    archived_at: Mapped[datetime | None]

    lifecycle: Mapped[Lifecycle] = relationship()
    default_team: Mapped[Team | None] = relationship()
    lead: Mapped[User | None] = relationship()


class ProjectMember(Model):
    """Somebody who works in the project: where it is for its members only, or they are limited to theirs."""

    __tablename__ = "project_members"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    project: Mapped[Project] = relationship()
    user: Mapped[User] = relationship()


class ProjectCounter(Model):
    """The last number that was given to a ticket of the project.

    A row of its own, so that taking a number locks nothing else; it is taken as
    late as possible, because it is held until the commit.
    """

    __tablename__ = "project_counters"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class TicketCategory(Model):
    """What a ticket is about. Without a project it is offered in each."""

    __tablename__ = "ticket_categories"
    __table_args__ = (
        Index(
            "uq_ticket_categories_name",
            text("lower(name)"),
            text("coalesce(project_id, 0)"),
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    stored_name: Mapped[str] = mapped_column("name", String(80))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))  # gets its tickets
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]

    project: Mapped[Project | None] = relationship()
    team: Mapped[Team | None] = relationship()

    @property
    def name(self) -> str:
        """In the reader's language, where it is one of the seeded ones."""
        return gettext(self.stored_name) if self.stored_name else ""
