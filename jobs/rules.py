"""Rules that go by the clock, and rules that are tried."""

import time

from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.rules import schedule, trials

SHIFT = 60.0  # seconds, then others have their turn


def run_due() -> None:
    """Whatever has come due, one ticket in each transaction; safe to run twice and at once."""
    schedule.note_times_of_day()
    db.session.commit()
    until = time.monotonic() + SHIFT
    while schedule.run_next():
        if time.monotonic() > until:
            enqueue_after_commit("jobs.rules.run_due")
            break
        db.session.commit()
    db.session.commit()


def try_out() -> None:
    """Whatever somebody waits for; safe to run twice and at once."""
    until = time.monotonic() + SHIFT
    while trials.run_next():
        if time.monotonic() > until:
            enqueue_after_commit(trials.JOB, queue="slow")
            break
    db.session.commit()
