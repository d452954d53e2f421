"""Announcing files, taking them in, and letting them go. Nothing here commits."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, select

from portal import clock
from portal.accounts.models import User
from portal.attachments import kinds
from portal.attachments.models import Attachment, Discarded, State
from portal.attachments.queries import (
    bytes_of_draft,
    bytes_of_ticket,
    count_of_draft,
    sent_today,
)
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.gateways.live import publish_after_commit
from portal.gateways.queue import enqueue_after_commit
from portal.gateways.storage import TO_SEND, Area
from portal.settings.cache import site
from portal.tickets.models import Comment, Ticket

MB = 1024 * 1024
LONGEST_NAME = 255  # bytes
GOES_ON = timedelta(days=1)  # with what has arrived in part
LONGEST_TYPED = 1000  # letters of a path of which that is left
MOST_OF_DRAFT = 20  # files of one reply or request
MOST_A_DAY = 2_000  # files of a person
# Neither seen nor typed, or made to turn the end of a name around (Unicode, UAX #9).
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_OF_PATHS = re.compile(r"[\\/:*?\"<>|]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)", re.IGNORECASE)


def announce(
    filename: str,
    *,
    mime: str,
    size: int,
    uploader: User,
    ticket: Ticket | None = None,
    draft: str | None = None,
    is_internal: bool = False,
) -> Attachment:
    """Note that a file is on its way: for a ticket, or for what somebody is about to send there.

    Raises DomainError, with what would be right, for one that will not be taken.
    """
    name = tidy_name(filename)
    _refuse_kind(name, mime)
    _refuse_size(size)
    _refuse_too_much(size, uploader=uploader, ticket=ticket, draft=draft)
    attachment = Attachment(
        ticket=ticket,
        draft=draft,
        is_internal=is_internal,
        uploader=uploader,
        original_filename=name,
        mime=mime.partition(";")[0].strip().lower()[:120] or kinds.OCTETS,
        size=size,
        expires_at=clock.now() + TO_SEND,
    )
    db.session.add(attachment)
    db.session.flush()
    return attachment


def tidy_name(filename: str) -> str:
    """The last part of a path, without what hides or turns letters, as a file system can keep it.

    Its extension is left alone. Raises DomainError where nothing is left.
    """
    last = filename[-LONGEST_TYPED:].replace("\\", "/").rpartition("/")[2]
    name = _UNSEEN.sub("", unicodedata.normalize("NFC", last))
    name = _OF_PATHS.sub("_", name).strip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"
    if not name.strip("_"):
        raise DomainError(_("The file has no name."))
    while len(name.encode()) > LONGEST_NAME:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{extension}" if len(stem) > 1 else name[:40]
    return name


class AnotherFile(DomainError):
    """What is about to be sent is not the file of which parts were sent."""

    def __init__(self) -> None:
        super().__init__(_("This is not the file that has arrived in part."))


def remember(attachment: Attachment, hashes: Sequence[str | None]) -> None:
    """Note the SHA-256 of each part as far as its sender knows it, before the part is sent.

    What is noted once stays, so that the parts of two files never become one. Raises AnotherFile.
    """
    refuse_another(attachment, hashes)
    known = attachment.announced_sha256 or [None] * len(hashes)
    attachment.announced_sha256 = [old or new for old, new in zip(known, hashes, strict=True)]


def refuse_another(attachment: Attachment, hashes: Sequence[str | None]) -> None:
    """Raises AnotherFile, unless what is known of its parts is the same."""
    known = attachment.announced_sha256 or [None] * len(attachment.part_sizes)
    if len(known) != len(hashes) or any(a and b and a != b for a, b in zip(known, hashes, strict=True)):
        raise AnotherFile


def wait_longer(attachment: Attachment, *, arrived: int) -> None:
    """Its sender is at it, and has just been given new addresses; so many bytes have arrived.

    What they see of a file that has arrived in part is kept for them to go on with.
    """
    life = GOES_ON if arrived and attachment.draft else TO_SEND
    attachment.expires_at = clock.now() + life
    if arrived != attachment.arrived:
        attachment.arrived = arrived
        tell(attachment)


def arrived(attachment: Attachment, *, hashes: list[str] | None = None) -> None:
    """All of it is in the quarantine: the scanner is next. Arrived twice is arrived once.

    `hashes` are what the sender says the SHA-256 of each part is, in hexadecimal: the scanner's
    worker compares them with what came. Raises AnotherFile where they are not those that were noted.
    """
    if attachment.scanned_status is not State.PENDING:
        return
    if hashes:
        remember(attachment, hashes)
    if not all(attachment.announced_sha256 or []):
        raise AnotherFile  # who knew some of them knows all
    attachment.scanned_status, attachment.uploaded_at = State.UPLOADED, clock.now()
    attachment.upload_id = None
    record(Kind.FILE_UPLOADED, actor=attachment.uploader, **about(attachment))
    if attachment.ticket is not None:
        is_public = not attachment.is_internal
        told = about(attachment)
        record(
            Kind.FILE_ATTACHED, actor=attachment.uploader, ticket=attachment.ticket, public=is_public, **told
        )
    _have_scanned(attachment)


def attach(user: User, draft: str, ticket: Ticket, comment: Comment | None = None) -> list[Attachment]:
    """Give the ticket what this user has sent for that draft."""
    files = received_for(user, draft)
    give(files, ticket, comment)
    return files


def received_for(user: User, draft: str) -> list[Attachment]:
    """What this user has sent for that draft, also what is still being checked; held until the commit.

    What has not arrived yet stays with the draft.
    """
    asked = {"uploader_id": user.id, "draft": draft}
    return list(db.session.scalars(_RECEIVED, asked, execution_options=KEEPS_PLAN))


_RECEIVED = (
    select(Attachment)
    .where(
        Attachment.uploader_id == bindparam("uploader_id"),
        Attachment.draft == bindparam("draft"),
        Attachment.scanned_status.not_in([State.PENDING, State.EXPIRED]),
    )
    .order_by(Attachment.id)
    .with_for_update()
)


def give(files: Iterable[Attachment], ticket: Ticket, comment: Comment | None = None) -> None:
    """Let the files be the ticket's, or those of what was written on it."""
    for each in files:
        each.draft, each.ticket, each.comment = None, ticket, comment
        each.is_internal = bool(comment and comment.is_internal)
    db.session.flush()


