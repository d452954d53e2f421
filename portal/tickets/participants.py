"""Who takes part in a request besides its requester. Nothing here commits."""

from flask_babel import gettext as _

from portal.accounts.models import User, about
from portal.errors import NotAllowed
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.tickets.actions import take_part
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.policy import Verb, acts_on, may_name_people


def add_participant(ticket: Ticket, person: User, *, actor: User) -> None:
    """Let a colleague see the ticket, answer, and be told like its requester; who does already, does.

    Raises NotAllowed for anybody but the requester and the desk.
    """
    refuse_to_add(ticket, actor=actor)
    if person.id == ticket.requester_id or _participant(ticket, person.id):
        return
    take_part(ticket, person, Part.PARTICIPANT)
    record(Kind.PARTICIPANT_ADDED, actor=actor, ticket=ticket, **about(person))


def refuse_to_add(ticket: Ticket, *, actor: User) -> None:
    """Raises NotAllowed for whoever may not say who else takes part."""
    if not _names_people(ticket, actor):
        raise NotAllowed(_("Only the requester and the desk add people."))


def remove_participant(ticket: Ticket, user_id: int, *, actor: User) -> None:
    """End it; everybody may leave by themselves. Somebody who takes no part, takes none.

    Raises NotAllowed for somebody else's part, but to the requester and the desk.
    """
    if user_id != actor.id and not _names_people(ticket, actor):
        raise NotAllowed(_("Only the requester and the desk remove other people."))
    participant = _participant(ticket, user_id)
    if participant is None:
        return
    name = participant.user.name
    db.session.delete(participant)
    db.session.flush()
    record(Kind.PARTICIPANT_REMOVED, actor=actor, ticket=ticket, user_id=user_id, user=name)


def _names_people(ticket: Ticket, actor: User) -> bool:
    return may_name_people(actor, ticket, acts=acts_on(actor, Verb.REPLY, ticket))


def _participant(ticket: Ticket, user_id: int) -> TicketPerson | None:
    return db.session.get(TicketPerson, (user_id, ticket.id, Part.PARTICIPANT))
