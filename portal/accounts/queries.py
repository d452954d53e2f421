import re
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from portal import clock
from portal.accounts.models import Session, User, digest
from portal.extensions import db
from portal.permissions import STAFF, Role

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
SEEN_EVERY = timedelta(minutes=5)
IDLE = timedelta(hours=12)  # a browser that is not remembered is forgotten after so long


def user_of_session(token: object) -> User | None:
    """Who is logged in under this token; for anything that is not such a token, nobody.

    `session_token` of the answer is the token, so that Flask-Login keeps the cookie.
    That the browser was seen is written at most once in five minutes.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    now = clock.now()
    living = (
        select(User, Session.id, Session.last_seen_at, Session.is_remembered)
        .join(Session, Session.user_id == User.id)
        .where(
            Session.token_digest == digest(token), Session.expires_at > now, User.is_active.is_(True)
        )
    )
    found = db.session.execute(living).one_or_none()
    if found is None:
        return None
    user, session_id, seen_at, is_remembered = found
    if not is_remembered and now - seen_at > IDLE:
        return None
    if now - seen_at > SEEN_EVERY:
        _note_seen(session_id, now)
        user = db.session.get_one(User, user.id)
    user.session_token = token
    return user


def _note_seen(session_id: int, now: datetime) -> None:
    """In a transaction of its own, before the request has begun anything."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=now))
    db.session.commit()


def user_by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def sessions_of(user: User) -> list[Session]:
    """The browsers this person is logged in with, the latest first."""
    theirs = select(Session).where(Session.user_id == user.id, Session.expires_at > clock.now())
    return list(db.session.scalars(theirs.order_by(Session.last_seen_at.desc(), Session.id.desc())))


def has_no_people() -> bool:
    """Whether the desk is brand new: nobody could log in."""
    return db.session.scalar(select(User.id).limit(1)) is None


def agents() -> list[User]:
    """Everyone a ticket can be assigned to, by name."""
    staff = select(User).where(User.role.in_(STAFF), User.is_active.is_(True))
    return list(db.session.scalars(staff.order_by(User.sort_name, User.id)))


def active_admins() -> int:
    admins = select(func.count()).where(User.role == Role.ADMIN, User.is_active.is_(True))
    return db.session.scalar(admins)
