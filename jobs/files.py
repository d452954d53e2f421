"""Scanning files, and removing what nothing refers to any more."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO, cast

from sqlalchemy import select

from portal import clock
from portal.attachments import actions, discarded, previews, scanning
from portal.attachments.models import SLOW_TO_SCAN, Attachment, State
from portal.attachments.queries import waiting_for_scan
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import Finding, ScannerAway
from portal.gateways.storage import Area, StorageAway, storage

log = logging.getLogger(__name__)

BATCH = 50
SHIFT = 60.0  # seconds after which a job leaves the rest to others
LATER = timedelta(minutes=1)


def scan(attachment_id: int) -> None:
    """This file, and then what else waits: a job of its own for each takes longer than most scans."""
    until = time.monotonic() + SHIFT
    is_going_on = scan_one(attachment_id)
    while is_going_on and time.monotonic() < until:
        waiting = waiting_for_scan(BATCH, at_most=SLOW_TO_SCAN)
        is_going_on = bool(waiting) and all(scan_one(each) for each in waiting)


def scan_one(attachment_id: int) -> bool:
    """Whether scanner and store were there; without one of them the file goes on waiting."""
    claimed = scanning.claim(attachment_id)
    db.session.commit()  # hold no transaction open while others work
    if claimed is None:
        return True
    try:
        _scan(claimed)
    except scanning.NotOurs:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        is_away = is_everybodys(error)
        log.warning("File %s could not be scanned", attachment_id, exc_info=not is_away)
        scanning.put_back(claimed, costs_a_try=not is_away, error=f"{type(error).__name__}: {error}")
        db.session.commit()
        return not is_away
    db.session.commit()
    return True


def is_everybodys(error: Exception) -> bool:
    """Whether any other file would fare the same: no scanner, no store, or no room on our own disk.

    A store that answers otherwise failed with this file alone.
    """
    if isinstance(error, StorageAway):
        try:
            storage().check()
        except StorageAway:
            return True
        return False
    return isinstance(error, ScannerAway | OSError)  # those of the network are said otherwise


def _scan(claimed: scanning.Claim) -> None:
    with tempfile.TemporaryFile() as file:
        ours = Ours(claimed, file)
        sent = storage().read(Area.QUARANTINE, claimed.key)
        fetched = scanning.fetch(claimed, ours.while_read(sent), file)
        if reason := scanning.refused(claimed, fetched):
            scanning.leave_unscanned(claimed, fetched, reason)
            return
        verdict = ours.verdict()
        if verdict.finding is Finding.INFECTED:
            scanning.block(claimed, fetched, verdict)
        elif verdict.finding is Finding.UNSCANNABLE:
            scanning.leave_unscanned(claimed, fetched, scanning.reason_of(verdict), verdict)
        else:
            keep(claimed, fetched, verdict, ours)


class Ours:
    """The bytes of a claimed file, whose lease is renewed while they are read: a large one takes longer.

    All of it raises NotOurs once the file is another's.
    """

    def __init__(self, claimed: scanning.Claim, file: BinaryIO) -> None:
        self._claimed, self._file = claimed, file
        self._renewed = time.monotonic()

    def while_read(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._renew()
            yield chunk

    def verdict(self) -> antivirus.Verdict:
        return antivirus.look_at(self.from_the_start(), meanwhile=self._renew)

    def from_the_start(self) -> BinaryIO:
        self._file.seek(0)
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        self._renew()
        return self._file.read(size)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > scanning.RENEWAL.total_seconds():
            scanning.keep_lease(self._claimed)
            db.session.commit()
            self._renewed = time.monotonic()


def keep(
    claimed: scanning.Claim,
    fetched: scanning.Fetched,
    verdict: antivirus.Verdict,
    ours: Ours,
    *,
    accept: Callable[..., Attachment | None] = scanning.accept,
) -> None:
    """Put exactly what was scanned where files are served from; what is not ours any more goes again."""
    key, kind = scanning.new_key(), "application/octet-stream"
    storage().keep(key, ours.from_the_start(), size=fetched.size, kind=kind)
    drawn = _draw(claimed, fetched)
    if accept(claimed, fetched, verdict, key=key, drawn=drawn) is None:
        for unused in filter(None, (key, drawn.thumbnail_key, drawn.preview_key)):
            actions.discard_object(Area.CLEAN, unused)


def _draw(claimed: scanning.Claim, fetched: scanning.Fetched) -> previews.Drawn:
    keys = []
    for picture in previews.pictures_of(claimed.name, fetched.file):
        keys.append(scanning.new_key())
        storage().keep(keys[-1], BytesIO(picture), size=len(picture), kind="image/webp")
    thumbnail, preview = keys or (None, None)
    return previews.Drawn(thumbnail, preview, previews.excerpt_of(claimed.name, fetched.file))


def scan_waiting() -> None:
    """Those whose job was lost or whose worker died; while scanner or store is away, one is tried."""
    for attachment_id in waiting_for_scan(BATCH):
        if not scan_one(attachment_id):
            return


def remove_discarded() -> None:
    """Remove objects that nothing refers to any more; what cannot be removed now is tried again."""
    until, batch = time.monotonic() + SHIFT, _taken()
    while batch and time.monotonic() < until:
        for each in batch:
            try:
                _remove(each)
            except StorageAway as error:
                log.warning("Objects wait to be removed: %s", error)
                return
            discarded.done(each)
            db.session.commit()
        batch = _taken()


def _taken() -> Sequence[discarded.Item]:
    taken = discarded.take(BATCH)
    db.session.commit()  # hold no transaction open while the store is asked
    return taken


def _remove(item: discarded.Item) -> None:
    if item.upload_id:
        storage().drop_parts(item.key, item.upload_id, Area(item.area))
    else:
        storage().forget(item.key, Area(item.area))


def expire_announced() -> None:
    """Files that were announced and never came."""
    late = select(Attachment).where(
        Attachment.scanned_status == State.PENDING, Attachment.expires_at < clock.now() - LATER
    )
    held = late.order_by(Attachment.id).limit(500).with_for_update(skip_locked=True)
    actions.expire(db.session.scalars(held).all())
    db.session.commit()
