"""Saved views of the queue, and what each person has chosen for the views that are not theirs to change."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model
from portal.organizations.sharing import Sharing

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.organizations.models import Team

LONGEST = 60  # characters of a name


class View(Model):
    """A filter with a name, an order and columns. Each reader is shown what they may see of it.

    `filter` is the canonical text of the moment; what it names may have gone since. `version`
    counts the changes, and guards against lost ones. `position` is its place among the owner's.
    """

    __tablename__ = "views"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        CheckConstraint("(shared_with = 'team') = (team_id IS NOT NULL)", name="team"),
        Index("ix_views_shared", "shared_with", "team_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST))
    filter: Mapped[str] = mapped_column(default="")
    sort: Mapped[str] = mapped_column(String(20))
    columns: Mapped[list[str]] = mapped_column(JSONB)
    shared_with: Mapped[Sharing] = mapped_column(default=Sharing.NOBODY)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    updated_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    owner: Mapped[User] = relationship("User")
    team: Mapped[Team | None] = relationship("Team")

    @property
    def is_shared(self) -> bool:
        return self.shared_with is not Sharing.NOBODY

    @property
    def audience(self) -> str:
        """Who has it, in words."""
        return self.team.name if self.team else self.shared_with.label


class ViewChoice(Model):
    """What somebody has chosen for a view that is built in, or shared by another.

    `view` is the name of the one or the public id of the other.
    """

    __tablename__ = "view_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    view: Mapped[str] = mapped_column(String(24), primary_key=True)
    columns: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    is_hidden: Mapped[bool] = mapped_column(default=False)
