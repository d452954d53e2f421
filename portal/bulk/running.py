"""The loop in which an operation is worked off, in a request or by a worker. It commits, ticket by ticket:
each is locked for a moment only, and whoever dies in the middle has lost nothing."""

import logging
import time
from datetime import datetime
from typing import cast

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from portal.bulk import work
from portal.bulk.actions import leave_to_worker
from portal.extensions import db
from portal.leases import LeaseLost
from portal.settings.cache import site

log = logging.getLogger(__name__)

TRIES = 4  # at a ticket that somebody else is at as well
# A deadlock, of which PostgreSQL ends one side; a transaction that came too late; a lock waited for too long.
CROSSED = {"40P01", "40001", "55P03"}


def run(operation_id: int, lease: datetime, *, until: float) -> bool:
    """Whether it came to an end, or to another worker; by that moment of `time.monotonic` it is left."""
    crossed = 0
    while time.monotonic() < until:
        try:
            following = work.do_next(operation_id, lease, refuse=_busy() if crossed >= TRIES else None)
            db.session.commit()
        except LeaseLost:
            db.session.rollback()
            return True
        except OperationalError as error:
            db.session.rollback()
            if getattr(error.orig, "sqlstate", None) not in CROSSED:
                raise
            crossed += 1
            log.info("A ticket of bulk operation %s is tried again: %s", operation_id, error.orig)
            continue
        if following is None:
            return True
        lease, crossed = following, 0
    _leave(operation_id, lease)
    return False


def work_off(seconds: float) -> None:
    """Whatever is due, in the words of whose it is; safe to run twice and at once."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and (operation := work.claim_next()):
        operation_id, lease = operation.id, cast("datetime", operation.lease_until)  # it was just claimed
        spoken = site().spoken(operation.owner.locale)
        db.session.commit()  # the lease is to outlive this worker
        with force_locale(spoken):
            run(operation_id, lease, until=until)
    db.session.commit()


def _leave(operation_id: int, lease: datetime) -> None:
    """Time is up: another job goes on, when others have had their turn."""
    if operation := work.leave(operation_id, lease):
        leave_to_worker(operation)
    db.session.commit()


def _busy() -> str:
    return _("Somebody else was changing it at the same moment, again and again. Try it once more.")
