"""From the quarantine to where files are served from. Nothing here commits.

The race that this closes: an address to put a file stays good for ten minutes, so
another file can be put after the first was scanned. What is scanned is therefore
fetched once, and exactly those bytes are what is kept and served.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import BinaryIO

from sqlalchemy import ColumnElement, select, update

from portal import clock
from portal.attachments import kinds, previews, sniffing
from portal.attachments.actions import about, discard, discard_object, tell
from portal.attachments.models import Attachment, Reason, State
from portal.attachments.queries import is_due
from portal.attachments.telling import tell_people
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.antivirus import Verdict
from portal.gateways.storage import Area
from portal.settings.cache import site

LEASE = timedelta(seconds=75)  # what a worker that died was at is another's after so long
RENEWAL = timedelta(seconds=20)  # after so long a worker that lives makes it last longer
TRIES = 5
PAUSE = timedelta(seconds=30)  # after the first try that failed; twice as long after each other


@dataclass(frozen=True)
class Claim:
    """What a worker needs to know of the file it is at, and by which it is still theirs."""

    id: int
    attempt: int
    key: str
    size: int
    name: str
    parts: list[int]
    hashes: list[str | None] | None
    state: State = State.SCANNING  # that it has while it is ours
    recorded: str | None = None  # the SHA-256 of what was scanned before


def claim(attachment_id: int) -> Claim | None:
    """Make the file ours for the length of a lease; None where it is not its turn.

    Commit before reading it: the lease then outlives this worker's death.
    """
    attachment = db.session.scalar(
        select(Attachment).where(Attachment.id == attachment_id, is_due()).with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    )
    if attachment is None:
        return None
    if attachment.attempts >= TRIES:
        _give_up(attachment)
        return None
    attachment.attempts += 1
    attachment.scanned_status, attachment.lease_until = State.SCANNING, clock.now() + LEASE
    db.session.flush()
    return Claim(
        attachment.id,
        attachment.attempts,
        attachment.object_key,
        attachment.size,
        attachment.original_filename,
        attachment.part_sizes,
        attachment.announced_sha256,
    )


def claim_again(attachment: Attachment, *, key: str) -> Claim:
    """The same for a file that was scanned before and keeps its state meanwhile; it is locked by the caller.

    `key` is where its bytes stand: in the quarantine, or where they are served from.
    """
    attachment.attempts += 1
    attachment.lease_until = clock.now() + LEASE
    db.session.flush()
    return Claim(
        attachment.id,
        attachment.attempts,
        key,
        attachment.size,
        attachment.original_filename,
        attachment.part_sizes,
        None,
        state=attachment.scanned_status,
        recorded=attachment.sha256,
    )


class NotOurs(Exception):
    """The file was deleted, or another worker has it by now."""


def keep_lease(claimed: Claim) -> None:
    """The file is ours for another while. Raises NotOurs."""
    longer = update(Attachment).where(*_is_ours(claimed)).values(lease_until=clock.now() + LEASE)
    if db.session.scalar(longer.returning(Attachment.id)) is None:
        raise NotOurs


def put_back(claimed: Claim, *, costs_a_try: bool, error: str) -> None:
    """Not now: the scanner or the store is away, which is not the file's fault, or its scan broke.

    What broke may mend (a disk that is full, a worker short of memory): it is left alone for a while.
    """
    attachment = ours(claimed)
    if attachment is None:
        return
    attachment.scanned_status, attachment.lease_until = State.UPLOADED, None
    attachment.error = error[:500]
    if not costs_a_try:
        attachment.attempts -= 1
    elif attachment.attempts >= TRIES:
        _give_up(attachment)
    else:
        attachment.lease_until = clock.now() + PAUSE * 2 ** (attachment.attempts - 1)


def _give_up(attachment: Attachment) -> None:
    attachment.scanned_status, attachment.lease_until = State.FAILED, None
    record(Kind.FILE_FAILED, actor=None, **about(attachment))
    tell_people(attachment)
    tell(attachment)


@dataclass(frozen=True)
class Fetched:
    """What came out of the quarantine, byte for byte as it stands in `file`."""

    file: BinaryIO
    size: int
    sha256: str
    sniffed: str
    is_whole: bool


def fetch(claimed: Claim, chunks: Iterator[bytes], file: BinaryIO) -> Fetched:
    """Write the bytes into the file, and no more of them than were announced, and look what they are."""
    whole, parts = sha256(), _Parts(claimed.parts)
    size, head = 0, b""
    for chunk in chunks:
        size += len(chunk)
        if size > claimed.size:
            break
        whole.update(chunk)
        parts.update(chunk)
        if len(head) < sniffing.ENOUGH:
            head += chunk[: sniffing.ENOUGH - len(head)]
        file.write(chunk)
    file.seek(0)
    is_whole = size == claimed.size and (claimed.hashes is None or parts.digests() == claimed.hashes)
    return Fetched(file, size, whole.hexdigest(), sniffing.kind_of(head), is_whole)


class _Parts:
    """SHA-256 of each part of known length, while the bytes come in chunks of any."""

    def __init__(self, sizes: list[int]) -> None:
        self._left = list(sizes)
        self._now = sha256()
        self._done: list[str] = []

    def update(self, chunk: bytes) -> None:
        while chunk and self._left:
            taken, chunk = chunk[: self._left[0]], chunk[self._left[0] :]
            self._now.update(taken)
            self._left[0] -= len(taken)
            if self._left[0] == 0:
                self._left.pop(0)
                self._done.append(self._now.hexdigest())
                self._now = sha256()

    def digests(self) -> list[str]:
        return self._done


def refused(claimed: Claim, fetched: Fetched) -> Reason | None:
    """Why the scanner need not be asked: it did not come whole, or is not what its name says."""
    if not fetched.is_whole:
        return Reason.DAMAGED
    if not kinds.is_what_it_says(claimed.name, fetched.sniffed):
        return Reason.MISMATCH
    return None


def new_key() -> str:
    """Where a clean file is to stand: known to nobody who could write there."""
    return f"c/{secrets.token_urlsafe(24)}"


def accept(
    claimed: Claim, fetched: Fetched, verdict: Verdict, *, key: str, drawn: previews.Drawn
) -> Attachment | None:
    """It is clean, and what was scanned stands under that key; None where it is not ours any more."""
    attachment = ours(claimed)
    if attachment is None:
        return None
    _note(attachment, fetched, verdict)
    attachment.scanned_status, attachment.clean_key = State.CLEAN, key
    attachment.thumbnail_key, attachment.preview_key = drawn.thumbnail_key, drawn.preview_key
    attachment.excerpt, attachment.has_excerpt = drawn.excerpt, bool(drawn.excerpt)
    discard_object(Area.QUARANTINE, attachment.object_key)
    tell(attachment)
    return attachment


def block(claimed: Claim, fetched: Fetched, verdict: Verdict) -> Attachment | None:
    """It holds a virus: it goes, or stays locked where it is; None where it is not ours any more."""
    attachment = ours(claimed)
    if attachment is None:
        return None
    _note(attachment, fetched, verdict)
    attachment.scanned_status = State.INFECTED
    if not site().keeps_infected:
        discard(attachment)
    record(Kind.FILE_BLOCKED, actor=None, **about(attachment), found=verdict.name)
    tell_people(attachment)
    tell(attachment)
    return attachment


def leave_unscanned(
    claimed: Claim, fetched: Fetched, reason: Reason, verdict: Verdict | None = None
) -> Attachment | None:
    """It could not be looked at, or is not what it says. What did not come whole is sent anew."""
    attachment = ours(claimed)
    if attachment is None:
        return None
    _note(attachment, fetched, verdict)
    attachment.reason = reason
    record(Kind.FILE_UNSCANNABLE, actor=None, **about(attachment), reason=reason.value)
    if reason is Reason.DAMAGED:
        attachment.scanned_status = State.EXPIRED
        discard(attachment)
    else:
        attachment.scanned_status = State.UNSCANNABLE
        tell_people(attachment)
    tell(attachment)
    return attachment


def reason_of(verdict: Verdict) -> Reason:
    """Why the scanner could not look at all of it."""
    return Reason.ENCRYPTED if "Encrypted" in (verdict.name or "") else Reason.LIMITS


def _note(attachment: Attachment, fetched: Fetched, verdict: Verdict | None) -> None:
    attachment.lease_until, attachment.error, attachment.scanned_at = None, None, clock.now()
    attachment.sha256, attachment.sniffed = fetched.sha256, fetched.sniffed[:120]
    if verdict:
        attachment.found = (verdict.name or "")[:200] or None
        attachment.engine, attachment.signatures = verdict.by.engine[:80], verdict.by.signatures


def ours(claimed: Claim) -> Attachment | None:
    """Locked until the commit; None where it was deleted, or is another worker's by now."""
    held = select(Attachment).where(*_is_ours(claimed)).with_for_update()
    return db.session.scalar(held, execution_options={"populate_existing": True})


def _is_ours(claimed: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        Attachment.id == claimed.id,
        Attachment.scanned_status == claimed.state,
        Attachment.attempts == claimed.attempt,
    )
