"""What is kept of the clocks of tickets, for lists and pages: always by a replay of their whole history, so
that keeping it and reckoning it anew are one thing. Nothing here commits.

Whoever calls this holds the tickets' rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.sla.calendar import Calendar
from portal.sla.models import SlaClocks, SlaNotice
from portal.sla.queries import Live, Settled, Situation, histories, in_force, situations
from portal.sla.replay import Happening, Policy, Reading, State, reading, replay
from portal.tickets.clocked import SlaState
from portal.tickets.models import Ticket

BATCH = 100  # tickets of one transaction
# What neither moves a clock nor changes which policy fits.
STILL = frozenset(
    {
        Kind.NOTE_ADDED,
        Kind.TICKET_WATCHED,
        Kind.TICKET_UNWATCHED,
        Kind.PARTICIPANT_ADDED,
        Kind.PARTICIPANT_REMOVED,
        Kind.DUE_CHANGED,
        Kind.TICKET_KEPT,
        Kind.TICKET_RATED,
        Kind.TIME_SPENT,
        Kind.TICKET_LINKED,
        Kind.TICKET_UNLINKED,
        Kind.TICKET_SNOOZED,
        Kind.TICKET_WOKEN,
        Kind.SLA_WARNED,
        Kind.SLA_BREACHED,
    }
)


def keep_sla_clocks(event: Event) -> None:
    """At once: lists and pages know from now on what is due next. Without policies it costs nothing."""
    if event.ticket is None or event.kind in STILL or event.kind.startswith("file."):
        return
    if in_force().policies:
        keep([event.ticket])


def keep(tickets: Sequence[Ticket]) -> int:
    """Reckon what is kept of these tickets anew; of how many it was something else before."""
    db.session.flush()
    found = situations([ticket.id for ticket in tickets])
    by_version = {live.version_id: live for live in in_force().policies}
    known = histories([each for each, situation in found.items() if situation.version_id is not None])
    return sum(
        _keep(ticket, found[ticket.id], by_version.get(found[ticket.id].version_id or 0), known)
        for ticket in tickets
    )


@dataclass(frozen=True)
class Account:
    """All that a replay says of a ticket, and what of it is still to be told."""

    state: State
    readings: tuple[Reading, ...]

    def occasions(self) -> list[tuple[datetime, Settled]]:
        """Each warning and breach that was or will be, in their order."""
        return sorted(
            (moment, (each.clock.target, notice, each.clock.began_with))
            for each in self.readings
            for notice, moment in each.occasions()
        )

    def open(self, settled: Collection[Settled]) -> list[tuple[datetime, Settled]]:
        return [(moment, each) for moment, each in self.occasions() if each not in settled]


def account(policy: Policy, calendar: Calendar, history: Sequence[Happening]) -> Account:
    state, now = replay(policy, history), clock.now()
    return Account(state, tuple(reading(each, calendar, policy, now) for each in state.promises))


def settle(ticket: Ticket, version_id: int, what: Settled, due_at: datetime, *, is_told: bool) -> bool:
    """Note that nobody need be told of it any more; False where that was noted already."""
    target, notice, began_with = what
    row = insert(SlaNotice).values(
        ticket_id=ticket.id,
        policy_version_id=version_id,
        target=target,
        notice=notice,
        began_with=began_with,
        due_at=due_at,
        is_told=is_told,
        settled_at=clock.now(),
    )
    return db.session.scalar(row.on_conflict_do_nothing().returning(SlaNotice.ticket_id)) is not None


def told_of(each: Reading) -> dict[str, Any]:
    """What does not change as time goes by, as JSON: it had `spent` so much working time by `since`."""
    stands_still = each.ended_at is None and each.clock.pause is not None
    return {
        "target": each.clock.target,
        "began_at": _text(each.clock.began_at),
        "began_with": each.clock.began_with,
        "allowed": int(each.clock.allowed.total_seconds()) if each.clock.allowed else 0,
        "warn_at": _text(each.warn_at),
        "due_at": _text(each.due_at),
        "ended_at": _text(each.ended_at),
        "pause": each.clock.pause if stands_still else None,
        "left": int(each.left.total_seconds()) if stands_still else None,
        "spent": int(each.spent_before.total_seconds()),
        "since": _text(each.clock.stopped_at or each.clock.stretches[-1].since),
    }


def _keep(ticket: Ticket, situation: Situation, live: Live | None, known: dict[int, list[Happening]]) -> bool:
    if live is None:
        return _forget(ticket, situation)
    found = account(live.policy, live.calendar, known[ticket.id])
    settled = {each for version_id, each in situation.settled if version_id == live.version_id}
    if _came_later(ticket, situation):
        for moment, each in found.open(settled):
            if moment <= clock.now():
                settle(ticket, live.version_id, each, moment, is_told=False)
                settled.add(each)
    still_open = found.open(settled)
    now: dict[str, Any] = {
        "policy_version_id": live.version_id,
        "calendar_version_id": live.calendar_version_id,
        "next_at": still_open[0][0] if still_open else None,
        "readings": [told_of(each) for each in found.readings],
    }
    is_new = _set(ticket, columns_of(found))
    was = {name: getattr(situation.kept, name) for name in now} if situation.kept else None
    if was != now or _came_later(ticket, situation):
        row = now | {"ticket_id": ticket.id, "looked_at": clock.now()}
        written = insert(SlaClocks).values(row)
        db.session.execute(
            written.on_conflict_do_update(index_elements=["ticket_id"], set_=row),
            execution_options={"populate_existing": True},
        )
    return is_new or was != now


def _came_later(ticket: Ticket, situation: Situation) -> bool:
    """Whether policies or calendars have changed since its clocks were looked at. What was due before that
    is nobody's fault, and nobody is told of it."""
    looked_at = situation.kept.looked_at if situation.kept else ticket.created_at
    return looked_at < in_force().changed_at


def _forget(ticket: Ticket, situation: Situation) -> bool:
    """Nothing is promised any more."""
    nothing = dict.fromkeys(("sla_state", "sla_target", "sla_warn_at", "sla_due_at"))
    is_new = _set(ticket, nothing)
    if situation.kept is None:
        return is_new
    db.session.execute(delete(SlaClocks).where(SlaClocks.ticket_id == ticket.id))
    db.session.expunge(situation.kept)
    return True


def columns_of(found: Account) -> dict[str, Any]:
    """What lists sort and filter by: the promise that is due first. One that stood still in time has no
    moment."""
    owed = [each for each in found.readings if each.ended_at is None and found.state.category != "done"]
    due = [each for each in owed if each.due_at and (each.runs or each.is_breached)]
    columns: dict[str, Any] = dict.fromkeys(("sla_state", "sla_target", "sla_warn_at", "sla_due_at"))
    if due:
        first = min(due, key=lambda each: (each.due_at, each.clock.target))
        warnings = [each.warn_at for each in due if each.warn_at]
        columns |= {
            "sla_state": SlaState.RUNNING,
            "sla_target": first.clock.target.value,
            "sla_warn_at": min(warnings, default=None),
            "sla_due_at": first.due_at,
        }
    elif owed:
        columns |= {"sla_state": SlaState.PAUSED, "sla_target": owed[0].clock.target.value}
    elif found.readings:
        is_late = any(each.is_breached for each in found.readings)
        columns["sla_state"] = SlaState.MISSED if is_late else SlaState.KEPT
    return columns


def _set(ticket: Ticket, columns: dict[str, Any]) -> bool:
    changed = {name: new for name, new in columns.items() if getattr(ticket, name) != new}
    for name, new in changed.items():
        setattr(ticket, name, new)
    return bool(changed)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
