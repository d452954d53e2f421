"""What people write on a ticket: public replies and internal notes. Nothing here commits."""

from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.errors import NotAllowed
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.permissions import Permission
from portal.projects.policy import is_shut
from portal.tickets import actions, mentions
from portal.tickets.hearers import Saying
from portal.tickets.models import Comment, Part, Ticket, TicketPerson, WaitingFor


def reply(ticket: Ticket, body: str, *, author: User) -> Comment:
    """Say something to everyone who sees the ticket.

    Where the desk waits for the requester, their reply, or that of a colleague who
    takes part, sets the ticket going again; on a closed ticket it reopens it.
    """
    is_theirs = answers_for_requester(author, ticket)
    side = {"side": "requester" if is_theirs else "desk"}
    written = _write(ticket, body, author=author, internal=False, told=side)
    ticket.reply_count += 1
    if not is_theirs:
        return written
    if ticket.is_done:
        actions.reopen(ticket, actor=author)
    elif ticket.waiting_for == WaitingFor.REQUESTER:
        actions.walk_to(ticket, Category.ACTIVE, actor=author)
    return written


def answers_for_requester(author: User, ticket: Ticket) -> bool:
    """Of the desk's people only the requester themselves: what others of them write is the desk's answer."""
    if author.id == ticket.requester_id:
        return True
    part = None if author.is_staff else db.session.get(TicketPerson, (author.id, ticket.id, Part.PARTICIPANT))
    return part is not None


def add_note(ticket: Ticket, body: str, *, author: User) -> Comment:
    """Write for the desk alone. Raises NotAllowed for somebody who is not of it."""
    if not author.may(Permission.TICKET_WORK):
        raise NotAllowed(_("Only the desk writes internal notes."))
    return _write(ticket, body, author=author, internal=True, told={})


def _write(ticket: Ticket, body: str, *, author: User, internal: bool, told: dict[str, Any]) -> Comment:
    """The comment and its event. Whoever of the desk it mentions and has no part watches from then on, but
    for those who are just leaving desk or project: a part would let them see the ticket."""
    said = mentions.understand(body, Saying(ticket, author, internal=internal))
    written = Comment(
        ticket_id=ticket.id,
        author=author,
        body=body,
        body_html=said.html,
        is_internal=internal,
    )
    written.untold = said.untold
    db.session.add(written)
    db.session.flush()
    mentions.note(written, said.people)
    if said.people:
        told |= {"mentions": [user.id for user in said.people]}
    kind = Kind.NOTE_ADDED if internal else Kind.COMMENT_ADDED
    record(kind, actor=author, ticket=ticket, public=not internal, comment_id=written.id, **told)
    for user in said.newcomers:
        if actions.works_here(user) and not is_shut(ticket.project, user):
            actions.watch(ticket, user, actor=author)
    return written
