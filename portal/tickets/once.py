"""Forms that were sent twice. Nothing here commits."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.extensions import affected, db
from portal.tickets.models import IdempotencyKey


def claim(key: str | None, *, user: User) -> str | None:
    """None if this form is new, and it is then ours; else what it made the first time.

    The same form sent at the same moment waits here until the first has committed.
    """
    if not key:
        return None
    values = {"user_id": user.id, "key": key, "made": "", "created_at": clock.now()}
    new = insert(IdempotencyKey).values(values).on_conflict_do_nothing().returning(IdempotencyKey.key)
    if db.session.scalar(new):
        return None
    made = select(IdempotencyKey.made).where(IdempotencyKey.user_id == user.id, IdempotencyKey.key == key)
    return db.session.scalar(made)


def remember(key: str | None, made: str, *, user: User) -> None:
    """Note what the form made, so that sending it again leads there."""
    if key:
        own = update(IdempotencyKey).where(IdempotencyKey.user_id == user.id, IdempotencyKey.key == key)
        db.session.execute(own.values(made=made))


def forget_old(before: datetime) -> int:
    """Forget forms sent before that moment; nobody sends them again."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    return affected(db.session.execute(old))
