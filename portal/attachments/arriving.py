"""Files on their way: what the store has of them, and what a script is told. Knows the web, as views do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.attachments.actions import AnotherFile
from portal.attachments.models import Attachment
from portal.errors import NotAllowed
from portal.gateways.storage import Area, NoSuchObject, Sending, StorageAway, storage
from portal.web.machines import ApiError


@contextmanager
def told_in_json() -> Iterator[None]:
    """The script that asks shows what it is told: no page."""
    try:
        yield
    except NotFound as error:
        raise ApiError(404, _("That does not exist, or not any more.")) from error
    except NotAllowed as error:
        raise ApiError(403, str(error)) from error
    except AnotherFile as error:
        raise ApiError(409, str(error), code="E_ANOTHER_FILE") from error
    except StorageAway as error:
        said = _("The store for files does not answer. Try again in a minute; what you typed is safe.")
        raise ApiError(503, said, headers={"Retry-After": "30"}) from error


def given_up() -> ApiError:
    """There is nothing to go on with."""
    said = _("What had arrived of it is not kept any more. Try again: it starts from the beginning.")
    return ApiError(404, said, code="E_GIVEN_UP")


def ways_of(attachment: Attachment) -> dict[str, Any]:
    """Where a script goes on with the file, as JSON; addresses in the store are asked for apart."""
    public_id = attachment.public_id
    parts = {"parts_url": url_for("attachments.parts", public_id=public_id)} if attachment.is_in_parts else {}
    return {
        "id": public_id,
        "part_sizes": attachment.part_sizes,
        "complete_url": url_for("attachments.complete", public_id=public_id),
        "row_url": url_for("attachments.file", public_id=public_id),
        "removal_url": url_for("attachments.remove", public_id=public_id),
        **parts,
    }


def told(sending: Sending) -> dict[str, Any]:
    return {"url": sending.url, "method": sending.method, "headers": sending.headers}


def parts_there(key: str, upload: str, sizes: list[int]) -> set[int]:
    """The numbers of those that have arrived whole. Raises ApiError where the store has forgotten them."""
    try:
        return {part.number for part in storage().parts(key, upload) if part.size == sizes[part.number - 1]}
    except NoSuchObject as error:
        if storage().size_of(Area.QUARANTINE, key) != sum(sizes):
            raise given_up() from error
        return set(range(1, len(sizes) + 1))  # joined before, by a request that broke then


def bytes_arrived(key: str, sizes: list[int], upload: str | None) -> int:
    """How many bytes the store has of it; parts become one object once all are there."""
    if upload is not None:
        try:
            sent = storage().parts(key, upload)
            if [part.size for part in sent] != sizes:
                return sum(part.size for part in sent)
            storage().join_parts(key, upload, sent)
        except NoSuchObject:  # joined before, by a request whose answer was lost
            return storage().size_of(Area.QUARANTINE, key) or 0
    return storage().size_of(Area.QUARANTINE, key) or 0
