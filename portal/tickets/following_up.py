"""What is said on a ticket that was closed long ago begins a new one. Nothing here commits."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.organizations.models import Organization
from portal.organizations.queries import memberships_to_ask_in
from portal.settings.cache import site
from portal.tickets import links
from portal.tickets.actions import submit_ticket, take_part
from portal.tickets.comments import answers_for_requester
from portal.tickets.links import Linked, links_of
from portal.tickets.models import Part, Request, Ticket, TicketPerson
from portal.tickets.policy import works_on
from portal.tickets.relations import Relation


def reopens_until(ticket: Ticket) -> datetime | None:
    """Until when whoever asked can reopen it; None while it is open."""
    if not ticket.is_done or ticket.closed_at is None:
        return None
    return ticket.closed_at + timedelta(days=site().reopen_days)


def begins_anew(ticket: Ticket, author: User) -> bool:
    """Whether what they say there is no reply any more, but a new request.

    Whoever works on the ticket reopens it whenever they like, and so does everybody where its
    project takes no new ones.
    """
    until = reopens_until(ticket)
    if until is None or clock.now() < until or ticket.project.archived_at:
        return False
    return answers_for_requester(author, ticket) and not works_on(author, ticket)


def refuse_to_reopen(ticket: Ticket, actor: User) -> None:
    """Raises DomainError where it is too late for them, with what to do instead."""
    if begins_anew(ticket, actor):
        raise DomainError(f"{_closed_long_ago(ticket)} {_('Ask again: it becomes a new request.')}")


def follow_up(ticket: Ticket, text: str, *, author: User) -> Ticket:
    """Ask again for what the ticket was about; whoever took part in it takes part in the new one.

    The ticket is held, for its history tells it. Raises DomainError as `submit_ticket` does.
    """
    wanted = Request(
        project=ticket.project,
        title=ticket.title,
        description=text,
        category=ticket.category if ticket.category and not ticket.category.archived_at else None,
        priority=ticket.priority,
        type=ticket.type,
        organization=_house_of(ticket, author),
        is_confidential=ticket.is_confidential,
    )
    made = submit_ticket(author, wanted)
    for person in _others_of(ticket, author):
        take_part(made, person, Part.PARTICIPANT)
    links.link(made, Relation.FOLLOWS, ticket, actor=author)
    return made


def follow_ups_of(ticket: Ticket, *, reader: User) -> list[Linked]:
    """What it follows up on, and what follows up on it, as far as the reader may see them."""
    both = {Relation.FOLLOWS, Relation.FOLLOWED_BY}
    return [linked for linked in links_of(ticket, reader=reader) if linked.relation in both]


def _house_of(ticket: Ticket, author: User) -> Organization | None:
    """The ticket's, where the author still asks for it."""
    theirs = [each.organization for each in memberships_to_ask_in(author)]
    return ticket.organization if ticket.organization in theirs else None


def _others_of(ticket: Ticket, author: User) -> list[User]:
    """Who asked and who took part, without the author and who has left."""
    part = select(TicketPerson.user_id).where(
        TicketPerson.ticket_id == ticket.id, TicketPerson.part.in_([Part.REQUESTER, Part.PARTICIPANT])
    )
    others = select(User).where(User.id.in_(part), User.id != author.id, User.is_active)
    return list(db.session.scalars(others.order_by(User.id)))


def _closed_long_ago(ticket: Ticket) -> str:
    days = site().reopen_days
    if not days:
        return _("%(key)s is closed.", key=ticket.key)
    return ngettext(
        "%(key)s was closed more than %(num)s day ago.",
        "%(key)s was closed more than %(num)s days ago.",
        days,
        key=ticket.key,
    )
