"""Who has sent spam: a note for each ticket that is marked so, under the address of its requester."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Identity, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column, with_expression

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model, db
from portal.tickets.models import Ticket
from portal.web.paging import Order, Page, keyset


class SpamNote(Model):
    """Taken back with the mark. It stays where the ticket is deleted for good: its sender is known still."""

    __tablename__ = "spam_notes"
    __table_args__ = (Index("ix_spam_notes_address", "address", "noted_at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))  # as `tidy_address` has it
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"), unique=True)
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    noted_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


def marks_of_requester(ticket: Any) -> ColumnElement[int]:
    """How many tickets of whoever asked this one were marked as spam, as a column of its statement."""
    asker = select(User.email).where(User.id == ticket.requester_id).correlate(ticket).scalar_subquery()
    return select(func.count()).where(SpamNote.address == asker).correlate(ticket).scalar_subquery()


# For the statement that loads a page's ticket.
WITH_MARKS = (with_expression(Ticket.sender_marks, marks_of_requester(Ticket)),)


def noted_senders(holding: str, *, cursor: str | None) -> Page:
    """Of each address that holds this text: how often, first and last when, and by whom last; the
    latest first."""
    notes = select(
        SpamNote.address,
        func.max(SpamNote.id).label("id"),
        func.count().label("times"),
        func.min(SpamNote.noted_at).label("first_at"),
        func.max(SpamNote.noted_at).label("last_at"),
    ).group_by(SpamNote.address)
    if holding:
        notes = notes.where(SpamNote.address.contains(holding.lower(), autoescape=True))
    each: Any = notes.subquery()
    by = select(User.name).join(SpamNote, SpamNote.noted_by_id == User.id).where(SpamNote.id == each.c.id)
    rows = select(*each.c, by.correlate(each).scalar_subquery().label("last_by"))
    order = Order(each.c.last_at, each.c.id)
    return keyset(rows, order, cursor=cursor, of=("last_at", "id"), fetch=db.session.execute)


def notes_of(address: str, *, to_change: bool = False) -> list[SpamNote]:
    """The latest first."""
    found = select(SpamNote).where(SpamNote.address == address).order_by(SpamNote.id.desc())
    return list(db.session.scalars(found.with_for_update() if to_change else found))
