"""Asking for a list of tickets, and changing one's mind. Nothing here commits."""

from flask_babel import gettext as _

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.exports.models import ExportState, Format, TicketExport
from portal.exports.queries import open_exports
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit

AT_ONCE = 5_000  # tickets that are written while one waits
WAITING = 3  # exports of one person that are not done
JOB = "jobs.exports.work"


def begin(text: str, place: str, form: Format, *, owner: User) -> TicketExport:
    """Leave it to a worker. Raises DomainError where that many of theirs wait already."""
    if open_exports(owner) >= WAITING:
        raise DomainError(
            _("Wait until one of your exports is done: %(max)d are being written already.", max=WAITING)
        )
    export = TicketExport(owner=owner, filter=text, place=place, format=form)
    db.session.add(export)
    db.session.flush()
    enqueue_after_commit(JOB, queue="slow")
    return export


def told(text: str, form: Format, tickets: int, *, actor: User) -> None:
    """Who took along what, for the audit log."""
    record(Kind.TICKETS_EXPORTED, actor=actor, asked=text, format=form.value, tickets=tickets)


def cancel(export: TicketExport) -> None:
    """Write no further; what is over stays as it is."""
    if export.is_open:
        export.state, export.lease_until = ExportState.CANCELLED, None
        export.finished_at = clock.now()
