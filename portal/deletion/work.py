"""Who is at erasing which ticket. Nothing here commits but what the owner of the database does.

A lease that ran out is a worker that died in the middle: another one does it again.
"""

from datetime import timedelta

from portal import clock, privileges
from portal.deletion import erasing
from portal.deletion.models import TicketDeletion
from portal.deletion.queries import is_due
from portal.extensions import db
from portal.gateways.maintenance import as_owner
from portal.gateways.queue import enqueue_after_commit
from portal.leases import oldest

LEASE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
NEEDS_OWNER = "This worker may not change what has happened. Give it MAINTENANCE_DATABASE_URL and restart it."
AFTERWARDS = ("jobs.files.remove_discarded", "jobs.exports.forget", "jobs.privacy.forget_exports")


def claim_next() -> TicketDeletion | None:
    """Lease the oldest that no other worker is at; commit before working on it."""
    deletion = db.session.scalar(oldest(TicketDeletion, is_due()))
    if deletion is not None:
        deletion.lease_until, deletion.attempts = clock.now() + LEASE, deletion.attempts + 1
        db.session.flush()
    return deletion


def erase(deletion_id: int) -> None:
    """All at once, and soon after what is in the store. Raises PermissionError without the owner's role."""
    with as_owner() as connection:
        if not connection.scalar(privileges.MAY_CHANGE_HISTORY):
            raise PermissionError(NEEDS_OWNER)
        erasing.erase(connection, deletion_id)
    for job in AFTERWARDS:
        enqueue_after_commit(job, queue="slow")


def put_off(deletion_id: int, error: Exception) -> None:
    """Try it again, each time later: it is never given up. What a statement was about is not kept."""
    deletion = db.session.get_one(TicketDeletion, deletion_id, with_for_update=True, populate_existing=True)
    if deletion.erased_at is not None:
        return
    deletion.error = str(error)[:200] if isinstance(error, PermissionError) else type(error).__name__
    pause = timedelta(seconds=20) * 2 ** min(deletion.attempts - 1, 10)
    deletion.lease_until = clock.now() + min(pause, LONGEST_PAUSE)
