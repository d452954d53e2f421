"""Identity providers that let people in, and who somebody is to each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.organizations.models import Team
from portal.permissions import Role


class IdentityProvider(Model):
    """A house's own log-in, which speaks OpenID Connect. `slug` stands in its addresses for ever."""

    __tablename__ = "identity_providers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(300))
    sealed_secret: Mapped[str] = mapped_column(default="")
    scopes: Mapped[str] = mapped_column(String(200), default="openid email profile")
    groups_claim: Mapped[str] = mapped_column(String(80), default="groups")
    creates_accounts: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)

    rules: Mapped[list[GroupRule]] = relationship(
        back_populates="provider", cascade="all, delete-orphan", order_by="GroupRule.id"
    )


class GroupRule(Model):
    """Whoever is in the provider's group has the role, or works in the team; it says one of both."""

    __tablename__ = "group_rules"
    __table_args__ = (CheckConstraint("(role IS NULL) <> (team_id IS NULL)", name="one_of_both"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    provider_id: Mapped[int] = mapped_column(
        ForeignKey("identity_providers.id", ondelete="CASCADE"), index=True
    )
    group: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role | None]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)

    provider: Mapped[IdentityProvider] = relationship(back_populates="rules")
    team: Mapped[Team | None] = relationship()


class ExternalIdentity(Model):
    """Whom a provider means by one of its subjects."""

    __tablename__ = "external_identities"
    __table_args__ = (UniqueConstraint("provider_id", "subject"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("identity_providers.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    user: Mapped[User] = relationship()
    provider: Mapped[IdentityProvider] = relationship()
