"""Handing mails over to the mail server, one at a time. Nothing here commits.

queued -> sending, under a lease -> sent; back to queued after a failure, failed
after the last. A lease that ran out is a worker that died, perhaps after the
server had taken the mail: it is sent once more, under the same Message-ID.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from sqlalchemy import ColumnElement, or_, select

from portal import clock
from portal.extensions import db
from portal.gateways import smtp
from portal.outbox_mail.models import Mail, MailState

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
MAX_ATTEMPTS = 8
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720)]
DIED = "The worker died while it sent this."


@dataclass(frozen=True)
class Claim:
    """A mail that is ours to send until the lease ends, and as it is sent."""

    mail_id: int
    leased_until: datetime
    message: EmailMessage


@dataclass(frozen=True)
class Outcome:
    """What the server made of it: took it (no error), refused it for good, or was not there."""

    error: str | None = None
    is_final: bool = False

    @property
    def may_be_tried_again(self) -> bool:
        return self.error is not None and not self.is_final


def claim_next() -> Claim | None:
    """The mail that has been due longest and that no other worker is at.

    Commit before it is handed over: the lease then outlives this worker's death,
    and nothing is locked while the server is talked to.
    """
    due = select(Mail).where(_is_due()).order_by(Mail.available_at, Mail.id).limit(1)
    due = due.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    while mail := db.session.scalar(due):
        if mail.state is MailState.SENDING and mail.last_error == DIED:
            _fail(mail, f"{DIED} It did so twice.")
        elif claim := _claim(mail):
            return claim
    return None


def _claim(mail: Mail) -> Claim | None:
    """Take the lease; a mail that cannot be written down as one fails instead."""
    try:
        message = as_message(mail)
    except (ValueError, LookupError) as error:
        _fail(mail, repr(error))
        return None
    if mail.state is MailState.SENDING:
        mail.last_error = DIED
    mail.state, mail.lease_until = MailState.SENDING, clock.now() + LEASE
    mail.attempts += 1
    db.session.flush()
    return Claim(mail.id, mail.lease_until, message)


def _fail(mail: Mail, error: str) -> None:
    mail.state, mail.lease_until, mail.last_error = MailState.FAILED, None, error[:2000]
    db.session.flush()


def hand_over(claim: Claim) -> Outcome:
    """Send it. Whatever else goes wrong than a server that is away is no reason to try for ever."""
    try:
        smtp.send(claim.message)
    except smtp.MailServerAway as error:
        return Outcome(str(error))
    except smtp.MailRefused as error:
        return Outcome(str(error), is_final=True)
    except Exception as error:
        log.exception("Mail %s cannot be sent", claim.mail_id)
        return Outcome(repr(error), is_final=True)
    return Outcome()


def note(claim: Claim, outcome: Outcome) -> None:
    """Write down what became of it, unless the lease went to another worker meanwhile."""
    ours = select(Mail).where(
        Mail.id == claim.mail_id,
        Mail.state == MailState.SENDING,
        Mail.lease_until == claim.leased_until,
    )
    mail = db.session.scalar(ours.with_for_update().execution_options(populate_existing=True))
    if mail is None:
        return
    mail.lease_until = None
    if outcome.error is None:
        mail.state, mail.sent_at, mail.last_error = MailState.SENT, clock.now(), None
        mail.body = mail.body_without_secrets  # only the recipient has it from now on
        return
    if outcome.is_final or mail.attempts >= MAX_ATTEMPTS:
        _fail(mail, outcome.error)
        return
    mail.state, mail.last_error = MailState.QUEUED, outcome.error[:2000]
    mail.available_at = clock.now() + PAUSES[min(mail.attempts, len(PAUSES)) - 1]


def as_message(mail: Mail) -> EmailMessage:
    """The mail as it goes over the wire (RFC 5322), marked as written by a machine (RFC 3834)."""
    message = EmailMessage()
    message["From"] = current_app.config["DESK"].smtp_from
    message["To"] = mail.to_address
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _is_due() -> ColumnElement[bool]:
    """Queued and its time has come; or a lease that ran out. What is withheld waits."""
    now = clock.now()
    return (
        Mail.state.in_([MailState.QUEUED, MailState.SENDING])
        & (Mail.available_at <= now)
        & Mail.withheld_at.is_(None)
        & or_(Mail.state == MailState.QUEUED, Mail.lease_until < now)
    )
