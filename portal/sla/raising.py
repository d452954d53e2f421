"""Warnings and breaches become events: once each, by whoever comes first, also long after they were due.

Nothing here commits.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal import clock
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.sla.calendar import Calendar
from portal.sla.keeping import BATCH, account, settle, told_of
from portal.sla.models import SlaClocks
from portal.sla.queries import Settled, clocks_of, histories, settled_of
from portal.sla.replay import Happening, Notice, Policy
from portal.tickets.models import Ticket

KINDS = {Notice.WARNING: Kind.SLA_WARNED, Notice.BREACH: Kind.SLA_BREACHED}


def is_something_due() -> bool:
    return db.session.scalar(select(SlaClocks.ticket_id).where(_is_due()).limit(1)) is not None


def raise_due() -> int:
    """Tell of what is due on some tickets; how many those were. Those that somebody holds come next time."""
    due = select(SlaClocks.ticket_id).where(_is_due()).order_by(SlaClocks.next_at).limit(BATCH)
    held = select(Ticket).where(Ticket.id.in_(due)).order_by(Ticket.id)
    held = held.with_for_update(of=Ticket, skip_locked=True).execution_options(populate_existing=True)
    return tell(list(db.session.scalars(held)))


def tell(tickets: list[Ticket]) -> int:
    """Of these tickets, which the caller holds: by the version that held when something last happened on
    them, for it made the promise. How many they are."""
    ids = [ticket.id for ticket in tickets]
    kept = {each.ticket_id: each for each in clocks_of(tickets)}
    known, settled = histories(ids), settled_of(ids)
    for ticket in tickets:
        if ticket.id in kept:
            of_version = {
                each for version, each in settled[ticket.id] if version == kept[ticket.id].policy_version_id
            }
            _tell(ticket, kept[ticket.id], known[ticket.id], of_version)
    return len(tickets)


def _tell(ticket: Ticket, kept: SlaClocks, history: list[Happening], settled: set[Settled]) -> None:
    policy = Policy.of(kept.policy_version.definition)
    found = account(policy, Calendar.of(kept.calendar_version.definition), history)
    kept.next_at = None
    for moment, what in found.open(settled):
        if moment > clock.now():
            kept.next_at = moment
            break
        if settle(ticket, kept.policy_version_id, what, moment, is_told=True):
            _record(ticket, kept, what, moment)
    kept.readings = [told_of(each) for each in found.readings]


def _record(ticket: Ticket, kept: SlaClocks, what: Settled, due_at: datetime) -> None:
    target, notice, _began_with = what
    version = kept.policy_version
    record(
        KINDS[notice],
        actor=None,
        ticket=ticket,
        public=False,
        target=target,
        due_at=due_at.isoformat(),
        policy={"id": version.policy_id, "label": version.definition["name"]},
        version=version.number,
    )


def _is_due() -> ColumnElement[bool]:
    return SlaClocks.next_at < clock.now()
