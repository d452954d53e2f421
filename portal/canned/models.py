"""Canned replies: texts that answer often, kept by one person or shared."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal import clock
from portal.accounts.models import User, sort_key
from portal.extensions import Model
from portal.organizations.models import Team
from portal.organizations.sharing import Sharing
from portal.projects.models import Project

BODY_LIMIT = 20_000  # characters


class CannedReply(Model):
    """A Markdown text with placeholders, which stands in one place: its owner's, a team's or everyone's.

    `owner_id` and `team_id` say which; with neither it is everyone's. What is shared
    belongs to its place and outlives whoever wrote it; what somebody has for
    themselves goes with them. With a project it is offered at that one's tickets alone.
    `version` guards against lost changes.
    """

    __tablename__ = "canned_replies"
    __table_args__ = (
        CheckConstraint("num_nonnulls(owner_id, team_id) <= 1", name="place"),
        Index(
            "uq_canned_replies_owner",
            "owner_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("owner_id IS NOT NULL"),
        ),
        Index(
            "uq_canned_replies_team",
            "team_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("team_id IS NOT NULL"),
        ),
        Index(
            "uq_canned_replies_everyone",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("owner_id IS NULL AND team_id IS NULL"),
        ),
        Index("ix_canned_replies_sort_name", "sort_name", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    name: Mapped[str] = mapped_column(String(80))
    sort_name: Mapped[str] = mapped_column(String(120))  # unaccented, small
    body: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: the desk itself
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    team: Mapped[Team | None] = relationship()
    project: Mapped[Project | None] = relationship()
    changed_by: Mapped[User | None] = relationship(foreign_keys=[changed_by_id])

    @validates("name")
    def _sorted_by(self, _name: str, name: str) -> str:
        self.sort_name = sort_key(name)
        return name

    @property
    def shared(self) -> Sharing:
        if self.owner_id is not None:
            return Sharing.NOBODY
        return Sharing.TEAM if self.team_id is not None else Sharing.EVERYONE

    @property
    def is_shared(self) -> bool:
        return self.shared is not Sharing.NOBODY


class CannedReplyVersion(Model):
    """What a reply was that was shared, from then on until the next version.

    What somebody has for themselves is nobody's to look back at, and has none.
    """

    __tablename__ = "canned_reply_versions"

    reply_id: Mapped[int] = mapped_column(
        ForeignKey("canned_replies.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)  # name, body, team and project by id and label
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    changed_by: Mapped[User | None] = relationship()
