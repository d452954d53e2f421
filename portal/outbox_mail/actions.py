"""Writing mails. Nothing here commits, and nothing here talks to the mail server."""

import re
import secrets
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Select, or_, update
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.errors import DomainError
from portal.extensions import affected, db
from portal.gateways.queue import enqueue_after_commit
from portal.outbox_mail.models import Mail, MailState
from portal.settings.cache import site

GAPS = re.compile(r"\n{3,}")


def queue_mail(
    template: str,
    *,
    to: str,
    locale: str | None = None,
    recipient_id: int | None = None,
    dedupe_key: str | None = None,
    ticket_id: int | None = None,
    is_withheld: bool = False,
    **words: object,
) -> Mail | None:
    """Write a mail that a job sends after the commit; None where one with that key was written before.

    `template` is the name of a text in `templates/mail`, which is told `words`.
    Its language is the recipient's, else the desk's. One about a ticket that is hidden from its recipient
    `is_withheld`.
    """
    subject, body = _render(template, locale, words)
    row = {
        "message_id": f"<{secrets.token_hex(16)}@{_own_host()}>",
        "dedupe_key": dedupe_key,
        "recipient_id": recipient_id,
        "ticket_id": ticket_id,
        "withheld_at": clock.now() if is_withheld else None,
        "to_address": to,
        "subject": subject,
        "body": body,
        "state": MailState.QUEUED,
        "attempts": 0,
        "available_at": clock.now(),
        "created_at": clock.now(),
    }
    new = insert(Mail).values(row).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Mail)
    mail = db.session.scalar(new)
    if mail is not None:
        enqueue_after_commit("jobs.mail.deliver")
    return mail


def link(path: str) -> str:
    """The address of a page as a mail says it: from PUBLIC_URL, whatever host the request named."""
    return current_app.config["DESK"].public_url + path


def retry(mail: Mail) -> None:
    """Let a failed mail be sent after all, with all its tries before it. Raises DomainError for any other."""
    if mail.state is not MailState.FAILED:
        raise DomainError(_("Only a mail that failed can be sent again, and this one did not."))
    mail.state, mail.attempts, mail.available_at = MailState.QUEUED, 0, clock.now()
    enqueue_after_commit("jobs.mail.deliver")


def withhold(ticket_id: int, *, besides: Select[int]) -> None:
    """Send no mail about this ticket that was not sent yet, but those to the people `besides`."""
    theirs = or_(Mail.recipient_id.is_(None), Mail.recipient_id.not_in(besides))
    kept = update(Mail).where(Mail.ticket_id == ticket_id, Mail.state != MailState.SENT, theirs)
    db.session.execute(kept.values(withheld_at=clock.now()))


def let_go(ticket_id: int) -> None:
    """Send what was withheld about this ticket."""
    kept = update(Mail).where(Mail.ticket_id == ticket_id, Mail.withheld_at.is_not(None))
    if affected(db.session.execute(kept.values(withheld_at=None))):
        enqueue_after_commit("jobs.mail.deliver")


def _render(template: str, locale: str | None, words: dict[str, object]) -> tuple[str, str]:
    """Subject and body. What somebody typed stays one line of the subject."""
    desk = site()
    with force_locale(desk.spoken(locale)):
        text = current_app.jinja_env.get_template(f"mail/{template}.txt").render(
            site=desk, desk_url=link("/"), **words
        )
    subject, _end, body = text.strip().partition("\n")
    return " ".join(subject.split())[:250], GAPS.sub("\n\n", body.strip()) + "\n"


def _own_host() -> str:
    return urlsplit(current_app.config["DESK"].public_url).hostname or "localhost"
