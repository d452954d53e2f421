"""A new ticket of what was said on another one. Nothing here commits."""

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.tickets import links
from portal.tickets.actions import submit_ticket
from portal.tickets.models import Comment, Part, Request, Ticket, TicketPerson
from portal.tickets.relations import Relation


def split(
    comment: Comment,
    ticket: Ticket,
    request: Request,
    *,
    requester: User,
    relation: Relation,
    actor: User,
) -> Ticket:
    """Submit it in the requester's name, linked with the ticket (held), whose history tells it.

    `relation` is what the new one is to that.
    Raises DomainError for an internal note: its text would be read by whoever asks.
    """
    refuse_to_split(comment)
    if ticket.is_confidential and not request.is_confidential:
        raise DomainError(_("%(key)s is confidential: so is what is made of it.", key=ticket.key))
    made = submit_ticket(requester, request, actor=actor)
    links.link(ticket, relation.reversed, made, actor=actor, split=True)
    return made


def refuse_to_split(comment: Comment) -> None:
    """Raises DomainError for what only the desk may read."""
    if comment.is_internal:
        raise DomainError(_("An internal note does not become a ticket: whoever it is for would read it."))


def asker_of(comment: Comment) -> User:
    """In whose name a ticket of the comment is offered: its author's who asks or takes part, else the
    requester's."""
    ticket, author = comment.ticket, comment.author
    if author.id == ticket.requester_id:
        return author
    part = db.session.get(TicketPerson, (author.id, ticket.id, Part.PARTICIPANT))
    return author if part and not author.is_staff else ticket.requester
