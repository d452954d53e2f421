"""Deleting a ticket for good. Nothing here commits."""

from typing import Any

from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.deletion.models import DeletedKey, TicketDeletion
from portal.deletion.queries import contents
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.live import publish_after_commit
from portal.gateways.queue import enqueue_after_commit
from portal.tickets.hiding import Hidden
from portal.tickets.merging import unmerge
from portal.tickets.models import Ticket, TicketKey
from portal.tickets.relations import TicketMerge
from portal.tickets.spam import withhold_mails

WORK = "jobs.deletion.work"


def delete_ticket(ticket: Ticket, reason: str, *, actor: User) -> TicketDeletion:
    """Take it out of everybody's sight at once, write down who did so and why, and have it erased.

    What was merged into it is a ticket of its own again, and it is taken out of the one in which it
    goes on. Whoever calls this holds them all (`ticket_to_delete_or_404`).
    """
    _take_apart(ticket, actor=actor)
    there = contents(ticket)
    ticket.hidden_as, ticket.hidden_at, ticket.hidden_by = Hidden.DELETED, clock.now(), actor
    withhold_mails(ticket)
    deletion = TicketDeletion(
        ticket_id=ticket.id,
        key=ticket.key,
        project_id=ticket.project_id,
        team_id=ticket.team_id,
        is_confidential=ticket.is_confidential,
        comments=there.comments,
        files=there.files,
        reason=reason,
        deleted_by=actor,
    )
    db.session.add(deletion)
    db.session.flush()
    former = db.session.scalars(select(TicketKey.key).where(TicketKey.ticket_id == ticket.id))
    db.session.add_all(DeletedKey(key=key, deletion_id=deletion.id) for key in [ticket.key, *former])
    numbers: dict[str, Any] = {"comments": there.comments, "files": there.files}
    record(Kind.TICKET_DELETED, actor=actor, key=ticket.key, why=reason, **numbers)
    publish_after_commit(f"ticket:{ticket.id}")
    publish_after_commit("queue")
    enqueue_after_commit(WORK)
    db.session.flush()
    return deletion


def _take_apart(ticket: Ticket, *, actor: User) -> None:
    into_it = select(TicketMerge.ticket_id).where(TicketMerge.into_id == ticket.id)
    for source in db.session.scalars(select(Ticket).where(Ticket.id.in_(into_it)).order_by(Ticket.id)).all():
        unmerge(source, actor=actor)
    unmerge(ticket, actor=actor)
