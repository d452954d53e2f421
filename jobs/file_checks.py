"""Looking once more at files that were scanned before: to release them, or with new signatures."""

import logging
import tempfile
import time

from jobs.files import Ours, is_everybodys, keep
from portal.accounts.models import User
from portal.attachments import releasing, rescanning, scanning, upkeep
from portal.attachments.actions import discard_object
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import Finding, ScannerAway, ScannerVersion
from portal.gateways.queue import enqueue_after_commit
from portal.gateways.storage import Area, NoSuchObject, StorageAway, storage
from portal.settings.cache import site

log = logging.getLogger(__name__)

BATCH = 50
SHIFT = 60.0  # seconds, then others have their turn
CHANGED = "Changed"  # since it was looked at


def release_wanted() -> None:
    """Those whose job was lost, or had to wait for scanner or store."""
    for attachment_id in upkeep.wanted_releases(BATCH):
        if not release(attachment_id):
            return


def release(attachment_id: int) -> bool:
    """Serve exactly the bytes that were looked at. Whether scanner and store were there; else it waits."""
    claimed = releasing.claim(attachment_id)
    db.session.commit()  # hold no transaction open while others work
    if claimed is None:
        return True
    try:
        _release(claimed)
    except scanning.NotOurs:
        db.session.rollback()
    except NoSuchObject:
        db.session.rollback()
        releasing.refuse(claimed, CHANGED)
    except Exception as error:
        db.session.rollback()
        log.warning("File %s could not be released", attachment_id, exc_info=True)
        if is_everybodys(error):
            return False
        releasing.refuse(claimed, f"{type(error).__name__}: {error}")
    db.session.commit()
    return True


def _release(claimed: scanning.Claim) -> None:
    """The scanner is asked all the same: it may know by now what it is."""
    with tempfile.TemporaryFile() as file:
        ours = Ours(claimed, file)
        fetched = scanning.fetch(claimed, ours.while_read(storage().read(Area.QUARANTINE, claimed.key)), file)
        if not releasing.is_the_same(claimed, fetched):
            releasing.refuse(claimed, CHANGED)
            return
        verdict = ours.verdict()
        if verdict.finding is Finding.INFECTED:
            scanning.block(claimed, fetched, verdict)
        else:
            keep(claimed, fetched, verdict, ours, accept=releasing.hand_out)


def retry_failed(actor_id: int) -> None:
    """All whose check failed, because an admin wants it; each of them once, also where it fails again."""
    actor, last = db.session.get(User, actor_id), 0
    while actor and (behind := upkeep.retry_failed(BATCH, after=last, actor=actor)):
        db.session.commit()
        last = behind


def rescan() -> None:
    """After new signatures, the files of the last days; a while each time, until none is left."""
    try:
        by = antivirus.version()
    except ScannerAway:
        return
    until = time.monotonic() + SHIFT
    while due := rescanning.due(by, limit=BATCH):
        for attachment_id in due:
            if not _rescan(attachment_id, by):
                return
            if time.monotonic() > until:
                enqueue_after_commit("jobs.file_checks.rescan", queue="slow")
                db.session.commit()
                return


def _rescan(attachment_id: int, by: ScannerVersion) -> bool:
    """Whether scanner and store were there. What fails is served on, and tried again at the next look."""
    claimed = rescanning.claim(attachment_id, by)
    db.session.commit()
    try:
        if claimed is not None:
            _look_again(claimed)
    except scanning.NotOurs:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        log.warning("File %s could not be looked at again", attachment_id, exc_info=True)
        return not is_everybodys(error)
    db.session.commit()
    return True


def _look_again(claimed: scanning.Claim) -> None:
    with tempfile.TemporaryFile() as file:
        ours = Ours(claimed, file)
        fetched = scanning.fetch(claimed, ours.while_read(storage().read(Area.CLEAN, claimed.key)), file)
        if not (fetched.is_whole and fetched.sha256 == claimed.recorded):
            log.error("File %s in the store is not what was scanned", claimed.id)
            rescanning.withdraw(claimed)
            return
        verdict = ours.verdict()
        if verdict.finding is Finding.INFECTED:
            key = _lock_away(ours, fetched.size) if site().keeps_infected else None
            if rescanning.block(claimed, verdict, locked_as=key) is None and key:
                discard_object(Area.QUARANTINE, key)
        else:
            rescanning.still_clean(claimed, verdict)


def _lock_away(ours: Ours, size: int) -> str | None:
    """Its key in the quarantine; None where it cannot be put there: rather lost than served on."""
    key = rescanning.new_lock()
    try:
        storage().send(key, ours.from_the_start(), size=size, kind="application/octet-stream")
    except StorageAway:
        log.exception("A file with a virus is removed, for it could not be locked away")
        return None
    return key
