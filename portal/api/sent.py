"""Reading what programs send: a small object of texts, and nothing that nobody knows."""

import json
from typing import Any

from flask import request
from flask_babel import gettext as _

from portal.tickets.forms import BODY_LIMIT
from portal.web.machines import ApiError


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
