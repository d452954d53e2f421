"""What a passkey is asked to sign: random bytes, good once, for five minutes, in the browser that asked.

The browser's cookie holds a token, the desk the bytes. Nothing here commits.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from portal import clock
from portal.accounts.credentials import AskedFor, PasskeyChallenge
from portal.accounts.models import digest
from portal.extensions import db

LIFE = timedelta(minutes=5)


def ask(asked_for: AskedFor, *, held_by: str = "") -> tuple[str, bytes]:
    """The token for this browser's cookie, which is kept nowhere else, and the bytes to sign."""
    _sweep()
    token, challenge = secrets.token_urlsafe(32), secrets.token_bytes(32)
    row = PasskeyChallenge(
        token_digest=digest(token),
        asked_for=asked_for,
        held_by=held_by,
        challenge=challenge,
        expires_at=clock.now() + LIFE,
    )
    db.session.add(row)
    return token, challenge


def _sweep() -> None:
    """Some of those that are over, but none that another request is about to sweep away."""
    over = select(PasskeyChallenge.token_digest).where(PasskeyChallenge.expires_at < clock.now())
    some = over.limit(100).with_for_update(skip_locked=True)
    db.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.token_digest.in_(some)))


def take(token: object, asked_for: AskedFor, *, held_by: str = "") -> bytes | None:
    """The bytes that this browser was to have signed; of several who come with them, the first has them."""
    if not isinstance(token, str):
        return None
    taken = delete(PasskeyChallenge).where(
        PasskeyChallenge.token_digest == digest(token),
        PasskeyChallenge.asked_for == asked_for,
        PasskeyChallenge.held_by == held_by,
        PasskeyChallenge.expires_at > clock.now(),
    )
    return db.session.scalar(taken.returning(PasskeyChallenge.challenge))
