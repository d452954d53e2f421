from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.attachments.policy import files_for, of_ticket_for
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.tickets.models import Ticket

DAY = timedelta(days=1)
NOT_COUNTED = (State.EXPIRED, State.INFECTED)  # what is not kept


def attachment_or_404(public_id: str, *, seen_by: User, to_change: bool = False) -> Attachment:
    """The file, if this user may see it; locked until the commit when it is to be changed."""
    found = select(Attachment).where(Attachment.public_id == public_id, files_for(seen_by))
    if to_change:
        found = found.with_for_update(of=Attachment).execution_options(populate_existing=True)
    else:
        found = found.options(joinedload(Attachment.ticket))
    return db.one_or_404(found)


def files_of_ticket(ticket: Ticket, *, seen_by: User) -> dict[int | None, list[Attachment]]:
    """Those that this user, who sees the ticket, may see, by the comment they came with, in order."""
    theirs = select(Attachment).where(Attachment.ticket_id == ticket.id, of_ticket_for(seen_by))
    files: dict[int | None, list[Attachment]] = {}
    for each in db.session.scalars(theirs.order_by(Attachment.id), execution_options=KEEPS_PLAN):
        files.setdefault(each.comment_id, []).append(each)
    return files


def drafted_files(user: User, *drafts: str) -> dict[str, list[Attachment]]:
    """What they are about to send, by draft; what never arrived is left out."""
    theirs = select(Attachment).where(
        Attachment.uploader_id == user.id,
        Attachment.draft.in_(drafts),
        Attachment.scanned_status != State.EXPIRED,
    )
    files: dict[str, list[Attachment]] = {}
    for each in db.session.scalars(theirs.order_by(Attachment.id), execution_options=KEEPS_PLAN):
        files.setdefault(str(each.draft), []).append(each)
    return files


def bytes_of_ticket(ticket_id: int) -> int:
    """What its files take, those on their way included."""
    return _bytes(Attachment.ticket_id == ticket_id)


def bytes_of_draft(user: User, draft: str) -> int:
    return _bytes(Attachment.uploader_id == user.id, Attachment.draft == draft)


def bytes_today(user: User) -> int:
    """What they have announced within a day, whatever became of it."""
    recent = Attachment.created_at > clock.now() - DAY
    sent = select(func.coalesce(func.sum(Attachment.size), 0))
    return int(db.session.scalar(sent.where(Attachment.uploader_id == user.id, recent)) or 0)


def count_of_draft(user: User, draft: str) -> int:
    """Files that they are about to send there, or have in hand."""
    theirs = (Attachment.uploader_id == user.id, Attachment.draft == draft)
    return _count(Attachment.scanned_status != State.EXPIRED, *theirs)


def count_today(user: User) -> int:
    return _count(Attachment.uploader_id == user.id, Attachment.created_at > clock.now() - DAY)


def _count(*which: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(Attachment.id)).where(*which)) or 0


def _bytes(*which: ColumnElement[bool]) -> int:
    kept = select(func.coalesce(func.sum(Attachment.size), 0))
    return int(db.session.scalar(kept.where(Attachment.scanned_status.not_in(NOT_COUNTED), *which)) or 0)


def waiting_for_scan(limit: int, *, at_most: int | None = None) -> Sequence[int]:
    """Whose turn it is at the scanner: uploaded, or left by a worker that died; the first sent first.

    With `at_most` those alone that have no more bytes.
    """
    now = clock.now()
    due = select(Attachment.id).where(
        (Attachment.scanned_status == State.UPLOADED)
        | ((Attachment.scanned_status == State.SCANNING) & (Attachment.lease_until < now))
    )
    if at_most is not None:
        due = due.where(Attachment.size <= at_most)
    return db.session.scalars(due.order_by(Attachment.id).limit(limit)).all()
