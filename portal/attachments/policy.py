"""Who may see a file, and who may take it away: by the ticket that it belongs to."""

from sqlalchemy import ColumnElement, and_, or_, select

from portal.accounts.models import User
from portal.accounts.reader import Anybody
from portal.attachments.models import Attachment, State
from portal.permissions import Permission
from portal.projects.policy import shut_to
from portal.tickets.family import home_of
from portal.tickets.models import Ticket
from portal.tickets.policy import Verb, acts_on, reachable_by, works_on


def files_for(user: User) -> ColumnElement[bool]:
    """The files that this user may know of: what they are about to send, and those of visible tickets.

    Files of internal notes are for who works on the ticket. Those of a merged one are as visible as
    the ticket in which it goes on.
    """
    drafted = Attachment.ticket_id.is_(None) & (Attachment.uploader_id == user.id)
    shown_by = Ticket.id == home_of(Attachment.ticket_id)
    tickets = select(Ticket.id).where(shown_by, reachable_by(user)).correlate(Attachment)
    return or_(drafted, and_(tickets.exists(), of_ticket_for(user)))


def of_ticket_for(user: Anybody) -> ColumnElement[bool]:
    """Which files of a ticket that this user sees are for them."""
    if not user.may(Permission.TICKET_WORK):
        return ~Attachment.is_internal
    works = select(Ticket.id).where(
        Ticket.id == Attachment.ticket_id, Ticket.project_id.not_in(shut_to(user))
    )
    return or_(~Attachment.is_internal, works.correlate(Attachment).exists())


def may_delete(user: User, attachment: Attachment) -> bool:
    """Whoever sent it, while they may still write there; and who works on the ticket."""
    if attachment.ticket is None:
        return attachment.uploader_id == user.id
    if works_on(user, attachment.ticket):
        return True
    return attachment.uploader_id == user.id and acts_on(user, Verb.REPLY, attachment.ticket)


def is_served(attachment: Attachment) -> bool:
    """The only state from which a byte ever leaves the desk."""
    return attachment.scanned_status is State.CLEAN
