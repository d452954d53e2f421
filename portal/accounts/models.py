"""People, what lets them in, the browsers they use, and the links that prove a mail address."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, text
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
    anonymized_at: Mapped[datetime | None]  # since when nobody knows any more who this was
    two_step_since: Mapped[datetime | None]  # when their log-in began to ask for a code
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    deputy: Mapped[User | None] = relationship(remote_side=[id])

    __eq__ = object.__eq__  # Flask-Login's compares what `get_id` gives
    __hash__ = object.__hash__
    session_token = ""  # of the browser that is just logging in; not a column

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


class Session(Model):
    """One browser that is logged in. Deleting the row logs it out.

    Only the digest of its token is kept: whoever reads the table can log in as nobody.
    """

    __tablename__ = "sessions"

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

    user: Mapped[User] = relationship()


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


class TwoStepKey(Model):
    """What a person's app and the desk both know, so that both can work out the code of the moment.

    The secret is sealed (`portal.accounts.sealing`). `last_step` is the time step
    of the last code that was accepted: neither it nor one before counts again.
    """

    __tablename__ = "two_step_keys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[str]
    last_step: Mapped[int]


class RecoveryCode(Model):
    """One of the codes that let somebody in, once each, who has lost the app."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None]


class HalfLogin(Model):
    """One browser that has shown the password and not yet the code. It opens nothing."""

    __tablename__ = "half_logins"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_remembered: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


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
