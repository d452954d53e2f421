"""Policies and calendars change: then the clocks of all open tickets are reckoned anew.

Nothing here commits.
"""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.memory import LIFE
from portal.sla.keeping import BATCH, keep
from portal.sla.models import SlaRecount
from portal.sla.raising import tell
from portal.tickets.lists import is_open
from portal.tickets.models import Ticket

SETTLED = timedelta(seconds=3 * LIFE)  # after which every process knows of a change


def ask_recount() -> None:
    """Policies or calendars mean something else: have all open tickets looked at, by a job."""
    for older in db.session.scalars(select(SlaRecount).where(SlaRecount.finished_at.is_(None))):
        older.finished_at = clock.now()
    db.session.add(SlaRecount())
    enqueue_after_commit("jobs.sla.recount", queue="slow")


def is_recount_due() -> bool:
    return (
        db.session.scalar(select(SlaRecount.id).where(SlaRecount.finished_at.is_(None)).limit(1)) is not None
    )


def recount_some() -> bool:
    """The next open tickets of the walk that somebody has asked for; whether there may be more."""
    asked = select(SlaRecount).where(SlaRecount.finished_at.is_(None)).order_by(SlaRecount.id.desc()).limit(1)
    walk = db.session.scalar(asked.with_for_update(skip_locked=True))
    if walk is None:
        return False
    tickets = next_open(walk.after_id)
    walk.changed += recount(tickets)
    walk.checked += len(tickets)
    if tickets:
        walk.after_id = tickets[-1].id
    if len(tickets) < BATCH:
        _finish(walk)
    return walk.finished_at is None


def _finish(walk: SlaRecount) -> None:
    """Others may have kept tickets by what they remembered for some seconds: then the sweep walks again."""
    walk.finished_at = clock.now()
    if clock.now() - walk.asked_at < SETTLED:
        db.session.add(SlaRecount(asked_at=walk.asked_at))


def recount(tickets: list[Ticket]) -> int:
    """Of how many it was something else. What was due by what held before is told first."""
    tell(tickets)
    return keep(tickets)


def next_open(after_id: int) -> list[Ticket]:
    """Open tickets behind that id, held by ascending id."""
    found = select(Ticket).where(is_open(), Ticket.id > after_id).order_by(Ticket.id).limit(BATCH)
    held = found.with_for_update(of=Ticket).execution_options(populate_existing=True)
    return list(db.session.scalars(held))
