from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    String,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.accounts.reader import Anybody, Reader
from portal.attachments.models import Attachment, State
from portal.attachments.policy import files_for, of_ticket_for
from portal.events.kinds import Kind
from portal.events.models import AUDITED, Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.leases import is_free
from portal.tickets.family import family_ids
from portal.tickets.models import Ticket

# By the ids of their ticket and of the comment that they came with, if any.
Files = dict[tuple[int | None, int | None], list[Attachment]]
DAY = timedelta(days=1)
NOT_COUNTED = (State.EXPIRED, State.INFECTED)  # what is not kept
# What was announced for a ticket itself is none of its files before it is there.
_HAS_COME = Attachment.scanned_status.not_in([State.PENDING, State.EXPIRED]) | Attachment.reason.is_not(None)


def attachment_or_404(public_id: str, *, seen_by: User, to_change: bool = False) -> Attachment:
    """The file, if this user may see it; locked until the commit when it is to be changed."""
    found = select(Attachment).where(Attachment.public_id == public_id, files_for(seen_by))
    if to_change:
        found = found.with_for_update(of=Attachment).execution_options(populate_existing=True)
    else:
        found = found.options(joinedload(Attachment.ticket))
    return db.one_or_404(found)


def held_with_its_ticket_or_404(public_id: str, *which: ColumnElement[bool]) -> Attachment:
    """The file, and before it the ticket that it belongs to, locked until the commit.

    Whoever takes both takes them in this order, so that nobody waits for each other, and a
    ticket's history is written one after the other. What this transaction has changed may be lost.
    """
    wanted = (Attachment.public_id == public_id, *which)
    while True:
        ticket_id = db.one_or_404(select(Attachment.ticket_id).where(*wanted))
        ticket = select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket)
        db.session.scalar(ticket, execution_options={"populate_existing": True})
        file = select(Attachment).where(*wanted).with_for_update(of=Attachment)
        held = db.one_or_404(file.execution_options(populate_existing=True))
        if held.ticket_id == ticket_id:
            return held
        db.session.rollback()  # a draft was sent meanwhile: its ticket comes first


def files_of_ticket(ticket: Ticket, *, seen_by: User) -> Files:
    """Those that this user, who sees the ticket, may see, in order."""
    theirs = select(Attachment).where(_sent_to(ticket), of_ticket_for(seen_by), _HAS_COME)
    files: Files = {}
    for each in db.session.scalars(theirs.order_by(Attachment.id), execution_options=KEEPS_PLAN):
        files.setdefault(_place_of(each), []).append(each)
    return files


def _sent_to(ticket: Ticket) -> ColumnElement[bool]:
    """With those of what was merged into it."""
    ids = family_ids(ticket)
    return Attachment.ticket_id.in_(ids) if len(ids) > 1 else Attachment.ticket_id == ticket.id


def _place_of(attachment: Attachment) -> tuple[int | None, int | None]:
    return attachment.ticket_id, attachment.comment_id


def files_on_page(
    ticket: Ticket, *, seen_by: User, drafts: Collection[str]
) -> tuple[Files, dict[str, list[Attachment]]]:
    """`files_of_ticket` and `drafted_files` in one statement."""
    reader = Reader.of(seen_by)
    asked = reader.given | {"ticket_ids": family_ids(ticket), "drafts": list(drafts)}
    by_comment: Files = {}
    by_draft: dict[str, list[Attachment]] = {}
    for each in db.session.scalars(_on_page(reader.anybody), asked, execution_options=KEEPS_PLAN):
        if each.draft:
            by_draft.setdefault(each.draft, []).append(each)
        else:
            by_comment.setdefault(_place_of(each), []).append(each)
    return by_comment, by_draft


@cache
def _on_page(reader: Reader) -> Select[Attachment]:
    """Made once: each ticket's page asks for it."""
    sent = (Attachment.ticket_id == any_(_TICKETS)) & of_ticket_for(reader) & _HAS_COME
    drafted = _drafted_by(reader) & (Attachment.draft == any_(_DRAFTS))
    return select(Attachment).where(or_(sent, drafted)).order_by(Attachment.id)


