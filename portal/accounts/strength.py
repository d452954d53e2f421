"""Which passwords are taken: long enough, and none that is tried first (NIST SP 800-63B).

There are no rules of composition: they make people write `Summer2026!`.
"""

import re
from functools import cache
from pathlib import Path

from flask_babel import gettext as _

from portal.accounts.models import sort_key
from portal.accounts.passwords import same_letters
from portal.permissions import STAFF, Role

LEAST, LEAST_OF_STAFF, MOST = 8, 12, 200
DECORATION = 5  # digits and signs around a common word that make it no better
REST = 6  # letters besides one's own name that a password needs

_SIGNS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_WORDS = re.compile(r"[^\W_]{3,}")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890" * 3,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


def least_length(role: Role) -> int:
    """Staff see what others wrote to them in confidence, so theirs are longer."""
    return LEAST_OF_STAFF if role in STAFF else LEAST


def is_too_short(password: str, *, role: Role) -> bool:
    return len(same_letters(password)) < least_length(role)


def weakness(password: str, *, role: Role, about: tuple[str, ...] = ()) -> str | None:
    """Why this password is not taken, as a sentence that says what to do; None for a good one.

    `about` is what others know of the person: name, mail address, the desk's name.
    """
    if is_too_short(password, role=role):
        least = least_length(role)
        return _("Use at least %(min)d characters. A few words in a row are good.", min=least)
    plain = same_letters(password)
    if len(plain) > MOST:
        return _("Use at most %(max)d characters.", max=MOST)
    if _is_common(plain) or _is_pattern(plain):
        return _("Many people use this password, so it is tried first. Choose another one.")
    if _is_personal(plain, about):
        return _("Your password must not be made of your name or address. Choose another one.")
    return None


def _is_common(password: str) -> bool:
    small = password.casefold()
    core = _SIGNS.sub("", small)
    is_decorated = len(small) - len(core) <= DECORATION
    return small in _common() or (is_decorated and core in _common())


def _is_pattern(password: str) -> bool:
    """One or two letters again and again, or a walk over the alphabet or the keyboard."""
    small = password.casefold()
    runs = [run for forward in _RUNS for run in (forward, forward[::-1])]
    return len(set(small)) < 4 or any(small in run for run in runs)


def _is_personal(password: str, about: tuple[str, ...]) -> bool:
    rest = sort_key(password)
    words = {word for text in about for word in _WORDS.findall(sort_key(text))}
    found = [word for word in words if word in rest]
    for word in sorted(found, key=len, reverse=True):
        rest = rest.replace(word, "")
    return bool(found) and len(rest) < REST


@cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
