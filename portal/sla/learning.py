"""What forecasts are made of: how long promises took, drawn anew from all that the clocks of tickets say.

Nothing here commits.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.extensions import db
from portal.sla.backtest import Life
from portal.sla.calendar import Calendar
from portal.sla.forecast import PERIOD, Samples, Traits
from portal.sla.models import SlaCalendarVersion, SlaClocks, SlaPast, SlaPolicyVersion
from portal.sla.queries import histories
from portal.sla.replay import Pause, Policy, Target
from portal.tickets.models import Ticket

PAGE = 2_000  # tickets that are read at once
AT_ONCE = 8  # samples that are written at once


@dataclass(frozen=True)
class Promise:
    """One of a ticket, as its clocks keep it."""

    ticket_id: int
    calendar_version_id: int
    told: dict[str, Any]

    @property
    def target(self) -> Target:
        return Target(self.told["target"])

    @property
    def is_met(self) -> bool:
        """A solution is one from when the ticket is done, although it may be opened again."""
        is_solved = self.target is Target.RESOLUTION and self.told["pause"] == Pause.DONE
        return self.told["ended_at"] is not None or is_solved

    def spent(self, calendar: Calendar, now: datetime) -> int:
        """Seconds of working time."""
        if self.told["ended_at"] or self.told["pause"]:
            return self.told["spent"]
        since = datetime.fromisoformat(self.told["since"])
        return self.told["spent"] + int(calendar.worked(since, now).total_seconds())


def learn() -> Iterator[int]:
    """Draw the samples anew, a batch at a time; how many rows each has. To be committed after each: rows that
    refer to tickets keep people from changing these until then."""
    now = clock.now()
    drawn = _drawn(since=now - PERIOD)
    known = calendars({promise.calendar_version_id for some in drawn.values() for promise in some})
    db.session.execute(delete(SlaPast).where(SlaPast.sample.not_in(drawn)))
    names = sorted(drawn)
    for place in range(0, len(names), AT_ONCE):
        some = names[place : place + AT_ONCE]
        rows = [
            _row(name, each, known[each.calendar_version_id], now) for name in some for each in drawn[name]
        ]
        db.session.execute(delete(SlaPast).where(SlaPast.sample.in_(some)))
        db.session.execute(insert(SlaPast).on_conflict_do_nothing(), _of_tickets_there(rows))
        yield len(rows)


def _drawn(*, since: datetime) -> dict[str, list[Promise]]:
    samples = Samples[Promise]()
    for promise, traits in _promises(since=since):
        samples.offer(traits, promise.told["began_with"], promise)
    return samples.drawn()


def _of_tickets_there(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are about to be kept may have been deleted meanwhile."""
    ids = {row["ticket_id"] for row in rows}
    there = set(db.session.scalars(select(Ticket.id).where(Ticket.id.in_(ids))))
    return [row for row in rows if row["ticket_id"] in there]


def calendars(version_ids: Collection[int]) -> dict[int, Calendar]:
    """By their versions."""
    wanted = select(SlaCalendarVersion.id, SlaCalendarVersion.definition)
    found = db.session.execute(wanted.where(SlaCalendarVersion.id.in_(version_ids)))
    return {version_id: Calendar.of(definition) for version_id, definition in found}


def _promises(*, since: datetime) -> Iterator[tuple[Promise, Traits]]:
    """Those that began since then. What another release has kept, and does not say how long it took, is
    left out."""
    for rows in _clocks(since, SlaClocks.calendar_version_id, SlaClocks.readings, Ticket.priority):
        for row in rows:
            for told in row.readings:
                if "spent" in told and datetime.fromisoformat(told["began_at"]) >= since:
                    traits = Traits(Target(told["target"]), row.priority, row.team_id, row.type)
                    yield Promise(row.ticket_id, row.calendar_version_id, told), traits


def lives(*, since: datetime) -> Iterator[Life]:
    """What has happened on each ticket that people see and on which something has since then, with what its
    policy and calendar say now."""
    policies: dict[int, Policy] = {}
    known: dict[int, Calendar] = {}
    for rows in _clocks(since, SlaClocks.policy_version_id, SlaClocks.calendar_version_id):
        policies |= _policies({row.policy_version_id for row in rows} - policies.keys())
        known |= calendars({row.calendar_version_id for row in rows} - known.keys())
        told = histories([row.ticket_id for row in rows])
        for row in rows:
            policy, calendar = policies[row.policy_version_id], known[row.calendar_version_id]
            yield Life(tuple(told[row.ticket_id]), policy, calendar, row.team_id, row.type)


def _policies(version_ids: Collection[int]) -> dict[int, Policy]:
    wanted = select(SlaPolicyVersion.id, SlaPolicyVersion.definition)
    found = db.session.execute(wanted.where(SlaPolicyVersion.id.in_(version_ids)))
    return {version_id: Policy.of(definition) for version_id, definition in found}


def _clocks(since: datetime, *columns: Any) -> Iterator[Sequence[Row[Any]]]:
    """Of all tickets that people see and on which something has happened since then, a page at a time."""
    found = (
        select(SlaClocks.ticket_id, Ticket.team_id, Ticket.type, *columns)
        .join(Ticket, Ticket.id == SlaClocks.ticket_id)
        .where(SlaClocks.looked_at >= since, Ticket.hidden_as.is_(None), Ticket.merged_into_id.is_(None))
        .order_by(SlaClocks.ticket_id)
        .limit(PAGE)
    )
    after_id = 0
    while rows := db.session.execute(found.where(SlaClocks.ticket_id > after_id)).all():
        yield rows
        after_id = rows[-1].ticket_id


def _row(sample: str, promise: Promise, calendar: Calendar, now: datetime) -> dict[str, Any]:
    return {
        "sample": sample,
        "ticket_id": promise.ticket_id,
        "began_with": promise.told["began_with"],
        "spent": promise.spent(calendar, now),
        "is_met": promise.is_met,
    }
