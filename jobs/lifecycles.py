"""Tickets follow the lifecycle that was published, or that their project was given."""

import time

from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.tickets.catching_up import JOB, bring_some

SHIFT = 25.0  # seconds, then others have their turn


def catch_up() -> None:
    """Batch by batch, each kept on its own; what is left when time is up, another job goes on with."""
    until = time.monotonic() + SHIFT
    while time.monotonic() < until:
        if not bring_some():
            return
        db.session.commit()
    enqueue_after_commit(JOB, queue="slow")
    db.session.commit()