def delete(attachment: Attachment, *, actor: User | None) -> None:
    """Take the file away: from now on it is nowhere, and its objects go.

    What never came only expires, for it is counted among what its sender has announced, but
    stands with nothing that is written any more.
    """
    if attachment.scanned_status is State.PENDING:
        expire([attachment])
        attachment.draft = None
    if attachment.scanned_status is State.EXPIRED and attachment.uploaded_at is None:
        return
    ticket, told = attachment.ticket, about(attachment)
    is_public = not attachment.is_internal
    discard(attachment)
    tell(attachment)
    db.session.delete(attachment)
    db.session.flush()
    if ticket is not None:
        record(Kind.FILE_DELETED, actor=actor, ticket=ticket, public=is_public, **told)
    else:
        record(Kind.FILE_DELETED, actor=actor, **told)


def take_back(files: Collection[str], *, sender: User) -> None:
    """They came with a form that had come before: these copies go, wherever the first form took them.

    `files` are public ids. No ticket's history tells it, for the ticket has them still.
    """
    doubles = select(Attachment).where(Attachment.public_id.in_(files), Attachment.uploader_id == sender.id)
    for each in db.session.scalars(doubles.order_by(Attachment.id).with_for_update()).all():
        discard(each)
        tell(each)
        record(Kind.FILE_DELETED, actor=sender, **about(each))
        db.session.delete(each)


def discard(attachment: Attachment) -> None:
    """Whatever the store has of it is to be removed, after the commit."""
    for area, key, upload_id in objects_of(attachment):
        _discard(Discarded(area=area, key=key, upload_id=upload_id))


def objects_of(attachment: Attachment | Row) -> Iterator[tuple[str, str, str | None]]:
    """Whatever the store may have of a file: area and key, or the upload whose parts came."""
    if attachment.upload_id:
        yield Area.QUARANTINE.value, attachment.object_key, attachment.upload_id
    yield Area.QUARANTINE.value, attachment.object_key, None
    for key in (attachment.clean_key, attachment.thumbnail_key, attachment.preview_key):
        if key:
            yield Area.CLEAN.value, key, None


