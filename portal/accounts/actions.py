"""Everything that can be done to an account. Nothing here commits."""

import secrets
from datetime import timedelta

from portal import clock
from portal.accounts.models import Session, User, digest
from portal.extensions import db

SESSION_LIFE = timedelta(hours=24)
REMEMBERED_LIFE = timedelta(days=14)


def open_session(
    user: User, *, remember: bool = False, user_agent: str = "", address: str = ""
) -> tuple[Session, str]:
    """Let one browser in as this user; the token is for its cookie and is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    session = Session(
        user=user,
        token_digest=digest(token),
        is_remembered=remember,
        user_agent=user_agent[:300],
        address=address[:64],
        expires_at=clock.now() + (REMEMBERED_LIFE if remember else SESSION_LIFE),
    )
    db.session.add(session)
    db.session.flush()
    return session, token
