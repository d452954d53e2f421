"""Forms that were sent twice. Nothing here commits."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.extensions import affected, db
from portal.tickets.unsent import IdempotencyKey

# Made once, for every form that is sent asks for them, and of the table: no session holds such a row.
_KEYS: Any = IdempotencyKey.__table__
_CLAIM = insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.key)
_REMEMBER = (
    update(_KEYS)
    .where(_KEYS.c.user_id == bindparam("whose"), _KEYS.c.key == bindparam("which"))
    .values(made=bindparam("what"))
)


def key_of(sent: dict[str, Any], *, place: str) -> str | None:
    """The key under which a form counts: the one that it brought, for that place and these words alone.

    So neither a page that somebody went back to, and wrote on, nor a key that was
    used elsewhere swallows what is new.
    """
    if not sent["idempotency_key"]:
        return None
    said = [[name, value] for name, value in sorted(sent.items()) if name != "csrf_token"]
    return sha256(json.dumps([place, said], default=str).encode()).hexdigest()


def claim(key: str | None, *, user: User) -> str | None:
    """None if this form is new, and it is then ours; else what it made the first time.

    The same form sent at the same moment waits here until the first has committed.
    """
    if not key:
        return None
    values = {"user_id": user.id, "key": key, "made": "", "created_at": clock.now()}
    if db.session.scalar(_CLAIM, values):
        return None
    made = select(IdempotencyKey.made).where(IdempotencyKey.user_id == user.id, IdempotencyKey.key == key)
    return db.session.scalar(made)


def is_known(key: str | None, *, user: User) -> bool:
    """Whether this form has come before and was taken. Of one that comes at this moment `claim` tells."""
    made = select(IdempotencyKey.key).where(IdempotencyKey.user_id == user.id, IdempotencyKey.key == key)
    return key is not None and db.session.scalar(made) is not None


def remember(key: str | None, made: str, *, user: User) -> None:
    """Note what the form made, so that sending it again leads there."""
    if key:
        db.session.execute(_REMEMBER, {"whose": user.id, "which": key, "what": made})


def forget_old(before: datetime) -> int:
    """Forget forms sent before that moment; nobody sends them again."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    return affected(db.session.execute(old))
