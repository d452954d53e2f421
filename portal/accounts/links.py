"""Links in mails that prove an address: good once, for a while. Nothing here commits.

Only the digest of a link's token is kept. A new link, a new password or another
mail address ends the ones before.
"""

import re
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update

from portal import clock
from portal.accounts.models import AccountToken, AddressChange, Purpose, User, digest
from portal.accounts.queries import hold
from portal.extensions import db
from portal.outbox_mail.actions import link, queue_mail

INVITED = timedelta(days=7)  # for the first password of an account that nobody could enter before
LIFE = {Purpose.VERIFY: timedelta(hours=24), Purpose.RESET: timedelta(minutes=30)}

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def mail_verification(user: User) -> None:
    """Let them prove that the address is theirs."""
    token = _issue(user, Purpose.VERIFY)
    hours = LIFE[Purpose.VERIFY] // timedelta(hours=1)
    _mail("verify", user, link=link(f"/verify/{token}"), hours=hours)


def mail_reset(user: User) -> None:
    """Let them choose a new password."""
    _mail("reset", user, **_reset_link(user))


def mail_invitation(user: User) -> None:
    """Let somebody who has an account, made by another, choose their first password."""
    token = _issue(user, Purpose.RESET, life=INVITED)
    _mail("invitation", user, link=link(f"/reset/{token}"), days=INVITED.days, forgot_link=link("/forgot"))


def mail_provider_lets_in(user: User) -> None:
    """Tell somebody who has an account, made by another, how they come in where there are no passwords."""
    _mail("provider_lets_in", user, login_link=link("/login"))


def mail_emergency_login(admin: User, *, name: str, address: str) -> None:
    """Tell an admin that somebody has used emergency access."""
    _mail("emergency_login", admin, name=name, address=address, audit_link=link("/admin/audit"))


def mail_known(user: User) -> None:
    """Tell somebody who registers again what they have already."""
    if user.is_active:
        _mail("known", user, login_link=link("/login"), forgot_link=link("/forgot"))
    else:
        _mail("closed", user)


def mail_password_changed(user: User, *, has_passkeys: bool) -> None:
    _mail("password_changed", user, forgot_link=link("/forgot"), has_passkeys=has_passkeys)


def mail_two_step(user: User, what: str, *, left: int = 0) -> None:
    """Tell them of their two-step login.

    It is `on`, `off` or `reset`, the `app` is removed, there are new `codes`, or one of those was `used`.
    """
    _mail("two_step", user, what=what, left=left, account_link=link("/account/two-step"))


def mail_passkey(user: User, what: str, *, name: str, is_turn: bool = False) -> None:
    """Tell them of a passkey: `added`, `removed` or `suspected`; `is_turn`: two-step login begins or ends."""
    _mail("passkey", user, what=what, name=name, is_turn=is_turn, account_link=link("/account/passkeys"))


def mail_token_made(user: User, name: str) -> None:
    """Tell them of an API token, in case it was not they who made it; the token itself is in no mail."""
    _mail("token_made", user, token=name, account_link=link("/account/tokens"))


def owner_of(token: str, purpose: Purpose) -> User | None:
    """Whose link this is, if it is still good for that; the link stays good."""
    if not _TOKEN.fullmatch(token):
        return None
    good = select(User).join(AccountToken, AccountToken.user_id == User.id)
    return db.session.scalar(good.where(*_is_good(token, purpose)))


def use(token: str, purpose: Purpose) -> User | None:
    """Use the link up and say whose it is, locked; of several at once, one has it and the others None."""
    owner = owner_of(token, purpose)
    if owner is None:
        return None
    hold(owner)
    used = (
        update(AccountToken)
        .where(AccountToken.user_id == User.id, *_is_good(token, purpose))
        .values(used_at=clock.now())
        .returning(AccountToken.id)
        .execution_options(synchronize_session=False)
    )
    return owner if db.session.scalar(used) is not None else None


def end_links(user: User, *purposes: Purpose) -> None:
    """Make every link of these purposes that is still open good for nothing; without a purpose, all.

    All are also those that would give the account another address.
    """
    open_ones = update(AccountToken).where(AccountToken.user_id == user.id, AccountToken.used_at.is_(None))
    if purposes:
        open_ones = open_ones.where(AccountToken.purpose.in_(purposes))
    else:
        wishes = update(AddressChange).where(
            AddressChange.user_id == user.id, AddressChange.ended_at.is_(None)
        )
        db.session.execute(wishes.values(ended_at=clock.now()))
    db.session.execute(open_ones.values(used_at=clock.now()))


def _is_good(token: str, purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountToken.token_digest == digest(token),
        AccountToken.purpose == purpose,
        AccountToken.used_at.is_(None),
        AccountToken.expires_at > clock.now(),
        AccountToken.email == User.email,
        User.is_active.is_(True),
    )


def _issue(user: User, purpose: Purpose, *, life: timedelta | None = None) -> str:
    """A new token of 256 bits; those before it end."""
    end_links(user, purpose)
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + (life or LIFE[purpose])
    row = AccountToken(
        user_id=user.id,
        purpose=purpose,
        email=user.email,
        token_digest=digest(token),
        expires_at=expires_at,
    )
    db.session.add(row)
    db.session.flush()
    return token


def _reset_link(user: User) -> dict[str, Any]:
    token = _issue(user, Purpose.RESET)
    return {"link": link(f"/reset/{token}"), "minutes": LIFE[Purpose.RESET] // timedelta(minutes=1)}


def _mail(template: str, user: User, **words: Any) -> None:
    queue_mail(template, to=user.email, locale=user.locale, recipient_id=user.id, **words)
