"""Scanning files, and removing what nothing refers to any more."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO, cast

from sqlalchemy import delete, select

from portal import clock
from portal.attachments import actions, previews, scanning
from portal.attachments.models import IN_PARTS, Attachment, Discarded, State
from portal.attachments.queries import waiting_for_scan
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import Finding, ScannerAway
from portal.gateways.storage import Area, NoSuchObject, StorageAway, storage

log = logging.getLogger(__name__)

BATCH = 50
SHIFT = 60.0  # seconds after which a job leaves the rest to others
LATER = timedelta(minutes=1)


def scan(attachment_id: int) -> None:
    """This file, and then what else waits: a job of its own for each takes longer than most scans."""
    until = time.monotonic() + SHIFT
    is_going_on = scan_one(attachment_id)
    while is_going_on and time.monotonic() < until:
        waiting = waiting_for_scan(BATCH, at_most=IN_PARTS)
        is_going_on = bool(waiting) and all(scan_one(each) for each in waiting)


def scan_one(attachment_id: int) -> bool:
    """Whether scanner and store were there; without one of them the file goes on waiting."""
    claimed = scanning.claim(attachment_id)
    db.session.commit()  # hold no transaction open while others work
    if claimed is None:
        return True
    try:
        _scan(claimed)
    except NoSuchObject:
        db.session.rollback()
        scanning.put_back(claimed, costs_a_try=True, error="The store has no such object.")
    except (ScannerAway, StorageAway) as error:
        db.session.rollback()
        log.warning("A file waits to be scanned: %s", error)
        scanning.put_back(claimed, costs_a_try=False, error=str(error))
        db.session.commit()
        return False
    except Exception as error:
        db.session.rollback()
        log.exception("The scan of file %s failed", attachment_id)
        scanning.put_back(claimed, costs_a_try=True, error=type(error).__name__)
    db.session.commit()
    return True


def _scan(claimed: scanning.Claim) -> None:
    with tempfile.TemporaryFile() as file:
        ours = Ours(claimed, file)
        sent = storage().read(Area.QUARANTINE, claimed.key)
        fetched = scanning.fetch(claimed, ours.while_read(sent), file)
        if reason := scanning.refused(claimed, fetched):
            scanning.leave_unscanned(claimed, fetched, reason)
            return
        verdict = antivirus.look_at(ours.from_the_start())
        if verdict.finding is Finding.INFECTED:
            scanning.block(claimed, fetched, verdict)
        elif verdict.finding is Finding.UNSCANNABLE:
            scanning.leave_unscanned(claimed, fetched, scanning.reason_of(verdict), verdict)
        else:
            keep(claimed, fetched, verdict, ours)


class Ours:
    """The bytes of a claimed file, whose lease is renewed while they are read: a large one takes longer."""

    def __init__(self, claimed: scanning.Claim, file: BinaryIO) -> None:
        self._claimed, self._file = claimed, file
        self._renewed = time.monotonic()

    def while_read(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._renew()
            yield chunk

    def from_the_start(self) -> BinaryIO:
        self._file.seek(0)
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        self._renew()
        return self._file.read(size)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > scanning.LEASE.total_seconds() / 3:
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
    due = select(Discarded).where(Discarded.available_at <= clock.now()).order_by(Discarded.id)
    while batch := db.session.scalars(due.limit(BATCH).with_for_update(skip_locked=True)).all():
        for each in batch:
            if not _remove(each):
                db.session.commit()
                return
        gone = [each.id for each in batch]
        db.session.execute(delete(Discarded).where(Discarded.id.in_(gone)))
        db.session.commit()


def _remove(discarded: Discarded) -> bool:
    key, area = discarded.key, Area(discarded.area)
    try:
        if discarded.upload_id:
            storage().drop_parts(key, discarded.upload_id, area)
        else:
            storage().forget(key, area)
    except StorageAway as error:
        log.warning("An object waits to be removed: %s", error)
        discarded.available_at = clock.now() + LATER
        return False
    return True


def expire_announced() -> None:
    """Files that were announced and never came."""
    late = select(Attachment).where(
        Attachment.scanned_status == State.PENDING, Attachment.expires_at < clock.now() - LATER
    )
    held = late.order_by(Attachment.id).limit(500).with_for_update(skip_locked=True)
    actions.expire(db.session.scalars(held).all())
    db.session.commit()
