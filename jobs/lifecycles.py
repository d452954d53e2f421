"""Tickets follow the lifecycle that was published, or that their project was given."""

import time

from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.tickets import catching_up

SHIFT = 25.0  # seconds, then others have their turn


def look_again() -> None:
    """By the timetable: what was just published once more, and what a worker that died has left."""
    catching_up.look_again()
    db.session.commit()
    catch_up()


def catch_up() -> None:
    """Batch by batch, each kept on its own; what is left when time is up, another job goes on with."""
    until = time.monotonic() + SHIFT
    while time.monotonic() < until:
        if not catching_up.bring_some():
            return
        db.session.commit()
    enqueue_after_commit(catching_up.JOB, queue="slow")
    db.session.commit()
