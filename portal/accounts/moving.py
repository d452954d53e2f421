"""Another mail address for an account: its owner asks, and both addresses have to agree.

So neither an open browser, nor a known password, nor one mailbox alone is
enough to take an account away. Nothing here commits.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import contains_eager

from portal import clock
from portal.accounts import links
from portal.accounts.actions import end_sessions
from portal.accounts.models import AddressChange, User, about, digest
from portal.accounts.queries import user_by_email
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.outbox_mail.actions import link, queue_mail

LIFE = timedelta(hours=24)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Asked:
    """A wish for another address, and which of both addresses somebody holds the link of."""

    wish: AddressChange
    is_old: bool


def ask(user: User, new_email: str) -> None:
    """Mail a link to both addresses; what was asked for before is void.

    Where the new one has an account already, all is the same but its mail, which
    says so to whom it belongs and carries no link: nobody else learns of it.
    """
    _end_wishes(user)
    old_token, new_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    wish = AddressChange(
        user_id=user.id,
        old_email=user.email,
        new_email=new_email,
        old_digest=digest(old_token),
        new_digest=digest(new_token),
        expires_at=clock.now() + LIFE,
    )
    db.session.add(wish)
    record(Kind.ADDRESS_CHANGE_ASKED, actor=user, **about(user), email=new_email)
    hours = LIFE // timedelta(hours=1)
    owner = user_by_email(new_email)
    asked: dict[str, Any] = {"hours": hours, "old_email": user.email, "new_email": new_email}
    _mail("address_old", user.email, user, **asked, link=link(f"/address/{old_token}"))
    if owner is not None:
        _mail("address_taken", owner.email, owner)
    else:
        _mail("address_new", new_email, user, **asked, link=link(f"/address/{new_token}"))


def find(token: str, *, to_change: bool = False) -> Asked | None:
    """What the holder of this link is asked; None where the link is good no more.

    It is good for the account as it was then: with its old address, and active.
    With `to_change` the account is held until the commit, so that of both
    addresses that agree at once the second one sees the first.
    """
    asked = _find(token) if _TOKEN.fullmatch(token) else None
    if asked is None or not to_change:
        return asked
    db.session.execute(select(User.id).where(User.id == asked.wish.user_id).with_for_update())
    return _find(token)


def _find(token: str) -> Asked | None:
    mine = digest(token)
    good = (
        select(AddressChange)
        .join(AddressChange.user)
        .where(
            or_(AddressChange.old_digest == mine, AddressChange.new_digest == mine),
            AddressChange.ended_at.is_(None),
            AddressChange.expires_at > clock.now(),
            AddressChange.old_email == User.email,
            User.is_active.is_(True),
        )
        .options(contains_eager(AddressChange.user))
        .execution_options(populate_existing=True)
    )
    wish = db.session.scalar(good)
    if wish is None:
        return None
    is_old = wish.old_digest == mine
    agreed_at = wish.old_agreed_at if is_old else wish.new_agreed_at
    return None if agreed_at else Asked(wish, is_old)


def agree(asked: Asked, *, session_token: str) -> bool:
    """One of both addresses agrees; whether the account has the new one by now.

    Then every browser is logged out but the one that holds `session_token`.
    Raises DomainError where somebody else has taken the address meanwhile.
    """
    wish, now = asked.wish, clock.now()
    if asked.is_old:
        wish.old_agreed_at = now
    else:
        wish.new_agreed_at = now
    if wish.old_agreed_at is None or wish.new_agreed_at is None:
        return False
    user = wish.user
    _set_address(user, wish.new_email, actor=user)
    user.email_verified_at = now
    end_sessions(user, actor=user, but=session_token)
    return True


def cancel(user: User, *, actor: User | None) -> bool:
    """Nothing comes of what was asked; whether anything was."""
    ended = _end_wishes(user)
    if ended:
        record(Kind.ADDRESS_CHANGE_CANCELLED, actor=actor, **about(user), email=ended[0])
    return bool(ended)


def open_wish(user: User) -> AddressChange | None:
    """What this person has asked for and is waiting for."""
    waiting = select(AddressChange).where(
        AddressChange.user_id == user.id,
        AddressChange.ended_at.is_(None),
        AddressChange.expires_at > clock.now(),
    )
    return db.session.scalar(waiting.order_by(AddressChange.id.desc()).limit(1))


def change_address(person: User, new_email: str, *, actor: User) -> None:
    """An admin gives somebody another address; both are told.

    Raises DomainError for one's own, where the address has an account already, and for
    somebody who was anonymized.
    """
    if new_email == person.email:
        return
    if person.anonymized_at:
        raise DomainError(_("Whoever this was, nobody knows any more. Create a new account."))
    if person.id == actor.id:
        raise DomainError(_("You change your own address on your account page."))
    _set_address(person, new_email, actor=actor)


def _set_address(user: User, new_email: str, *, actor: User) -> None:
    old_email = user.email
    try:
        with db.session.begin_nested():
            user.email = new_email
            db.session.flush()
    except IntegrityError:
        raise DomainError(
            _("There is already an account with the address %(email)s.", email=new_email)
        ) from None
    links.end_links(user)
    record(Kind.ADDRESS_CHANGED, actor=actor, **about(user), changes={"email": change(old_email, new_email)})
    for address in (old_email, new_email):
        _mail("address_changed", address, user, old_email=old_email, new_email=new_email)


def _end_wishes(user: User) -> list[str]:
    """The addresses that were wished for, the last one first."""
    open_ones = update(AddressChange).where(
        AddressChange.user_id == user.id,
        AddressChange.ended_at.is_(None),
        AddressChange.expires_at > clock.now(),
    )
    ended = open_ones.values(ended_at=clock.now()).returning(AddressChange.id, AddressChange.new_email)
    rows = db.session.execute(ended.execution_options(synchronize_session=False)).all()
    return [row.new_email for row in sorted(rows, reverse=True)]


def _mail(template: str, to: str, user: User, **words: Any) -> None:
    queue_mail(template, to=to, locale=user.locale, recipient_id=user.id, **words)
