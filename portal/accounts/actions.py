"""What people do with their own account. Nothing here commits."""

import secrets
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts import links
from portal.accounts.credentials import ApiToken, HalfLogin
from portal.accounts.emergency import may_use_password
from portal.accounts.models import Purpose, Session, User, about, digest
from portal.accounts.passwords import hash_password, is_outdated, is_right
from portal.accounts.queries import admins, has_passkeys, user_by_email
from portal.accounts.viewing import delete_sessions
from portal.errors import DomainError
from portal.events.changes import set_fields
from portal.events.kinds import Kind
from portal.events.record import record
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


def end_sessions(user: User, *, actor: User | None, but: str = "") -> int:
    """Log the user out everywhere, but for the browser that holds the token `but`; how many those were."""
    count = delete_sessions(Session.user_id == user.id, Session.token_digest != digest(but))
    db.session.execute(delete(HalfLogin).where(HalfLogin.user_id == user.id))
    if count:
        record(Kind.SESSIONS_ENDED, actor=actor, **about(user), count=count)
    return count


def revoke_tokens(user: User, *, actor: User | None) -> None:
    """Let no program act for them any more: what they may, or who they are, has changed."""
    gone = delete(ApiToken).where(ApiToken.user_id == user.id).returning(ApiToken.name, ApiToken.expires_at)
    living = [row.name for row in db.session.execute(gone).all() if row.expires_at > clock.now()]
    if living:
        record(Kind.TOKENS_REVOKED, actor=actor, **about(user), tokens=sorted(living))


def end_session(user: User, public_id: str) -> bool:
    """Log one of the user's own browsers out; False where they have no such."""
    ended = delete_sessions(Session.user_id == user.id, Session.public_id == public_id) > 0
    if ended:
        record(Kind.SESSIONS_ENDED, actor=user, **about(user), count=1)
    return ended


def log_out(user: User, token: str) -> None:
    """End the session of the browser that asks; an admin's who sees the desk as this user is the admin's."""
    delete_sessions(Session.token_digest == digest(token))
    owner = user.viewed_by or user
    record(Kind.LOGGED_OUT, actor=owner, **about(owner))


def authenticate(email: str, password: str) -> User | None:
    """The active person whose password that is; nobody for all else, and after the same time.

    A hash of older parameters is made anew while the password is at hand.
    """
    user = user_by_email(email)
    is_theirs = is_right(password, user.password_hash if user else None)
    if user is None or not is_theirs or not user.is_active:
        return None
    if user.password_hash and is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    return user


def note_login(user: User, *, way: str = "", is_emergency: bool = False) -> None:
    """Say by which `way` they came where that was no password. Of an emergency all admins are told."""
    by: dict[str, Any] = {"way": way} if way else {}
    kind = Kind.EMERGENCY_LOGIN if is_emergency else Kind.LOGGED_IN
    event = record(kind, actor=user, **about(user), **by)
    for admin in admins() if is_emergency else ():
        links.mail_emergency_login(admin, name=user.name, address=event.address or "")


def note_failed_login(email: str, *, reason: str) -> None:
    """Only what looks like an address is kept: people also type passwords there."""
    typed = email[:254] if "@" in email else ""
    record(Kind.LOGIN_FAILED, actor=None, email=typed, reason=reason)


def register(*, name: str, email: str, password: str, locale: str | None) -> None:
    """Make an account that waits for its address to be confirmed.

    Whoever asks sees the same for an address that has one already; what is true,
    the mail to it says. One that was never confirmed is begun anew, and whatever
    was mailed for it before is void.
    """
    password_hash = hash_password(password)  # before looking: as much time for everyone
    new = User(email=email, name=name, password_hash=password_hash, locale=locale)
    if _is_added(new):
        record(Kind.ACCOUNT_REGISTERED, actor=new, **about(new))
        links.mail_verification(new)
        return
    known = _locked_by_email(email)
    if known.is_verified or not known.is_active:
        links.mail_known(known)
    elif known.password_hash is None:
        links.mail_invitation(known)
    else:
        known.name, known.password_hash = name, password_hash
        links.mail_verification(known)


