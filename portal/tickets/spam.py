"""Tickets that nobody has asked in earnest, and who has sent them. Nothing here commits.

Whoever calls this for a ticket holds its row (`to_change=True, even_spam=True`).
"""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.outbox_mail.actions import let_go, withhold
from portal.permissions import STAFF
from portal.tickets.family import merged_ids
from portal.tickets.hiding import Hidden
from portal.tickets.models import Ticket
from portal.tickets.senders import SpamNote, notes_of


def mark(ticket: Ticket, *, actor: User) -> None:
    """Hide it from everybody until it is unmarked, and note who sent it; nobody is told.

    Marked by them already, it stays so. Raises DomainError, naming who was first, where somebody
    else has marked it, and for a ticket in which others go on: their people wait for it.
    """
    if ticket.is_spam:
        _refuse_second(ticket, actor)
        return
    _hide(ticket, by=actor, at=clock.now(), actor=actor)


def unmark(ticket: Ticket, *, actor: User) -> None:
    """Bring it back where it was, and take back the note; one that is not marked stays as it is."""
    if not ticket.is_spam:
        return
    ticket.hidden_as = ticket.hidden_at = ticket.hidden_by = None
    db.session.execute(delete(SpamNote).where(SpamNote.ticket_id == ticket.id))
    let_go(ticket.id)
    _tell(Kind.TICKET_UNMARKED_SPAM, ticket, actor=actor)


def mark_of(ticket: Ticket) -> dict[str, Any]:
    """Who has marked it, and when: plain enough to be kept, for `mark_again`."""
    marked_at = ticket.hidden_at.isoformat() if ticket.hidden_at else None
    return {"hidden_by_id": ticket.hidden_by_id, "hidden_at": marked_at}


def mark_again(ticket: Ticket, mark: dict[str, Any], *, actor: User) -> None:
    """Take back that it was unmarked: it is marked by the one who had done so, as of then.

    Raises DomainError for a ticket in which others go on.
    """
    by = db.session.get(User, mark["hidden_by_id"]) if mark["hidden_by_id"] else None
    _hide(ticket, by=by or actor, at=datetime.fromisoformat(mark["hidden_at"]), actor=actor)


def _hide(ticket: Ticket, *, by: User, at: datetime, actor: User) -> None:
    if merged_ids(ticket):
        raise DomainError(
            _(
                "Other tickets were merged into %(key)s, so people wait for it. Take them out first.",
                key=ticket.key,
            )
        )
    ticket.hidden_as, ticket.hidden_at, ticket.hidden_by = Hidden.SPAM, at, by
    note = SpamNote(address=ticket.requester.email, ticket_id=ticket.id, noted_by_id=by.id, noted_at=at)
    db.session.add(note)
    withhold_mails(ticket)
    _tell(Kind.TICKET_MARKED_SPAM, ticket, actor=actor)


def withhold_mails(ticket: Ticket) -> None:
    """Those of its people who do not see it any more get none; who works here may."""
    withhold(ticket.id, besides=select(User.id).where(User.role.in_(STAFF)))


def forget_sender(address: str, *, actor: User) -> None:
    """Their tickets stay marked. An address that is not noted stays so."""
    if notes := notes_of(address, to_change=True):
        for note in notes:
            db.session.delete(note)
        record(Kind.SENDER_FORGOTTEN, actor=actor, email=address, spam=len(notes))


def _refuse_second(ticket: Ticket, actor: User) -> None:
    if ticket.hidden_by and ticket.hidden_by_id != actor.id:
        raise DomainError(
            _("%(name)s has marked %(key)s as spam already.", name=ticket.hidden_by.name, key=ticket.key)
        )


def _tell(kind: Kind, ticket: Ticket, *, actor: User) -> None:
    db.session.flush()
    changes = {"is_spam": change(not ticket.is_spam, ticket.is_spam)}
    record(kind, actor=actor, ticket=ticket, public=False, changes=changes)
