"""Argon2id (RFC 9106) with OWASP's parameters: 19 MiB, two passes, one lane."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_room = threading.BoundedSemaphore(2)  # hashes at once in a process: they cost memory


def hash_password(password: str) -> str:
    with _room:
        return _hasher.hash(same_letters(password))


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; takes as long where there is no hash to compare with."""
    with _room:
        try:
            return _hasher.verify(password_hash or _NOBODYS, same_letters(password)) and bool(password_hash)
        except (Argon2Error, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def same_letters(password: str) -> str:
    """One spelling for letters that keyboards send in several: `ä` is `ä` (NFKC, NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


_NOBODYS = hash_password("nobody's password")
