"""Personal API tokens: programs act for somebody by them, as far as that person may. Nothing here commits.

A token is `desk_` and 256 random bits, so that scanners for secrets know one when
they see it. It is shown once; neither it nor its digest is ever recorded or logged.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import contains_eager

from portal import clock
from portal.accounts.credentials import ApiToken
from portal.accounts.links import mail_token_made
from portal.accounts.models import User, about, digest
from portal.accounts.queries import hold
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.permissions import Scope

MARK = "desk_"
SHOWN = len(MARK) + 4  # letters by which it is known again
MOST = 20  # living ones of one person
LONGEST = timedelta(days=365)
USED_EVERY = timedelta(minutes=5)  # as often as it is noted
_TOKEN = re.compile(rf"{MARK}[A-Za-z0-9_-]{{43}}")


def create(user: User, *, name: str, scopes: Iterable[Scope], until: datetime) -> str:
    """The new token, to be shown once; its owner is told by mail that there is one.

    Raises DomainError where they have as many as they may, and for more than a year.
    """
    if not clock.now() < until <= clock.now() + LONGEST + timedelta(days=1):
        raise DomainError(_("A token is good for a year at most."))
    if _how_many_live(user) >= MOST:
        raise DomainError(_("You have %(most)s tokens already. Revoke one first.", most=MOST))
    secret = MARK + secrets.token_urlsafe(32)
    wanted = [scope.value for scope in Scope if scope in set(scopes)]
    token = ApiToken(
        user_id=user.id,
        name=name,
        prefix=secret[:SHOWN],
        token_digest=digest(secret),
        scopes=wanted,
        expires_at=until,
    )
    db.session.add(token)
    record(
        Kind.TOKEN_CREATED,
        actor=user,
        **about(user),
        token=name,
        prefix=token.prefix,
        scopes=wanted,
        until=until.isoformat(),
    )
    mail_token_made(user, name)
    return secret


def revoke(user: User, public_id: str, *, actor: User) -> bool:
    """Let that token of the user be good for nothing; False where they have no such."""
    own = select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.public_id == public_id)
    token = db.session.scalar(own.with_for_update())
    if token is None:
        return False
    db.session.delete(token)
    record(Kind.TOKEN_REVOKED, actor=actor, **about(user), token=token.name, prefix=token.prefix)
    return True


def tokens_of(user: User) -> list[ApiToken]:
    """Theirs, the newest first; those that are over too, until they are forgotten."""
    theirs = select(ApiToken).where(ApiToken.user_id == user.id)
    return list(db.session.scalars(theirs.order_by(ApiToken.id.desc())))


def find(secret: str) -> ApiToken | None:
    """The living token whose secret that is, with its owner, if that person could log in."""
    if not _TOKEN.fullmatch(secret):
        return None
    living = (
        select(ApiToken)
        .join(ApiToken.user)
        .where(
            ApiToken.token_digest == digest(secret),
            ApiToken.expires_at > clock.now(),
            User.is_active.is_(True),
            User.email_verified_at.is_not(None),
        )
    )
    found = living.options(contains_eager(ApiToken.user))
    return db.session.scalar(found, execution_options=KEEPS_PLAN)


def is_use_worth_noting(token: ApiToken, *, address: str) -> bool:
    """At most once in five minutes, and whenever it comes from elsewhere."""
    if token.last_used_at is None or token.last_address != address[:64]:
        return True
    return clock.now() - token.last_used_at > USED_EVERY


def note_use(token: ApiToken, *, address: str) -> None:
    own = update(ApiToken).where(ApiToken.id == token.id)
    db.session.execute(own.values(last_used_at=clock.now(), last_address=address[:64]))


def _how_many_live(user: User) -> int:
    """Counted while the person's row is held: two windows make no more than one."""
    hold(user)
    living = select(func.count()).where(ApiToken.user_id == user.id, ApiToken.expires_at > clock.now())
    return db.session.scalar(living) or 0
