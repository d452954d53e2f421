"""What will be late at the present pace, for one reader: nothing that they may not see is forecast, and
nothing of it is history to them."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.sla.calendar import Calendar, NoHours
from portal.sla.forecast import Chance, Curve, Expected, Forecast, Past, Traits, expected, forecast
from portal.sla.learning import calendars
from portal.sla.models import SlaClocks, SlaPast
from portal.sla.queries import in_force
from portal.sla.replay import Pause, Reading, Target
from portal.tickets.clocked import SlaState
from portal.tickets.due import order_of
from portal.tickets.lists import is_open
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by, visible_to

MOST_DUE = 500  # tickets that are looked at one by one
HEADWAY = timedelta(hours=1)  # a working day that ends sooner is as good as over


@dataclass(frozen=True)
class Due:
    """A ticket whose next promise is due, with its forecast."""

    ticket: Row[Any]
    forecast: Forecast

    @property
    def late(self) -> float:
        """For the order of a list: what nobody knows comes last."""
        return self.forecast.chance.late if self.forecast.chance else -1.0


@dataclass(frozen=True)
class Outlook:
    """The tickets that are due until then, the likeliest to be late first. `is_more` where there are so
    many that only the first of them were looked at."""

    until: datetime
    due: list[Due] = field(default_factory=list)
    is_more: bool = False

    @property
    def chances(self) -> list[Chance]:
        return [each.forecast.chance for each in self.due if each.forecast.chance]

    @property
    def expected(self) -> Expected:
        return expected(self.chances)

    @property
    def unsaid(self) -> int:
        """Of how many nothing can be said."""
        return len(self.due) - len(self.chances)


def outlook(reader: User) -> Outlook:
    """Until the working day ends."""
    now = clock.now()
    until = end_of_work([live.calendar for live in in_force().policies], now)
    rows = _due(reader, now, until)
    few = rows[:MOST_DUE]
    wanted = [Traits(Target(row.sla_target), row.priority, row.team_id, row.type) for row in few]
    curves = curves_for(reader, {name for traits in wanted for name in traits.samples})
    known = calendars({row.calendar_version_id for row in few})
    due = []
    for row, traits in zip(few, wanted, strict=True):
        allowed, left = _allowed(row), known[row.calendar_version_id].worked(now, row.sla_due_at)
        due.append(Due(row, forecast(traits, allowed - left.total_seconds(), allowed, curves)))
    due.sort(key=lambda each: (-each.late, each.ticket.sla_due_at, each.ticket.id))
    return Outlook(until, due, len(rows) > MOST_DUE)


def end_of_work(calendars: Iterable[Calendar], now: datetime) -> datetime:
    """When the first of these calendars ends a day's work that is not as good as over; a day from now where
    none works."""
    ends = []
    for calendar in calendars:
        with suppress(NoHours):
            ends.append(calendar.end_of_work(now + HEADWAY))
    return min(ends, default=now + timedelta(days=1))


def forecasts_of(ticket: Ticket, readings: Iterable[Reading], *, reader: User) -> dict[Target, Forecast]:
    """Of those promises of the ticket that are neither kept nor late yet."""
    wanted = {
        each.clock.target: each
        for each in readings
        if not (each.ended_at or each.is_breached or each.clock.pause in {Pause.DONE, Pause.HIDDEN})
    }
    traits = {target: Traits(target, ticket.priority, ticket.team_id, ticket.type) for target in wanted}
    curves = curves_for(reader, {name for each in traits.values() for name in each.samples})
    return {
        target: forecast(traits[target], each.spent.total_seconds(), allowed.total_seconds(), curves)
        for target, each in wanted.items()
        if (allowed := each.clock.allowed)
    }


def curves_for(reader: User, samples: Collection[str]) -> dict[str, Curve]:
    """Of those of the samples' promises whose tickets the reader works on, in one statement."""
    if not samples:
        return {}
    found = (
        select(SlaPast.sample, SlaPast.spent, SlaPast.is_met)
        .join(Ticket, Ticket.id == SlaPast.ticket_id)
        .where(SlaPast.sample.in_(sorted(samples)), visible_to(reader), is_worked_on_by(reader))
    )
    pasts: dict[str, list[Past]] = {}
    for sample, spent, is_met in db.session.execute(found):
        pasts.setdefault(sample, []).append(Past(spent, is_met))
    return {sample: Curve.of(some) for sample, some in pasts.items()}


def _due(reader: User, now: datetime, until: datetime) -> list[Row[Any]]:
    """Open tickets whose next promise is due between the two, the soonest first; one more than are shown."""
    due_at = order_of(Ticket.sla_due_at)
    found = (
        select(
            Ticket.id,
            Ticket.key,
            Ticket.title,
            Ticket.priority,
            Ticket.type,
            Ticket.team_id,
            Ticket.sla_target,
            Ticket.sla_due_at,
            SlaClocks.readings,
            SlaClocks.calendar_version_id,
        )
        .join(SlaClocks, SlaClocks.ticket_id == Ticket.id)
        .where(
            is_open(),
            Ticket.sla_state == SlaState.RUNNING,
            due_at >= now,
            due_at < until,
            Ticket.merged_into_id.is_(None),
            visible_to(reader),
            is_worked_on_by(reader),
        )
        .order_by(due_at, Ticket.id)
        .limit(MOST_DUE + 1)
    )
    return list(db.session.execute(found))


def _allowed(row: Row[Any]) -> int:
    """Seconds for the promise that the list says is due next: the last of its kind."""
    return next((each["allowed"] for each in reversed(row.readings) if each["target"] == row.sla_target), 0)
