"""Erasing tickets that were deleted for good."""

import logging

from portal.deletion import work as working
from portal.extensions import db

log = logging.getLogger(__name__)


def work() -> None:
    """Erase what is due, one after the other; safe to run twice and at once."""
    while deletion := working.claim_next():
        deletion_id = deletion.id
        db.session.commit()  # the lease is to outlive this worker
        try:
            working.erase(deletion_id)
        except Exception as error:
            db.session.rollback()
            log.exception("Ticket deletion %s failed", deletion_id)
            working.put_off(deletion_id, error)
        db.session.commit()
    db.session.commit()
