"""Exports of one's own; nobody else's exist for anybody."""

from sqlalchemy import ColumnElement, func, select

from portal.accounts.models import User
from portal.exports.models import OPEN, TicketExport
from portal.extensions import db
from portal.leases import is_free
from portal.web.paging import Order, Page, keyset


def export_or_404(public_id: str, *, owner: User, to_change: bool = False) -> TicketExport:
    found = select(TicketExport).where(TicketExport.public_id == public_id, TicketExport.owner_id == owner.id)
    if to_change:
        found = found.with_for_update()
    return db.one_or_404(found.execution_options(populate_existing=True))


def own_exports(owner: User, *, cursor: str | None) -> Page:
    """The latest first."""
    own = select(TicketExport).where(TicketExport.owner_id == owner.id)
    order = Order(TicketExport.created_at, TicketExport.id)
    return keyset(own, order, cursor=cursor, of=("created_at", "id"), fetch=db.session.scalars)


def open_exports(owner: User) -> int:
    own = select(func.count()).where(TicketExport.owner_id == owner.id, TicketExport.state.in_(OPEN))
    return db.session.scalar(own) or 0


def is_due() -> ColumnElement[bool]:
    """It is to be written, and nobody is at it."""
    return TicketExport.state.in_(OPEN) & is_free(TicketExport)


def is_something_due() -> bool:
    return db.session.scalar(select(TicketExport.id).where(is_due()).limit(1)) is not None
