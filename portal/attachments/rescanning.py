"""Looking again, with new signatures, at files that are served. Nothing here commits."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, select

from portal import clock
from portal.attachments.actions import about, discard, tell
from portal.attachments.models import Attachment, Reason, State
from portal.attachments.scanning import Claim, claim_again, ours
from portal.attachments.telling import tell_people
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.antivirus import ScannerVersion, Verdict
from portal.leases import is_free
from portal.settings.cache import site


def due(by: ScannerVersion, *, limit: int) -> Sequence[int]:
    """Files of the last days that other signatures were looked at with; the latest first."""
    ready = select(Attachment.id).where(_is_due(by)).order_by(Attachment.scanned_at.desc())
    return db.session.scalars(ready.limit(limit)).all()


def claim(attachment_id: int, by: ScannerVersion) -> Claim | None:
    """Make the file ours for the length of a lease; it is served meanwhile. Commit then."""
    held = select(Attachment).where(Attachment.id == attachment_id, _is_due(by))
    attachment = db.session.scalar(
        held.with_for_update(skip_locked=True), execution_options={"populate_existing": True}
    )
    return claim_again(attachment, key=str(attachment.clean_key)) if attachment else None


def _is_due(by: ScannerVersion) -> ColumnElement[bool]:
    """When it was first scanned stays as it is, so each file is looked at again for so long and no longer."""
    since = clock.now() - timedelta(days=site().rescan_days)
    others = Attachment.signatures.is_distinct_from(by.signatures)
    is_wanted = (Attachment.scanned_status == State.CLEAN) & (Attachment.scanned_at > since) & others
    return is_wanted & is_free(Attachment)


def still_clean(claimed: Claim, verdict: Verdict) -> None:
    attachment = ours(claimed)
    if attachment is not None:
        _note(attachment, verdict)


def block(claimed: Claim, verdict: Verdict, *, locked_as: str | None = None) -> Attachment | None:
    """Now it is known to hold a virus: nobody gets it any more. None where it is not ours any more.

    `locked_as` is the key of what was put back into the quarantine of it, where such files are kept.
    """
    attachment = ours(claimed)
    if attachment is None:
        return None
    _note(attachment, verdict)
    discard(attachment)
    attachment.object_key = locked_as or attachment.object_key
    _end(attachment, State.INFECTED)
    attachment.found = (verdict.name or "")[:200]
    record(Kind.FILE_BLOCKED, actor=None, **about(attachment), found=verdict.name)
    tell_people(attachment)
    tell(attachment)
    return attachment


def withdraw(claimed: Claim) -> None:
    """What the store has is not what was scanned: nobody gets it, and whoever sent it has to send it anew."""
    attachment = ours(claimed)
    if attachment is None:
        return
    discard(attachment)
    _end(attachment, State.EXPIRED)
    attachment.reason, attachment.lease_until = Reason.CHANGED, None
    record(Kind.FILE_LOST, actor=None, **about(attachment), reason=Reason.CHANGED.value)
    tell(attachment)


def _end(attachment: Attachment, state: State) -> None:
    """It is served no more, and nothing that was drawn of it."""
    attachment.scanned_status = state
    attachment.clean_key = attachment.thumbnail_key = attachment.preview_key = attachment.excerpt = None
    attachment.has_excerpt = False


def new_lock() -> str:
    """Where a file is locked away: no browser was ever given an address to write there."""
    return f"q/{secrets.token_urlsafe(24)}"


def _note(attachment: Attachment, verdict: Verdict) -> None:
    attachment.lease_until = None
    attachment.engine, attachment.signatures = verdict.by.engine[:80], verdict.by.signatures
