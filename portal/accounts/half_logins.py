"""A log-in between its two steps: the first was right, a code or a passkey is still to come.

The browser holds a token that is good for the page that asks for it, for ten
minutes, and for nothing else. Nothing here commits.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.credentials import HalfLogin
from portal.accounts.models import User, digest
from portal.extensions import db

LIFE = timedelta(minutes=10)


def begin(user: User, *, remember: bool, is_emergency: bool = False) -> str:
    """The token for this browser's cookie; it is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    over = delete(HalfLogin).where(HalfLogin.user_id == user.id, HalfLogin.expires_at < clock.now())
    db.session.execute(over)
    half = HalfLogin(
        user_id=user.id,
        token_digest=digest(token),
        is_remembered=remember,
        is_emergency=is_emergency,
        expires_at=clock.now() + LIFE,
    )
    db.session.add(half)
    return token


def find(token: object) -> HalfLogin | None:
    """The half log-in of the browser that holds this; None where it is over, or was never begun."""
    if not isinstance(token, str):
        return None
    living = (
        select(HalfLogin)
        .join(HalfLogin.user)
        .where(
            HalfLogin.token_digest == digest(token),
            HalfLogin.expires_at > clock.now(),
            User.is_active.is_(True),
            User.two_step_since.is_not(None),
        )
    )
    return db.session.scalar(living.options(joinedload(HalfLogin.user)))


def end(half: HalfLogin) -> None:
    db.session.execute(delete(HalfLogin).where(HalfLogin.token_digest == half.token_digest))


def end_all(user: User) -> None:
    """Let no browser make the second step that has made the first: what let it do so is no more."""
    db.session.execute(delete(HalfLogin).where(HalfLogin.user_id == user.id))
