"""Handing out what the scanner could not look at, because an admin says so. Nothing here commits.

What is released is the very file that was looked at: its bytes are fetched once more,
and are to have the SHA-256 that was noted then.
"""

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from portal.accounts.models import User
from portal.attachments import previews
from portal.attachments.actions import about, tell
from portal.attachments.models import Attachment, State
from portal.attachments.scanning import Claim, Fetched, accept, claim_again, ours
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.antivirus import Verdict
from portal.gateways.queue import enqueue_after_commit
from portal.leases import is_free
from portal.settings.cache import site


def needs_another(attachment: Attachment, user: User) -> bool:
    """Whether this user alone cannot release it: they are the first who wants it, and two have to."""
    return site().release_needs_two and attachment.release_asked_by_id in {None, user.id}


def release(attachment: Attachment, *, why: str, actor: User) -> bool:
    """Have a job release it; where two have to want it, ask another admin first. Whether it is on its way.

    Who agrees with somebody else need not say why again.
    """
    if attachment.scanned_status is not State.UNSCANNABLE or attachment.sha256 is None:
        raise DomainError(_("Only a file that could not be checked is released."))
    if attachment.released_by_id is not None:
        raise DomainError(_("It is being released already."))
    if needs_another(attachment, actor):
        _ask(attachment, why=why, actor=actor)
        return False
    attachment.released_by, attachment.error = actor, None
    attachment.release_reason = attachment.release_reason or why
    enqueue_after_commit("jobs.file_checks.release", attachment.id, queue="slow")
    return True


def _ask(attachment: Attachment, *, why: str, actor: User) -> None:
    if attachment.release_asked_by_id is not None:
        raise DomainError(_("You have asked already. Another admin has to agree."))
    attachment.release_asked_by, attachment.release_reason = actor, why
    record(Kind.FILE_RELEASE_ASKED, actor=actor, **about(attachment), why=why)


def is_due() -> ColumnElement[bool]:
    """Which files are to be released, and are not in a worker's hands."""
    wanted = Attachment.released_by_id.is_not(None)
    return (Attachment.scanned_status == State.UNSCANNABLE) & wanted & is_free(Attachment)


def claim(attachment_id: int) -> Claim | None:
    """Make the file ours for the length of a lease; None where it is not to be released. Commit then."""
    wanted = select(Attachment).where(Attachment.id == attachment_id, is_due())
    held = wanted.with_for_update(skip_locked=True, of=Attachment)
    attachment = db.session.scalar(held, execution_options={"populate_existing": True})
    return claim_again(attachment, key=attachment.object_key) if attachment else None


def is_the_same(claimed: Claim, fetched: Fetched) -> bool:
    """Whether these are the bytes that were looked at when it was left unscanned."""
    return fetched.is_whole and fetched.sha256 == claimed.recorded


def hand_out(
    claimed: Claim, fetched: Fetched, verdict: Verdict, *, key: str, drawn: previews.Drawn
) -> Attachment | None:
    """It is served from now on; None where it is not ours any more."""
    attachment = accept(claimed, fetched, verdict, key=key, drawn=drawn)
    if attachment is not None:
        asked_by = attachment.release_asked_by.name if attachment.release_asked_by else None
        why = attachment.release_reason
        record(
            Kind.FILE_RELEASED,
            actor=attachment.released_by,
            **about(attachment),
            why=why,
            asked_by=asked_by,
        )
    return attachment


def refuse(claimed: Claim, error: str) -> None:
    """It stays where it is; somebody may ask again."""
    attachment = ours(claimed)
    if attachment is None:
        return
    attachment.released_by = attachment.release_asked_by = attachment.release_reason = None
    attachment.lease_until, attachment.error = None, error[:500]
    record(Kind.FILE_RELEASE_REFUSED, actor=None, **about(attachment), reason=error[:500])
    tell(attachment)
