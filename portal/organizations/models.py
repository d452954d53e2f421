"""Organizations with their departments and members, and the teams of agents who do the work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model


class MembershipRole(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"  # reads what is shared; neither asks nor replies

    @property
    def label(self) -> str:
        return str(MEMBERSHIP_LABELS[self])

    @property
    def leads(self) -> bool:
        """Whether it looks after the organization's people."""
        return self in LEADING


MEMBERSHIP_LABELS = {
    MembershipRole.OWNER: _l("Owner"),
    MembershipRole.ADMIN: _l("Admin"),
    MembershipRole.MEMBER: _l("Member"),
    MembershipRole.VIEWER: _l("Viewer"),
}
LEADING = frozenset({MembershipRole.OWNER, MembershipRole.ADMIN})


class Shares(StrEnum):
    """What the people of an organization see of each other's tickets, confidential ones apart."""

    OWN = "own"
    DEPARTMENT = "department"
    ALL = "all"

    @property
    def label(self) -> str:
        return str(SHARES_LABELS[self])


SHARES_LABELS = {
    Shares.OWN: _l("Only their own requests"),
    Shares.DEPARTMENT: _l("The requests of their department"),
    Shares.ALL: _l("The requests of the whole organization"),
}


class Organization(Model):
    """A company or house whose people the desk serves."""

    __tablename__ = "organizations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    shares: Mapped[Shares] = mapped_column(default=Shares.OWN, server_default=Shares.OWN.value)

    memberships: Mapped[list[Membership]] = relationship(back_populates="organization")

    def shares_within(self, department_id: int | None) -> bool:
        """Whether its people see of each other what belongs to that department, or to none."""
        of_department = self.shares is Shares.DEPARTMENT and department_id is not None
        return self.shares is Shares.ALL or of_department


class Department(Model):
    """A part of an organization, whose people may share their tickets."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        UniqueConstraint("organization_id", "id"),  # so that a member's is one of their organization
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))

    organization: Mapped[Organization] = relationship()


class Membership(Model):
    """What somebody is to an organization. A person can belong to several."""

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "department_id"], ["departments.organization_id", "departments.id"]
        ),
        Index("ix_memberships_department_id", "department_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[MembershipRole] = mapped_column(default=MembershipRole.MEMBER)
    department_id: Mapped[int | None]

    organization: Mapped[Organization] = relationship(back_populates="memberships")
    department: Mapped[Department | None] = relationship(
        primaryjoin="foreign(Membership.department_id) == Department.id"
    )
    user: Mapped[User] = relationship()

    @property
    def shares_what_is_asked(self) -> bool:
        """Whether colleagues read what this member asks for."""
        return self.organization.shares_within(self.department_id)


class Invitation(Model):
    """A mailed link by which somebody may join an organization: one for each address, good once.

    Only the digest of its token is kept. The row goes when it is accepted or withdrawn;
    the events tell of both.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("organization_id", "email"),
        ForeignKeyConstraint(
            ["organization_id", "department_id"], ["departments.organization_id", "departments.id"]
        ),
        Index("ix_invitations_department_id", "department_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    department_id: Mapped[int | None]
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[MembershipRole]
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    expires_at: Mapped[datetime]

    organization: Mapped[Organization] = relationship()
    department: Mapped[Department | None] = relationship(
        primaryjoin="foreign(Invitation.department_id) == Department.id"
    )
    invited_by: Mapped[User] = relationship()

    @property
    def is_too_old(self) -> bool:
        return self.expires_at <= clock.now()


class Team(Model):
    """The agents who work on one kind of tickets."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)

    members: Mapped[list[TeamMember]] = relationship(back_populates="team")


class TeamMember(Model):
    __tablename__ = "team_members"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_lead: Mapped[bool] = mapped_column(default=False)

    team: Mapped[Team] = relationship(back_populates="members")
    user: Mapped[User] = relationship()
