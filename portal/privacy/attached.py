"""The files in an export: those that somebody sent, and those of their requests, as far as they are clean."""

from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile, ZipInfo

from sqlalchemy import Select, or_, select

from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways.storage import Area, NoSuchObject, storage
from portal.tickets.models import Part, Ticket, TicketPerson

BATCH = 200
ASKED = (Part.REQUESTER, Part.PARTICIPANT)
TOLD = ("original_filename", "mime", "size", "sha256", "created_at")
PIECE = 64  # chunks of the store after which a word is given that work goes on


def of(person: User) -> Select:
    """Files of internal notes are not theirs to have, unless they sent them."""
    columns = (getattr(Attachment, name) for name in TOLD)
    asked = select(TicketPerson.ticket_id).where(
        TicketPerson.user_id == person.id, TicketPerson.part.in_(ASKED)
    )
    of_requests = Attachment.ticket_id.in_(asked) & ~Attachment.is_internal
    return (
        select(Attachment.id, Attachment.public_id, Attachment.clean_key, Ticket.key, *columns)
        .outerjoin(Ticket, Ticket.id == Attachment.ticket_id)
        .where(
            Attachment.scanned_status == State.CLEAN,
            or_(Attachment.uploader_id == person.id, of_requests),
        )
        .order_by(Attachment.id)
    )


def rows_of(person: User) -> Iterator[Any]:
    last = 0
    while found := db.session.execute(of(person).where(Attachment.id > last).limit(BATCH)).all():
        last = found[-1].id
        yield from found


def told(row: Any) -> dict[str, Any]:
    """A file as `files.json` says it; `path` is where it stands in the archive."""
    return {"path": path_of(row), "ticket": row.key} | {name: getattr(row, name) for name in TOLD}


def path_of(row: Any) -> str:
    return f"files/{row.public_id}/{row.original_filename}"


def pack(archive: ZipFile, row: Any, entry: ZipInfo) -> Iterator[None]:
    """Copy it out of the store, and yield now and then; one that the store has lost is left out.

    Raises StorageAway.
    """
    chunks = storage().read(Area.CLEAN, row.clean_key)
    try:
        first = next(chunks, b"")
    except NoSuchObject:
        return
    with archive.open(entry, "w", force_zip64=True) as file:
        file.write(first)
        for number, chunk in enumerate(chunks, 1):
            file.write(chunk)
            if number % PIECE == 0:
                yield
