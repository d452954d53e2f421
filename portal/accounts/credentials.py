"""What lets somebody in besides a password: app, recovery codes, passkeys, and tokens for programs."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Identity, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.permissions import Scope


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
    """One browser that has made the first step and not yet the second. It opens nothing."""

    __tablename__ = "half_logins"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_remembered: Mapped[bool] = mapped_column(default=False)
    is_emergency: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class Passkey(Model):
    """A key pair that a device, or its owner's password manager, made for this desk alone (WebAuthn).

    The desk knows the public half. `sign_count` is how often the device says it
    has signed; those that are copied between devices always say 0.
    """

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(12))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    transports: Mapped[str] = mapped_column(String(100), default="")  # by comma: usb, nfc, internal, hybrid
    is_backed_up: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    last_used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class AskedFor(StrEnum):
    """What a passkey is to sign a challenge for."""

    LOGIN = "login"
    SECOND_STEP = "second_step"
    NEW = "new"


class PasskeyChallenge(Model):
    """Random bytes that a passkey is to sign, once and soon, in the browser that holds the token.

    `held_by` is the digest of the half log-in or the session that it belongs to besides.
    """

    __tablename__ = "passkey_challenges"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked_for: Mapped[AskedFor]
    held_by: Mapped[str] = mapped_column(String(64), default="")
    challenge: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Model):
    """What lets a program act for somebody, as far as `scopes` go. Deleting the row revokes it.

    Only its digest is kept, and its first letters, by which its owner knows it again.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (CheckConstraint("cardinality(scopes) > 0", name="scopes"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(12))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(20))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str] = mapped_column(String(64), default="")

    user: Mapped[User] = relationship()

    @property
    def is_over(self) -> bool:
        return self.expires_at <= clock.now()

    @property
    def scope_labels(self) -> list[str]:
        return [scope.label for scope in Scope if scope in self.scopes]
