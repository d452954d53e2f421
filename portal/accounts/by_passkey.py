"""A browser and a challenge for its passkey. Knows the web, as views do."""

from flask import Response, abort, jsonify, session

from portal.accounts import challenges, passkeys
from portal.accounts.credentials import AskedFor
from portal.accounts.models import User
from portal.extensions import db

CHALLENGE = "passkey"  # under this name the browser's cookie holds the token of a challenge


def asked(asked_for: AskedFor, *, held_by: str = "") -> bytes:
    """Bytes that this browser's passkey is to sign; those before them count no more."""
    if not passkeys.are_possible():
        abort(404)
    session[CHALLENGE], challenge = challenges.ask(asked_for, held_by=held_by)
    db.session.commit()
    return challenge


def taken(asked_for: AskedFor, *, held_by: str = "") -> bytes | None:
    """The bytes this browser was asked to sign; used up by that, whatever comes of it."""
    challenge = challenges.take(session.pop(CHALLENGE, None), asked_for, held_by=held_by)
    db.session.commit()
    return challenge


def shown_by(answer: str, asked_for: AskedFor, *, held_by: str = "", user: User | None = None) -> User | None:
    """Who this browser's passkey says is there."""
    challenge = taken(asked_for, held_by=held_by)
    if challenge is None:
        return None
    return passkeys.owner_of_answer(answer, challenge=challenge, user=user)


def options(json: str) -> Response:
    """What the browser needs to ask its device."""
    return Response(json, mimetype="application/json")


def problem(words: str, status: int):
    """What the page's script is to say."""
    return jsonify(problem=words), status
