from typing import Any

from sqlalchemy import func, literal, select, union_all

from portal.extensions import db
from portal.outbox_mail.models import Mail, MailState

MANY = 100  # counts say "99+" from here on


def mails(state: MailState | None = None) -> Any:
    """The mails of that state, or all, as a select for a list; bodies stay where they are."""
    listed = select(
        Mail.id,
        Mail.to_address,
        Mail.subject,
        Mail.state,
        Mail.attempts,
        Mail.created_at,
        Mail.last_error,
        Mail.withheld_at,
    )
    return listed.where(Mail.state == state) if state else listed


def mail_or_404(mail_id: int, *, to_change: bool = False) -> Mail:
    found = select(Mail).where(Mail.id == mail_id)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.one_or_404(found)


def counts() -> dict[MailState, int]:
    """How many mails there are of each state that waits for something, counted up to `MANY`."""
    waiting = (MailState.QUEUED, MailState.SENDING, MailState.FAILED)
    each = [
        select(
            literal(state.value),
            select(func.count())
            .select_from(select(Mail.id).where(Mail.state == state).limit(MANY).subquery())
            .scalar_subquery(),
        )
        for state in waiting
    ]
    return {MailState(name): number for name, number in db.session.execute(union_all(*each))}


def failed_mails(*, at_most: int) -> list[Any]:
    """The latest that failed, for the page of failed work."""
    return list(db.session.execute(mails(MailState.FAILED).order_by(Mail.id.desc()).limit(at_most)))
