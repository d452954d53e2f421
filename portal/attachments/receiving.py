"""Files that come with a plain form, for those without a script. Knows the web, as views do."""

import os

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from portal.attachments import actions
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


def receive(draft: str, *, is_internal: bool = False) -> list[str] | None:
    """Keep the form's files with what its sender is about to send; None where it has none.

    Else what was refused, in words. Commits, for nothing is held while the store is busy: what
    the caller has locked is to be loaded again.
    """
    sent = [file for file in request.files.getlist("files") if file.filename]
    refused = []
    for file in sent:
        try:
            _take_in(file, draft, is_internal=is_internal)
        except DomainError as error:
            db.session.rollback()
            refused.append(f"{file.filename}: {error}")
    return refused if sent else None


def _take_in(file: FileStorage, draft: str, *, is_internal: bool) -> None:
    """As a browser does by itself: announced, put into the quarantine, and said to be there."""
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    announced = actions.announce(
        file.filename or "",
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
