"""Sending the mails that stand in the outbox."""

import time

from portal.extensions import db
from portal.gateways import smtp
from portal.gateways.queue import enqueue_after_commit
from portal.outbox_mail.sending import claim_next, hand_over, note

SHIFT = 60.0  # seconds; RQ would end a job in the middle of a mail after 180
GIVE_UP = 3  # mails in a row that could not be sent: the server is away, the rest need not try


def deliver() -> None:
    """Send whatever is due; safe to run twice and at once. Without a mail server set, all mails wait.

    After `SHIFT` seconds the rest is left to another job, and after `GIVE_UP`
    failures in a row to the next sweep.
    """
    until = time.monotonic() + SHIFT
    failures = 0
    while failures < GIVE_UP and smtp.is_set_up() and (claim := claim_next()):
        db.session.commit()  # the lease is to outlive this worker
        outcome = hand_over(claim)
        note(claim, outcome)
        failures = failures + 1 if outcome.may_be_tried_again else 0
        if time.monotonic() > until:
            enqueue_after_commit("jobs.mail.deliver")
            break
        db.session.commit()
    db.session.commit()  # also what failed while looking