_TICKETS = bindparam("ticket_ids", type_=ARRAY(BigInteger))
_DRAFTS = bindparam("drafts", type_=ARRAY(String))


def _drafted(user: User, drafts: Collection[str]) -> ColumnElement[bool]:
    return _drafted_by(user) & Attachment.draft.in_(drafts)


def _drafted_by(user: Anybody) -> ColumnElement[bool]:
    return (Attachment.uploader_id == user.id) & (Attachment.scanned_status != State.EXPIRED)


def has_drafted(user: User, draft: str) -> bool:
    """Whether there is a file that would be sent with it."""
    there = _drafted(user, [draft]) & (Attachment.scanned_status != State.PENDING)
    return bool(db.session.scalar(select(exists().where(there))))


def drafted_files(user: User, *drafts: str) -> dict[str, list[Attachment]]:
    """What they are about to send, by draft; what never arrived is left out."""
    theirs = select(Attachment).where(_drafted(user, drafts))
    files: dict[str, list[Attachment]] = {}
    for each in db.session.scalars(theirs.order_by(Attachment.id), execution_options=KEEPS_PLAN):
        files.setdefault(str(each.draft), []).append(each)
    return files


def bytes_of_ticket(ticket_id: int) -> int:
    """What its files take, those on their way included."""
    return _bytes(Attachment.ticket_id == ticket_id)


def bytes_of_draft(user: User, draft: str) -> int:
    """What they are about to send there takes, and what the ticket has for which it is."""
    number, _, kind = draft.partition(":")
    there = (Attachment.uploader_id == user.id) & (Attachment.draft == draft)
    return _bytes(or_(there, Attachment.ticket_id == int(number)) if kind else there)


def sent_today(user: User) -> tuple[int, int]:
    """How many files they have announced within a day, and their bytes, whatever became of them.

    Of those that came, the events tell: of what was taken back there is nothing else.
    """
    since = clock.now() - DAY
    never_came = Attachment.uploaded_at.is_(None) & (Attachment.created_at > since)
    came = (Event.kind == Kind.FILE_UPLOADED) & (Event.created_at > since)
    sizes = union_all(
        select(Attachment.size).where(Attachment.uploader_id == user.id, never_came),
        select(Event.data["size"].as_integer()).where(AUDITED, Event.actor_id == user.id, came),
    ).subquery()
    number, total = db.session.execute(select(func.count(), func.sum(sizes.c.size))).one()
    return number, int(total or 0)


def count_of_draft(user: User, draft: str) -> int:
    """Files that they are about to send there, or have in hand."""
    theirs = (Attachment.uploader_id == user.id) & (Attachment.draft == draft)
    counted = select(func.count(Attachment.id)).where(theirs, Attachment.scanned_status != State.EXPIRED)
    return db.session.scalar(counted) or 0


def _bytes(*which: ColumnElement[bool]) -> int:
    kept = select(func.coalesce(func.sum(Attachment.size), 0))
    return int(db.session.scalar(kept.where(Attachment.scanned_status.not_in(NOT_COUNTED), *which)) or 0)


def is_due() -> ColumnElement[bool]:
    """Whose turn it is at the scanner: no worker is at it, and no try has just failed."""
    waits = Attachment.scanned_status.in_([State.UPLOADED, State.SCANNING])
    return waits & is_free(Attachment)


def waiting_for_scan(limit: int, *, at_most: int | None = None) -> Sequence[int]:
    """What is due, the first sent first; with `at_most` those alone that have no more bytes."""
    due = select(Attachment.id).where(is_due())
    if at_most is not None:
        due = due.where(Attachment.size <= at_most)
    return db.session.scalars(due.order_by(Attachment.id).limit(limit)).all()
