"""What would go with a ticket, and what is known of one that is gone."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import aliased, joinedload
from werkzeug.exceptions import NotFound

from portal.accounts.models import User
from portal.attachments.models import Attachment
from portal.deletion.models import DeletedKey, TicketDeletion
from portal.deletion.policy import told_to
from portal.extensions import db
from portal.leases import is_free
from portal.tickets.models import Comment, Ticket
from portal.tickets.policy import reachable_by
from portal.tickets.queries import get_ticket_or_404
from portal.tickets.relations import TicketLink


@dataclass(frozen=True)
class Contents:
    """How much would be erased with a ticket. `merged` are the tickets that go on in it: they stay."""

    comments: int
    files: int
    links: int
    merged: list[str]


def ticket_to_delete_or_404(key: str, *, seen_by: User, to_change: bool = False) -> Ticket:
    """The ticket of exactly that key, spam or not, and also where it goes on in another one.

    To be changed it is locked until the commit, with all that it is merged with, by ascending id.
    By a key that it had before it was moved it is led to: raises Moved.
    """
    found = _meant(key, seen_by)
    if found is None:
        return get_ticket_or_404(key, seen_by=seen_by)  # raises: there is none of that key
    while to_change:
        together = or_(Ticket.id == found.home_id, Ticket.merged_into_id == found.home_id)
        db.session.execute(select(Ticket.id).where(together).order_by(Ticket.id).with_for_update(of=Ticket))
        again = _meant(key, seen_by)
        if again is None:
            raise NotFound
        if again == found:
            break
        db.session.rollback()  # it was merged meanwhile: there is one more, and it has its place
        found = again
    whole = (joinedload(Ticket.project), joinedload(Ticket.status), joinedload(Ticket.requester))
    ticket = select(Ticket).where(Ticket.id == found.id).options(*whole)
    return db.session.scalars(ticket.execution_options(populate_existing=True)).one()


def _meant(key: str, reader: User) -> Row | None:
    meant = aliased(Ticket)
    home = Ticket.id == func.coalesce(meant.merged_into_id, meant.id)
    found = select(meant.id, Ticket.id.label("home_id")).select_from(meant).join(Ticket, home)
    return db.session.execute(found.where(meant.key == key, reachable_by(reader))).first()


def contents(ticket: Ticket) -> Contents:
    links = or_(TicketLink.from_id == ticket.id, TicketLink.to_id == ticket.id)
    counted = select(
        select(func.count()).where(Comment.ticket_id == ticket.id).scalar_subquery(),
        select(func.count()).where(Attachment.ticket_id == ticket.id).scalar_subquery(),
        select(func.count()).select_from(TicketLink).where(links).scalar_subquery(),
    )
    merged = select(Ticket.key).where(Ticket.merged_into_id == ticket.id).order_by(Ticket.id)
    return Contents(*db.session.execute(counted).one(), list(db.session.scalars(merged)))


def deletion_or_404(key: str, *, seen_by: User) -> TicketDeletion:
    """Of the ticket that had this key."""
    named = select(TicketDeletion).join(DeletedKey).where(DeletedKey.key == key, told_to(seen_by))
    return db.one_or_404(named.options(joinedload(TicketDeletion.deleted_by)))


def is_due() -> ColumnElement[bool]:
    """It is to be erased, and nobody is at it."""
    return TicketDeletion.erased_at.is_(None) & is_free(TicketDeletion)


def is_something_due() -> bool:
    """Whether a worker should look for work: what nobody has begun, or somebody died over."""
    return db.session.scalar(select(TicketDeletion.id).where(is_due()).limit(1)) is not None
