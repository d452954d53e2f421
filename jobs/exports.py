"""Writing long lists of tickets, and removing them after their time."""

import time

from portal.exports import running
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit

SHIFT = 60.0  # seconds, then others have their turn


def work() -> None:
    """Whatever is due; safe to run twice and at once."""
    until = time.monotonic() + SHIFT
    while export := running.claim_next():
        db.session.commit()  # the lease is to outlive this worker
        running.work_on(export)
        if time.monotonic() > until:
            enqueue_after_commit("jobs.exports.work", queue="slow")
            break
    db.session.commit()  # also what was given up while looking


def forget() -> None:
    running.forget_old()
