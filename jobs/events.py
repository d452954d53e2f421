"""Showing events to the reactions that follow afterwards."""

import time

from portal.events.deliveries import claim_next, deliver
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit

SHIFT = 60.0  # seconds; RQ would end a job in the middle of a delivery after 180


def react() -> None:
    """Deliver whatever is due, one transaction each; safe to run twice and at once.

    After `SHIFT` seconds the rest is left to another job, so that a large backlog
    is worked off by jobs of a length that the queue can wait for.
    """
    until = time.monotonic() + SHIFT
    while delivery := claim_next():
        leased_until = delivery.lease_until
        db.session.commit()  # the lease is to outlive this worker
        deliver(delivery, leased_until=leased_until)
        if time.monotonic() > until:
            enqueue_after_commit("jobs.events.react", queue="urgent")
            break
        db.session.commit()
    db.session.commit()  # also what was put off while looking
