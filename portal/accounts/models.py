"""People, their pictures, the browsers they use, and the links that prove a mail address."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, cast

from flask_login import UserMixin
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal import clock
from portal.extensions import Model
from portal.permissions import GRANTS, STAFF, Permission, Role

HUES = 8


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Density(StrEnum):
    COMFORTABLE = "comfortable"
    COMPACT = "compact"


class Purpose(StrEnum):
    """What a link in a mail is good for."""

    VERIFY = "verify"
    RESET = "reset"


def digest(token: str) -> str:
    """What is stored of a secret that somebody else holds: 64 hexadecimal digits (SHA-256)."""
    return sha256(token.encode()).hexdigest()


class User(Model, UserMixin):
    """Somebody with a login, or to be invited. Mail addresses are kept in small letters."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", "email", unique=True),
        Index("ix_users_sort_name_id", "sort_name", "id"),
        Index("ix_users_role", "role", postgresql_where=text("role <> 'employee'")),
        CheckConstraint(
            "(absent_from IS NULL) = (absent_until IS NULL) AND absent_from <= absent_until", name="absence"
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    sort_name: Mapped[str] = mapped_column(String(120))  # unaccented, small: "aenne" beside "anna"
    role: Mapped[Role] = mapped_column(default=Role.EMPLOYEE)
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_limited: Mapped[bool] = mapped_column(  # an agent who works only in projects they are a member of
        default=False, server_default=false()
    )
    email_verified_at: Mapped[datetime | None]
    locale: Mapped[str | None] = mapped_column(String(10))
    timezone: Mapped[str | None] = mapped_column(String(64))
    theme: Mapped[Theme] = mapped_column(default=Theme.SYSTEM)
    density: Mapped[Density] = mapped_column(default=Density.COMFORTABLE)
    shortcuts_enabled: Mapped[bool] = mapped_column(default=True)
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    absent_from: Mapped[date | None]  # days in their own time zone, the last one included
    absent_until: Mapped[date | None]
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    picture_digest: Mapped[str | None] = mapped_column(String(32))  # of what stands beside their name
    quiet_about: Mapped[list[str]] = mapped_column(
        ARRAY(String(40)), default=list, server_default=text("'{}'")
    )  # of `notices.OCCASIONS`, those that do not ring their bell
    two_step_since: Mapped[datetime | None]  # when their log-in began to ask for a second step
    is_break_glass: Mapped[bool] = mapped_column(default=False, server_default=false())  # emergency.py
    anonymized_at: Mapped[datetime | None]  # since when nobody knows any more who this was
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    deputy: Mapped[User | None] = relationship(remote_side=[id])

    __eq__ = object.__eq__  # Flask-Login's compares what `get_id` gives
    __hash__ = object.__hash__
    session_token = ""  # of the browser that is just logging in; not a column
    viewed_by = cast("User | None", None)  # the admin who sees the desk as them in this request; not a column
    was_viewing = False  # this admin has just ceased to see the desk as somebody else; not a column

    def get_id(self) -> str:
        """What Flask-Login puts into the cookie: a random token, never the user's id."""
        return self.session_token

    @validates("email")
    def _small(self, _name: str, email: str) -> str:
        return email.strip().lower()

    @validates("name")
    def _sorted_by(self, _name: str, name: str) -> str:
        self.sort_name = sort_key(name)
        return name

    @property
    def hue(self) -> int:
        """Which of the eight avatar colours is theirs: 1 to 8."""
        return (self.id or 0) % HUES + 1

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def is_verified(self) -> bool:
        return self.email_verified_at is not None

    def may(self, permission: Permission) -> bool:
        """Whether their role grants it; whether it holds for one thing, its policy says."""
        return permission in GRANTS[self.role]


def about(user: User) -> dict[str, Any]:
    """Whom an event is about, as events on accounts say it."""
    return {"user_id": user.id, "user": user.name}


class Session(Model):
    """One browser that is logged in. Deleting the row logs it out.

    Only the digest of its token is kept: whoever reads the table can log in as nobody.
    An admin's says whom they see the desk as, and until when.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(viewing_as_id IS NULL) = (viewing_until IS NULL)", name="viewing"),
        Index(
            "ix_sessions_viewing_as_id", "viewing_as_id", postgresql_where=text("viewing_as_id IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(12))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_remembered: Mapped[bool] = mapped_column(default=False)
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    last_seen_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    expires_at: Mapped[datetime]
    viewing_as_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    viewing_until: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])


class AccountToken(Model):
    """A link that was mailed: good once, for a while, for the address it was sent to."""

    __tablename__ = "account_tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose]
    email: Mapped[str] = mapped_column(String(254))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class PictureState(StrEnum):
    WAITING = "waiting"  # for the virus scanner, and to be drawn anew
    READY = "ready"
    INFECTED = "infected"
    UNREADABLE = "unreadable"


class Picture(Model):
    """Somebody's picture: what they sent until it has been looked at, then what was drawn from it.

    What they sent is never shown, and forgotten as soon as it was drawn or refused.
    A picture that is shown stays until another one is ready.
    """

    __tablename__ = "pictures"
    __table_args__ = (
        CheckConstraint("(sent IS NOT NULL) = (state = 'waiting')", name="sent"),
        Index("ix_pictures_waiting", "sent_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_pictures_digest", "digest"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[PictureState]
    sent: Mapped[bytes | None] = mapped_column(deferred=True)
    sent_at: Mapped[datetime]
    drawn: Mapped[bytes | None] = mapped_column(deferred=True)  # WebP, `SIDE` pixels square
    digest: Mapped[str | None] = mapped_column(String(32))
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class AddressChange(Model):
    """Another mail address that somebody wants for their account: good once both addresses have agreed.

    Each address was mailed a link of its own. `ended_at` is when it was carried
    out, cancelled, or replaced by a newer wish.
    """

    __tablename__ = "address_changes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    old_email: Mapped[str] = mapped_column(String(254))
    new_email: Mapped[str] = mapped_column(String(254))
    old_digest: Mapped[str] = mapped_column(String(64), unique=True)
    new_digest: Mapped[str] = mapped_column(String(64), unique=True)
    old_agreed_at: Mapped[datetime | None]
    new_agreed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "å": "a", "ł": "l", "æ": "ae"})


def sort_key(name: str) -> str:
    """The name as the telephone book sorts it: small letters, without accents."""
    small = name.lower().translate(_PLAIN)
    plain = unicodedata.normalize("NFKD", small)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))[:120]
