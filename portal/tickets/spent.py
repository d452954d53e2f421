"""How long the desk has worked on a ticket. Nothing here commits."""

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.errors import DomainError, NotAllowed
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.permissions import Permission
from portal.tickets.models import Ticket, TimeEntry

A_DAY = 24 * 60  # minutes that anybody can have worked on a day
MOST_ENTRIES = 500  # of a ticket


def spend(ticket: Ticket, minutes: int, *, by: User, on: date, note: str = "") -> TimeEntry:
    """Note that somebody has worked on it so many minutes that day.

    Raises DomainError where their day would have more than 24 hours on this ticket alone.
    """
    theirs = _entries(ticket).where(TimeEntry.user_id == by.id, TimeEntry.worked_on == on)
    total = theirs.with_only_columns(func.coalesce(func.sum(TimeEntry.minutes), 0))
    if not 0 < minutes <= A_DAY - (db.session.scalar(total) or 0):
        raise DomainError(_("A day has no more than 24 hours."))
    if db.session.scalar(_entries(ticket).with_only_columns(func.count())) >= MOST_ENTRIES:
        raise DomainError(_("A ticket has at most %(max)d entries of time.", max=MOST_ENTRIES))
    entry = TimeEntry(ticket_id=ticket.id, user=by, minutes=minutes, worked_on=on, note=note)
    db.session.add(entry)
    _note(ticket, minutes, whose=by, actor=by)
    db.session.flush()
    return entry


def take_back(ticket: Ticket, entry: TimeEntry, *, by: User) -> None:
    """Remove an entry. Raises NotAllowed for one of somebody else's, unless they manage the desk."""
    if entry.user_id != by.id and not by.may(Permission.TICKET_SEE_ALL):
        raise NotAllowed(_("Only whoever noted the time takes it back, or a manager."))
    db.session.delete(entry)
    _note(ticket, -entry.minutes, whose=entry.user, actor=by)
    db.session.flush()


def entries_of(ticket: Ticket) -> Sequence[TimeEntry]:
    """All of them, the latest day first."""
    latest = _entries(ticket).order_by(TimeEntry.worked_on.desc(), TimeEntry.id.desc())
    return db.session.scalars(latest.options(joinedload(TimeEntry.user))).all()


def _entries(ticket: Ticket):
    return select(TimeEntry).where(TimeEntry.ticket_id == ticket.id)


def _note(ticket: Ticket, minutes: int, *, whose: User, actor: User) -> None:
    total = ticket.minutes_spent + minutes
    changes = {"spent": change(ticket.minutes_spent, total)}
    ticket.minutes_spent = total
    told = {"changes": changes, "minutes": minutes, "user_id": whose.id, "user": whose.name}
    record(Kind.TIME_SPENT, actor=actor, ticket=ticket, public=False, **told)