def discard_object(area: Area, key: str, due: datetime | None = None) -> None:
    """Note that an object is to be removed, now or then, so that it goes even where the store is away."""
    _discard(Discarded(area=area.value, key=key, available_at=due or clock.now()))


def discard_upload(area: Area, key: str, upload_id: str) -> None:
    """The same for parts that never become an object. An object of that key stays."""
    _discard(Discarded(area=area.value, key=key, upload_id=upload_id))


def _discard(unused: Discarded) -> None:
    db.session.add(unused)
    enqueue_after_commit("jobs.files.remove_discarded", queue="slow")


def expire(attachments: Iterable[Attachment]) -> None:
    """They never came: nobody waits for them any more, and what came after all is removed."""
    for each in attachments:
        each.scanned_status = State.EXPIRED
        discard(each)
        tell(each)


def try_again(attachment: Attachment, *, actor: User) -> None:
    """Have a file looked at once more that made its scan fail. Raises DomainError for any other."""
    if attachment.scanned_status is not State.FAILED:
        raise DomainError(_("Only a file whose check failed is checked again."))
    wait_again(attachment, actor=actor)
    _have_scanned(attachment)


def wait_again(attachment: Attachment, *, actor: User) -> None:
    """It waits for the scanner as if it had just come; when it was sent, `created_at` says still."""
    attachment.scanned_status, attachment.attempts, attachment.error = State.UPLOADED, 0, None
    attachment.uploaded_at = clock.now()
    record(Kind.FILE_RETRIED, actor=actor, **about(attachment))


def _have_scanned(attachment: Attachment) -> None:
    """Large files wait behind each other, and nobody's news behind them."""
    queue = "slow" if attachment.is_slow_to_scan else "urgent"
    enqueue_after_commit("jobs.files.scan", attachment.id, queue=queue)


def tell(attachment: Attachment) -> None:
    """Open pages of whom it concerns ask for the news."""
    publish_after_commit(f"user:{attachment.uploader_id}")
    if attachment.ticket:
        publish_after_commit(f"ticket:{attachment.ticket.merged_into_id or attachment.ticket_id}")


def about(attachment: Attachment) -> dict[str, Any]:
    """A file as events say it."""
    return {
        "file_id": attachment.public_id,
        "file": attachment.original_filename,
        "size": attachment.size,
        "ticket_key": attachment.ticket.key if attachment.ticket else None,
    }


def _refuse_kind(name: str, mime: str) -> None:
    allowed = site().upload_types
    extension = kinds.extension_of(name)
    if extension not in allowed or extension not in kinds.KINDS:
        listed = ", ".join(sorted(set(allowed) & set(kinds.KINDS)))
        raise DomainError(_("Files of this kind are not taken. These are: %(listed)s.", listed=listed))
    if not kinds.is_declared_well(name, mime):
        raise DomainError(
            _(
                "The file is called %(name)s and is said to be %(mime)s, which is something else.",
                name=name,
                mime=mime,
            )
        )


def _refuse_size(size: int) -> None:
    limit = current_app.config["DESK"].upload_limit
    if size < 1:
        raise DomainError(_("The file is empty."))
    if size > limit:
        raise DomainError(_("The file is larger than %(limit)d MB.", limit=limit // MB))


def _refuse_too_much(size: int, *, uploader: User, ticket: Ticket | None, draft: str | None) -> None:
    """One after the other for each person: their row is held, so that many at once are counted."""
    db.session.execute(select(User.id).where(User.id == uploader.id).with_for_update(key_share=True))
    limits = site()
    number, sent = sent_today(uploader)
    if sent + size > limits.upload_day_mb * MB:
        raise DomainError(
            _(
                "You have sent more than %(limit)d MB within a day. Try again tomorrow.",
                limit=limits.upload_day_mb,
            )
        )
    if draft and count_of_draft(uploader, draft) >= MOST_OF_DRAFT:
        raise DomainError(_("You can send %(limit)d files at a time.", limit=MOST_OF_DRAFT))
    if number >= MOST_A_DAY:
        raise DomainError(_("You have sent too many files today. Try again tomorrow."))
    there = bytes_of_ticket(ticket.id) if ticket else bytes_of_draft(uploader, draft) if draft else 0
    if there + size > limits.upload_ticket_mb * MB:
        raise DomainError(
            _("The files of a ticket take no more than %(limit)d MB.", limit=limits.upload_ticket_mb)
        )
