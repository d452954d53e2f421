"""Two-step login: the password, and a code that an app works out anew every half minute (RFC 6238).

A passkey (`portal.accounts.passkeys`) does as well as the code. Ten recovery codes
help whoever has lost both. Nothing here commits, and no secret or code is ever
recorded or logged.
"""

import hmac
import logging
import re
import secrets
from base64 import b32encode

import pyotp
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from portal import clock
from portal.accounts.actions import end_sessions, revoke_tokens
from portal.accounts.credentials import Passkey, RecoveryCode, TwoStepKey
from portal.accounts.links import mail_two_step
from portal.accounts.models import User, about, digest
from portal.accounts.queries import has_app, has_passkeys, hold
from portal.accounts.sealing import Unreadable, seal, unseal
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import affected, db
from portal.settings.cache import site

log = logging.getLogger(__name__)

STEP = 30  # seconds
DRIFT = (0, -1, 1)  # steps that a clock may be wrong by
CODES = 10
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[A-Z2-7]{16}")


def is_required_of(user: User) -> bool:
    """Whether admins have said that their role must have it."""
    return user.role.value in site().two_step_roles


def must_set_up(user: User) -> bool:
    """Whether they may do nothing else before they have set it up."""
    return user.two_step_since is None and is_required_of(user)


def new_secret() -> str:
    """160 bits in base32, as apps take it (RFC 4226 recommends as many)."""
    return pyotp.random_base32()


def address_for_app(user: User, secret: str) -> str:
    """What the QR code says: `otpauth://totp/…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=site().name)


def step_of(secret: str, code: str) -> int | None:
    """The time step whose code that is, of those a clock may be at; None for any other code."""
    if not _CODE.fullmatch(code):
        return None
    now = int(clock.now().timestamp()) // STEP
    right = (now + drift for drift in DRIFT if hmac.compare_digest(pyotp.HOTP(secret).at(now + drift), code))
    return next(right, None)


def tidy_code(typed: str | None) -> str:
    """A code as it is compared: without the blanks and dashes people read it by."""
    return re.sub(r"[\s-]", "", typed or "").upper()


def switch_on(user: User, secret: str, code: str) -> list[str] | None:
    """Ask for codes from now on; the recovery codes, to be shown once. None where the code is wrong.

    Raises DomainError where they have an app already.
    """
    hold(user)
    if has_app(user):
        raise DomainError(_("Your two-step login is set up already."))
    step = step_of(secret, code)
    if step is None:
        return None
    db.session.add(
        TwoStepKey(user_id=user.id, sealed_secret=seal(secret, about=_owner(user)), last_step=step)
    )
    record(Kind.TWO_STEP_ON, actor=user, **about(user))
    mail_two_step(user, "on")
    return begin(user)


def begin(user: User) -> list[str]:
    """The password alone lets them in no more; the recovery codes, to be shown once.

    Every other browser is logged out: whoever was in without a second step is so no more.
    """
    user.two_step_since = user.two_step_since or clock.now()
    end_sessions(user, actor=user, but=user.session_token)
    return _new_codes(user)


def end(user: User) -> None:
    """The password alone lets them in again. Their last app or passkey is gone, or goes with this."""
    user.two_step_since = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def renew_codes(user: User) -> list[str]:
    """Other recovery codes, to be shown once; those before let nobody in any more."""
    hold(user)
    if user.two_step_since is None:
        raise DomainError(_("Your two-step login is not set up."))
    record(Kind.RECOVERY_CODES_MADE, actor=user, **about(user))
    mail_two_step(user, "codes")
    return _new_codes(user)


def switch_off(user: User) -> None:
    """No code is asked for any more. Without a passkey the password alone lets them in again.

    Raises DomainError where their role must have a second step, and this was the last.
    """
    hold(user)
    if not has_app(user):
        return
    if has_passkeys(user):
        _forget_app(user)
        record(Kind.AUTHENTICATOR_REMOVED, actor=user, **about(user))
        mail_two_step(user, "app")
        return
    if is_required_of(user):
        raise DomainError(_("Your role needs two-step login, so it cannot be switched off."))
    _forget_app(user)
    end(user)
    record(Kind.TWO_STEP_OFF, actor=user, **about(user))
    mail_two_step(user, "off")


def reset(person: User, *, actor: User | None) -> None:
    """For somebody who has lost app, passkeys and codes: the password alone lets in, to set it up anew.

    Every passkey and API token ends too: one of them may be in other hands.
    Raises DomainError for one's own: that asks for the password, on the account page.
    """
    hold(person)
    if person.two_step_since is None:
        return
    if actor is not None and person.id == actor.id:
        raise DomainError(_("Your own two-step login is switched off on your account page."))
    _forget_app(person)
    db.session.execute(delete(Passkey).where(Passkey.user_id == person.id))
    end(person)
    record(Kind.TWO_STEP_RESET, actor=actor, **about(person))
    mail_two_step(person, "reset")
    revoke_tokens(person, actor=actor)
    end_sessions(person, actor=actor)


def accepts(user: User, typed: str) -> bool:
    """Whether that is a code of theirs. It then counts no more: of several at once, one is let in."""
    code = tidy_code(typed)
    return _uses_code(user, code) or _uses_recovery_code(user, code)


def codes_left(user: User) -> int:
    unused = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(unused) or 0


def _uses_code(user: User, code: str) -> bool:
    """A step that was accepted, and any before it, is refused (RFC 6238, 5.2).

    The secret is sealed again with today's SECRET_KEY, so that an older one is needed no longer.
    """
    sealed = db.session.scalar(select(TwoStepKey.sealed_secret).where(TwoStepKey.user_id == user.id))
    if sealed is None:
        return False
    try:
        secret = unseal(sealed, about=_owner(user))
    except Unreadable:
        log.error("The two-step secret of user %s was sealed with another SECRET_KEY", user.id)  # noqa: TRY400, no trace
        return False
    step = step_of(secret, code)
    if step is None:
        return False
    later = update(TwoStepKey).where(TwoStepKey.user_id == user.id, TwoStepKey.last_step < step)
    values = {"last_step": step, "sealed_secret": seal(secret, about=_owner(user))}
    return affected(db.session.execute(later.values(values))) > 0


def _uses_recovery_code(user: User, code: str) -> bool:
    if not _RECOVERY_CODE.fullmatch(code):
        return False
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user.id,
        RecoveryCode.code_digest == digest(code),
        RecoveryCode.used_at.is_(None),
    )
    if affected(db.session.execute(unused.values(used_at=clock.now()))) == 0:
        return False
    left = codes_left(user)
    record(Kind.RECOVERY_CODE_USED, actor=user, **about(user), left=left)
    mail_two_step(user, "used", left=left)
    return True


def _new_codes(user: User) -> list[str]:
    """80 random bits each, in four groups of four: too many for anybody who reads their digests."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [b32encode(secrets.token_bytes(10)).decode() for _number in range(CODES)]
    db.session.add_all(RecoveryCode(user_id=user.id, code_digest=digest(code)) for code in codes)
    return ["-".join(re.findall("....", code)) for code in codes]


def _forget_app(user: User) -> None:
    db.session.execute(delete(TwoStepKey).where(TwoStepKey.user_id == user.id))


def _owner(user: User) -> str:
    return f"two-step:{user.id}"
