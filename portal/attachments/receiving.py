"""Files that come with a plain form, for those without a script. Knows the web, as views do."""

import os
from dataclasses import dataclass, field
from hashlib import file_digest

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from portal.attachments import actions
from portal.attachments.actions import LONGEST_NAME
from portal.attachments.queries import attachment_or_404
from portal.errors import DomainError
from portal.extensions import db
from portal.gateways.storage import StorageAway, storage
from portal.web.session import me

TAKE_FILES = {"tickets.submit", "tickets.reply", "tickets.add_note"}
ROOM = 2 * 1024 * 1024  # bytes of a form around its files


def init_app(app: Flask) -> None:
    app.url_value_preprocessor(_make_room)


def _make_room(endpoint: str | None, values: dict | None) -> None:
    """Before anything reads the form: one with files may be as large as a file, of who is logged in."""
    if endpoint not in TAKE_FILES or request.mimetype != "multipart/form-data":
        return
    if current_user.is_authenticated:
        request.max_content_length = current_app.config["DESK"].upload_limit + ROOM


@dataclass(frozen=True)
class Received:
    """What came with a form: the public ids of what was taken in, and why the rest was not, in words."""

    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.files or self.refused)


def receive(draft: str, *, is_internal: bool = False) -> Received:
    """Keep the form's files with what its sender is about to send.

    Commits where it has some, for nothing is held while the store is busy: what the caller
    has locked is to be loaded again.
    """
    received = Received()
    for file in _sent():
        try:
            received.files.append(_take_in(file, draft, is_internal=is_internal))
        except DomainError as error:
            db.session.rollback()
            received.refused.append(f"{_name_of(file)}: {error}")
    return received


def _name_of(file: FileStorage) -> str:
    """No form has said how long it may be: what nobody would read of it is left out."""
    return (file.filename or "")[-LONGEST_NAME:]


def described() -> dict[str, list[tuple[str, str]]]:
    """The form's files by their names and SHA-256: what tells it from one of the same words."""
    files = []
    for file in _sent():
        files.append((file.filename or "", file_digest(file.stream, "sha256").hexdigest()))  # type: ignore[arg-type]
        file.stream.seek(0)
    return {"files": files}


def brings_files() -> bool:
    return bool(_sent())


def _sent() -> list[FileStorage]:
    return [file for file in request.files.getlist("files") if file.filename]


def _take_in(file: FileStorage, draft: str, *, is_internal: bool) -> str:
    """As a browser does by itself: announced, put into the quarantine, and said to be there.

    Its public id.
    """
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    announced = actions.announce(
        _name_of(file),
        mime=file.mimetype,
        size=size,
        uploader=me(),
        draft=draft,
        is_internal=is_internal,
    )
    public_id, key, kind = announced.public_id, announced.object_key, announced.mime
    db.session.commit()
    try:
        storage().send(key, file.stream, size=size, kind=kind)  # type: ignore[arg-type]  # it can be read
    except StorageAway as error:
        actions.expire([attachment_or_404(public_id, seen_by=me(), to_change=True)])
        db.session.commit()
        raise DomainError(_("The store for files does not answer. Try again in a minute.")) from error
    actions.arrived(attachment_or_404(public_id, seen_by=me(), to_change=True))
    db.session.commit()
    return public_id
