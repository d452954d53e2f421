import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, any_, bindparam, or_, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.util import identity_key

from portal import clock
from portal.accounts.credentials import Passkey, TwoStepKey
from portal.accounts.devices import device
from portal.accounts.models import Session, User, digest, sort_key
from portal.accounts.policy import may_view_as
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.permissions import STAFF, Role

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
SEEN_EVERY = timedelta(minutes=5)
IDLE = timedelta(hours=12)  # a browser that is not remembered is forgotten after so long
# For whoever shows that somebody is away: their deputy in the same statement.
WITH_DEPUTY = joinedload(User.deputy).load_only(User.name, User.role, User.is_active)
PEOPLE_STATES = {
    "active": User.is_active.is_(True) & User.email_verified_at.is_not(None),
    "waiting": User.is_active.is_(True) & User.email_verified_at.is_(None),
    "deactivated": User.is_active.is_(False),
}


# The person, and what `user_of_session` reads of the session: put together once, for every request asks.
_LIVING_SESSION = (
    select(
        User,
        Session.id,
        Session.last_seen_at,
        Session.is_remembered,
        Session.viewing_as_id,
        Session.viewing_until,
    )
    .join(Session, Session.user_id == User.id)
    .where(
        Session.token_digest == bindparam("digest"),
        Session.expires_at > bindparam("now"),
        User.is_active.is_(True),
        User.email_verified_at.is_not(None),
    )
)


def user_of_session(token: object, *, is_attended: bool = True) -> User | None:
    """Who is logged in under this token; for anything that is not such a token, nobody.

    `session_token` of the answer is the token, so that Flask-Login keeps the cookie.
    An admin who sees the desk as somebody else is answered as that person.
    That the browser was seen is written at most once in five minutes; what an open
    page asks by itself (`is_attended` is false) does not keep its session awake.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    now = clock.now()
    asked = {"digest": digest(token), "now": now}
    found = db.session.execute(_LIVING_SESSION, asked, execution_options=KEEPS_PLAN).one_or_none()
    if found is None:
        return None
    user, session_id, seen_at, is_remembered, viewed_id, until = found
    if not is_remembered and now - seen_at > IDLE:
        return None
    if is_attended and now - seen_at > SEEN_EVERY:
        _note_seen(session_id, now)
        user = db.session.get_one(User, user.id)
    user.session_token = token
    return user if viewed_id is None else _as_whom(user, viewed_id, is_over=until is None or until <= now)


def _as_whom(user: User, viewed_id: int, *, is_over: bool) -> User:
    """The person as whom this admin sees the desk, with the admin in `viewed_by`.

    The admin themself once that is over; `was_viewing` then says so.
    """
    person = db.session.get_one(User, viewed_id)
    if is_over or not may_view_as(user, person):
        user.was_viewing = True
        return user
    person.session_token, person.viewed_by = user.session_token, user
    return person


def _note_seen(session_id: int, now: datetime) -> None:
    """In a transaction of its own, before the request has begun anything."""
    db.session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=now))
    db.session.commit()


def hold(user: User) -> None:
    """Hold the person's row until the commit, and read it afresh."""
    held = select(User).where(User.id == user.id).with_for_update(of=User)
    db.session.scalars(held.execution_options(populate_existing=True)).one()


def has_app(user: User) -> bool:
    """Whether an authenticator app of theirs is known."""
    return db.session.scalar(select(TwoStepKey.user_id).where(TwoStepKey.user_id == user.id)) is not None


def has_passkeys(user: User) -> bool:
    return db.session.scalar(select(Passkey.id).where(Passkey.user_id == user.id).limit(1)) is not None


def people_by_id(ids: Iterable[int | None]) -> dict[int, User]:
    """These people; asked of the database are those alone whom this answer has not read yet."""
    wanted = {user_id for user_id in ids if user_id is not None}
    read = db.session.identity_map
    known = {user_id: user for user_id in wanted if (user := read.get(identity_key(User, user_id)))}
    if others := wanted - known.keys():
        found = db.session.scalars(_BY_ID, {"ids": sorted(others)}, execution_options=KEEPS_PLAN)
        known |= {user.id: user for user in found}
    return known


_BY_ID = select(User).where(User.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))


def user_by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def sessions_of(user: User) -> list[Session]:
    """The browsers this person is logged in with, the latest first."""
    now = clock.now()
    is_awake = or_(Session.is_remembered, Session.last_seen_at > now - IDLE)
    theirs = select(Session).where(Session.user_id == user.id, Session.expires_at > now, is_awake)
    return list(db.session.scalars(theirs.order_by(Session.last_seen_at.desc(), Session.id.desc())))


def has_no_people() -> bool:
    """Whether the desk is brand new: nobody could log in."""
    return db.session.scalar(select(User.id).limit(1)) is None


def agents(*which: ColumnElement[bool]) -> list[User]:
    """Everyone who works on tickets, by name; or those of them of whom this is true."""
    staff = select(User).where(User.role.in_(STAFF), User.is_active.is_(True), *which)
    named = staff.options(WITH_DEPUTY).order_by(User.sort_name, User.id)
    return list(db.session.scalars(named))


def admins() -> list[User]:
    """Those who are active, by name."""
    found = select(User).where(User.role == Role.ADMIN, User.is_active.is_(True))
    return list(db.session.scalars(found.order_by(User.sort_name, User.id)))


def people(*, search: str = "", role: Role | None = None, state: str = "") -> Select:
    """The people whose name or address holds the words, as a select for a list.

    `state` is one of `PEOPLE_STATES`, or empty for all.
    """
    listed = select(
        User.id,
        User.name,
        User.sort_name,
        User.email,
        User.role,
        User.is_active,
        User.email_verified_at,
        User.is_break_glass,
        User.password_hash.is_(None).label("is_invited"),
        User.picture_digest,
    )
    for word in search.split()[:5]:
        in_name = User.sort_name.contains(sort_key(word), autoescape=True)
        listed = listed.where(or_(in_name, User.email.contains(word.lower(), autoescape=True)))
    if role:
        listed = listed.where(User.role == role)
    if state:
        listed = listed.where(PEOPLE_STATES[state])
    return listed


def person_or_404(user_id: int) -> User:
    return db.one_or_404(select(User).where(User.id == user_id))


@dataclass(frozen=True)
class Browser:
    """A session as its owner sees it."""

    public_id: str
    device: str
    address: str
    last_seen_at: datetime
    is_current: bool


def browsers_of(user: User) -> list[Browser]:
    """Where this person is logged in, this browser first."""
    here = digest(user.session_token)
    theirs = [
        Browser(
            each.public_id,
            device(each.user_agent),
            each.address,
            each.last_seen_at,
            is_current=each.token_digest == here,
        )
        for each in sessions_of(user)
    ]
    return sorted(theirs, key=lambda browser: not browser.is_current)


def people_with_addresses(addresses: list[str]) -> list[User]:
    """The active ones among them, in the order of the addresses."""
    found = select(User).where(User.email.in_(addresses), User.is_active.is_(True))
    return sorted(db.session.scalars(found), key=lambda user: addresses.index(user.email))
