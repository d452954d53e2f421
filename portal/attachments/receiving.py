"""Files that come with a plain form, for those without a script. Knows the web, as views do."""

import os
from hashlib import file_digest

from flask import Flask, current_app, request
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from portal.attachments.actions import LONGEST_NAME
from portal.attachments.taking import Coming, Received, take_in
from portal.gateways.storage import storage
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


def receive(draft: str, *, is_internal: bool = False) -> Received:
    """Keep the form's files with what its sender is about to send. Commits, as `take_in` does."""
    return take_in([_coming(file) for file in _sent()], draft, by=me(), is_internal=is_internal)


def _coming(file: FileStorage) -> Coming:
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)

    def put(key: str, kind: str) -> None:
        storage().send(key, file.stream, size=size, kind=kind)  # type: ignore[arg-type]  # it can be read

    return Coming(_name_of(file), file.mimetype, size, put)


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
