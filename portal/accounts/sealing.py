"""Secrets that the desk must read again, but nobody who only has its database.

AES-256-GCM (NIST SP 800-38D) under a key made from SECRET_KEY by HKDF (RFC 5869).
What an older key sealed is read as long as that one stands in SECRET_KEY_FALLBACKS.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import cache

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from Crypto.Random import get_random_bytes
from flask import current_app

NONCE, TAG = 12, 16  # bytes


class Unreadable(Exception):
    """It was sealed with a key that is known no more, for something else, or never by this desk."""


def seal(secret: str, *, about: str) -> str:
    """The secret, to be kept; only who says the same `about` reads it, so that it cannot change its owner."""
    nonce = get_random_bytes(NONCE)
    cipher = _cipher(next(_keys()), nonce, about)
    hidden, tag = cipher.encrypt_and_digest(secret.encode())
    return urlsafe_b64encode(nonce + tag + hidden).decode()


def unseal(sealed: str, *, about: str) -> str:
    """Raises Unreadable."""
    try:
        packed = urlsafe_b64decode(sealed.encode("ascii"))
    except ValueError:
        raise Unreadable from None
    nonce, tag, hidden = packed[:NONCE], packed[NONCE : NONCE + TAG], packed[NONCE + TAG :]
    for key in _keys():
        try:
            return _cipher(key, nonce, about).decrypt_and_verify(hidden, tag).decode()
        except ValueError:
            continue
    raise Unreadable


def _keys() -> Iterator[bytes]:
    """Today's first."""
    known = (current_app.config["SECRET_KEY"], *(current_app.config["SECRET_KEY_FALLBACKS"] or ()))
    return (_derived(each) for each in known)


@cache
def _derived(secret_key: str) -> bytes:
    return HKDF(secret_key.encode(), 32, b"", SHA256, context=b"portal.accounts.sealing")


def _cipher(key: bytes, nonce: bytes, about: str):
    return AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=TAG).update(about.encode())
