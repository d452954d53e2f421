"""Reading what programs send: a small object of texts, and nothing that nobody knows."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import request
from flask_babel import gettext as _

from portal.tickets.forms import BODY_LIMIT
from portal.tickets.tags import NoTag, unique
from portal.web.machines import ApiError

YEARS = range(1970, 2200)  # of a moment that can be meant


def asked(*known: str) -> dict[str, str]:
    """What stands in the address. Raises ApiError for a name that means nothing here: it may be mistyped."""
    _refuse_others(set(request.args), known)
    return request.args.to_dict()


def sent(*known: str) -> dict[str, Any]:
    """The JSON object that was sent. Raises ApiError for all else, and for a field that is not known."""
    if request.mimetype != "application/json":
        raise ApiError(415)
    try:
        found = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ApiError(400, _("This is no JSON.")) from None
    if not isinstance(found, dict):
        raise ApiError(422, _("Send a JSON object."))
    _refuse_others(set(found), known)
    return found


def text_of(found: dict[str, Any], name: str) -> str:
    """A text that can be stored and shown. Raises ApiError, which says what is wrong with it."""
    text = found.get(name)
    if problem := _wrong_with(text):
        raise ApiError(422, details={name: [problem]})
    return text.replace("\r\n", "\n")  # type: ignore[union-attr]  # it is a text


def names_in(found: dict[str, Any], name: str) -> list[str]:
    """Names of tags, from a list of texts. Raises ApiError."""
    typed = found.get(name)
    if not isinstance(typed, list) or not all(isinstance(each, str) for each in typed):
        raise ApiError(422, details={name: [_("Send a list of texts.")]})
    try:
        return unique(typed)
    except NoTag as wrong:
        raise ApiError(422, details={name: [str(wrong)]}) from None


def moment_in(found: dict[str, Any], name: str) -> datetime | None:
    """A moment with its zone (RFC 3339), or null. Raises ApiError, also where it is not there at all."""
    typed = found.get(name, "")
    if typed is None:
        return None
    try:
        moment = datetime.fromisoformat(typed) if isinstance(typed, str) else None
        if moment is not None and moment.tzinfo and moment.year in YEARS:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    words = _("Send a moment with its zone, such as 2026-12-01T17:00:00+01:00, or null.")
    raise ApiError(422, details={name: [words]})


def version_in(found: dict[str, Any]) -> int | None:
    """The version of the ticket that the program saw, if it says so. Raises ApiError."""
    version = found.get("version")
    if version is None or (type(version) is int and 0 < version < 2**31):
        return version
    raise ApiError(422, details={"version": [_("Send a whole number.")]})


def _wrong_with(text: object) -> str | None:
    if not isinstance(text, str) or not text.strip():
        return _("Write something first.")
    if len(text) > BODY_LIMIT:
        return _("Use at most %(max)d characters.", max=BODY_LIMIT)
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return _("Remove the characters that cannot be shown.")
    return None


def _refuse_others(names: set[str], known: tuple[str, ...]) -> None:
    if unknown := sorted(names - set(known)):
        words = _("This is not known here.")
        raise ApiError(422, code="E_UNKNOWN_FIELD", details={name[:80]: [words] for name in unknown[:20]})
