"""How often somebody may try: counted in Redis, or in this process while Redis is away.

A guess is counted before it is looked at, and given back when it was none: so
many guesses at the same moment are no way around the limit.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from flask import g, request
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded, RequestLimit

from portal import clock
from portal.accounts.models import digest
from portal.errors import TooMany
from portal.extensions import limiter

log = logging.getLogger(__name__)


class TooOften(TooMany):
    """Says when to try again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = max(seconds, 1)
        wait = format_timedelta(timedelta(seconds=self.seconds), threshold=1, add_direction=True)
        super().__init__(_("That was too often. Try again %(when)s.", when=wait))


def count_guess(account: str) -> None:
    """Count a guess of that account's password. Raises TooOften."""
    count(_guess, account)


def count_code(account: str) -> None:
    """Count a guess of that account's code. Raises TooOften."""
    count(_code, account)


def count_passkey() -> None:
    """Count that a passkey is asked for, or shown. Raises TooOften."""
    count(_passkey, "")


def was_no_guess() -> None:
    """The one just counted was right, so it does not count."""
    try:
        for limit in limiter.current_limits:
            limiter.limiter.storage.incr(limit.key, limit.limit.get_expiry(), amount=-1)
    except Exception:  # the store went away since it was counted: the guess stays counted
        log.warning("A right password was counted as a guess", exc_info=True)


def count_mail(account: str) -> None:
    """Count a mail that somebody unknown lets us send to that address. Raises TooOften."""
    count(_mail, account)


def count_registration() -> None:
    count(_registration, "")


def count_picture(user_id: int) -> None:
    """Count a picture that somebody sends. Raises TooOften."""
    count(_picture, str(user_id))


def count(counter: Callable[[], None], whom: str) -> None:
    """Count once more for them; `counter` is a function with limits. Raises TooOften."""
    g.counted_for = digest(whom)[:32]  # keys hold neither addresses nor what is endless
    try:
        counter()
    except RateLimitExceeded:
        breached = limiter.current_limit
        raise TooOften(_until_reset(breached) if breached else 60) from None


def _until_reset(breached: RequestLimit) -> int:
    """Seconds, at most those of the limit's whole window: the library tells the moment rounded up."""
    left = breached.reset_at - int(clock.now().timestamp())
    return min(left, breached.limit.get_expiry())


def counted_for() -> str:
    """Whom it is counted for, as a limit's `key_func`."""
    return g.counted_for


def _address() -> str:
    return request.remote_addr or "unknown"


def _account_from_address() -> str:
    return f"{counted_for()}:{_address()}"


@limiter.shared_limit("5 per minute", scope="guess-here", key_func=_account_from_address)
@limiter.shared_limit("50 per hour", scope="guess", key_func=counted_for)
@limiter.shared_limit("100 per minute", scope="guess-from", key_func=_address)
def _guess() -> None:
    """Five from one place, fifty from all places, and no spraying of one password over all accounts."""


@limiter.shared_limit("5 per minute", scope="code-here", key_func=_account_from_address)
@limiter.shared_limit("20 per hour;60 per day", scope="code", key_func=counted_for)
@limiter.shared_limit("100 per minute", scope="code-from", key_func=_address)
def _code() -> None:
    """Fewer than of passwords: there are only a million codes, and three of them are right."""


@limiter.shared_limit("100 per minute", scope="passkey-from", key_func=_address)
def _passkey() -> None:
    """Nobody guesses a signature; each takes time and a row, though."""


@limiter.shared_limit("5 per hour", scope="mail-here", key_func=_account_from_address)
@limiter.shared_limit("10 per hour", scope="mail", key_func=counted_for)
@limiter.shared_limit("60 per hour", scope="mail-from", key_func=_address)
def _mail() -> None:
    """Nobody's mailbox is to be flooded."""


@limiter.shared_limit("60 per hour", scope="register-from", key_func=_address)
def _registration() -> None:
    """Accounts are made by people."""


@limiter.shared_limit("10 per hour;30 per day", scope="picture", key_func=counted_for)
def _picture() -> None:
    """Each is megabytes that the database writes down, and work for the scanner."""