def register_invited(*, name: str, email: str, password: str, locale: str | None) -> User | None:
    """Make the account of somebody whom a mailed link has shown to own the address; None where it has one."""
    password_hash = hash_password(password)
    new = User(
        email=email, name=name, password_hash=password_hash, locale=locale, email_verified_at=clock.now()
    )
    if not _is_added(new):
        return None
    record(Kind.ACCOUNT_REGISTERED, actor=new, **about(new))
    record(Kind.ACCOUNT_VERIFIED, actor=new, **about(new))
    return new


def confirm_address(token: str) -> User | None:
    """Believe whoever holds the link that the address is theirs; None where it is good no more."""
    user = links.use(token, Purpose.VERIFY)
    if user is not None and not user.is_verified:
        user.email_verified_at = clock.now()
        record(Kind.ACCOUNT_VERIFIED, actor=user, **about(user))
    return user


def ask_for_reset(email: str) -> None:
    """Mail a link to choose a new password, if there is somebody with that address whom one lets in."""
    user = user_by_email(email)
    record(Kind.PASSWORD_RESET_ASKED, actor=None, email=email[:254], **(about(user) if user else {}))
    if user is None or not may_use_password(user):
        return
    if user.is_active:
        links.mail_reset(user)
    else:
        links.mail_known(user)


def reset_password(token: str, password: str) -> User | None:
    """Set the password of whoever holds the link, and log them out everywhere; None where it is good no more.

    The link was mailed, so it proves the address too.
    """
    password_hash = hash_password(password)
    user = links.use(token, Purpose.RESET)
    if user is None:
        return None
    if not user.is_verified:
        user.email_verified_at = clock.now()
        record(Kind.ACCOUNT_VERIFIED, actor=user, **about(user))
    _set_password(user, password_hash)
    end_sessions(user, actor=user)
    return user


def change_password(user: User, password: str, *, session_token: str) -> None:
    """Set another password, and log every other browser out."""
    _set_password(user, hash_password(password))
    end_sessions(user, actor=user, but=session_token)


def edit_profile(user: User, **values: Any) -> None:
    """Set one's own name, telephone, language, time zone and looks; what others see is worth an event."""
    changes = set_fields(user, **values)
    seen = {name: changes[name] for name in ("name", "phone") if name in changes}
    if seen:
        record(Kind.ACCOUNT_EDITED, actor=user, **about(user), changes=seen)


def set_absence(user: User, first: date | None, last: date | None, *, deputy: User | None) -> None:
    """Say on which days one is away, and who stands in; without days nobody is, and nobody does."""
    deputy = deputy if first else None
    if deputy is not None and (deputy.id == user.id or not (deputy.is_staff and deputy.is_active)):
        raise DomainError(_("Your deputy must be another active member of staff."))
    changes = set_fields(user, absent_from=first, absent_until=last, deputy=deputy)
    if changes:
        record(Kind.ACCOUNT_EDITED, actor=user, **about(user), changes=changes)


def _set_password(user: User, password_hash: str) -> None:
    had_one = user.password_hash is not None
    user.password_hash = password_hash
    links.end_links(user)
    record(Kind.PASSWORD_CHANGED, actor=user, **about(user))
    revoke_tokens(user, actor=user)
    if had_one:
        links.mail_password_changed(user, has_passkeys=has_passkeys(user))


def _is_added(user: User) -> bool:
    """Whether the address was free; of two that register it at once, one is added."""
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        return False
    return True


def _locked_by_email(email: str) -> User:
    known = select(User).where(User.email == email).with_for_update()
    return db.session.scalars(known.execution_options(populate_existing=True)).one()
