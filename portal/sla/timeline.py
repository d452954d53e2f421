"""The life of a ticket's clocks, told: a bar of what ran and what stood still, and why, with the event that
each part of it comes from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.sla.calendar import Calendar, Time
from portal.sla.queries import clocks_of, histories
from portal.sla.replay import Clock, Pause, Policy, Reading, Segment, Target, reading, replay, segments
from portal.sla.words import target_label
from portal.tickets.models import Ticket

WIDTH = 1000  # of a bar, whatever it is drawn in
SMALLEST = 1  # of that, which anybody sees
KINDS = {
    Time.WORKING: _l("running"),
    Time.OUTSIDE: _l("outside hours"),
    Time.HOLIDAY: _l("holiday"),
    Pause.WAITING: _l("paused by its status"),
    Pause.DONE: _l("closed"),
    Pause.HIDDEN: _l("hidden as spam"),
}


@dataclass(frozen=True)
class Part:
    """A part of a bar. `event` is None only where the desk has forgotten it."""

    x: float
    width: float
    kind: Time | Pause
    start: datetime
    end: datetime
    event: Event | None

    @property
    def label(self) -> str:
        return str(KINDS[self.kind])


@dataclass(frozen=True)
class Stage:
    """From one event to the next: for how long the clock ran, and stood still by the hour or by a holiday."""

    start: datetime
    end: datetime
    event: Event | None
    pause: Pause | None
    lengths: dict[Time, timedelta]

    @property
    def label(self) -> str:
        return str(KINDS[self.pause or Time.WORKING])


@dataclass(frozen=True)
class Told:
    """One clock: how far it is, its bar and its stages. `due_x` is where it is due, if that is on the bar."""

    reading: Reading
    parts: list[Part]
    stages: list[Stage]
    due_x: float | None

    @property
    def label(self) -> str:
        return target_label(self.reading.clock.target)

    @property
    def state(self) -> str:
        """Kept, missed, paused, late, soon, or nothing of that."""
        if self.reading.ended_at or self.reading.clock.pause is Pause.DONE:
            return "missed" if self.reading.is_breached else "kept"
        if self.reading.is_breached:
            return "late"
        if self.reading.clock.pause:
            return "paused"
        return "soon" if self.reading.is_warned else ""


@dataclass(frozen=True)
class Timeline:
    policy: str
    calendar: str
    clocks: list[Told]


def timeline_of(ticket: Ticket) -> Timeline | None:
    """The answer that is owed, or was given last, and the solution; None where nothing is promised."""
    kept = next(clocks_of([ticket]), None)
    if kept is None:
        return None
    policy = Policy.of(kept.policy_version.definition)
    calendar = Calendar.of(kept.calendar_version.definition)
    state, now = replay(policy, histories([ticket.id])[ticket.id]), clock.now()
    shown = _shown({each.target: each for each in state.promises})
    lives = [(each, segments(each, calendar, now)) for each in shown]
    events = _events({segment.cause for _clock, life in lives for segment in life})
    clocks = [_told(reading(each, calendar, policy, now), life, events) for each, life in lives]
    names = (kept.policy_version.definition["name"], kept.calendar_version.definition["name"])
    return Timeline(*names, clocks=clocks)


def cause(event: Event) -> str:
    """What happened, in a few words, for the part of a bar that it began."""
    changes = event.data.get("changes") or {}
    who = event.actor.name if event.actor else _("The desk")
    if "status" in changes:
        label = changes["status"]["new"]["label"]
        return _("%(who)s changed the status to %(status)s", who=who, status=_(label))
    if "waiting_for" in changes:
        return _("%(who)s changed what it waits for", who=who)
    return str(_CAUSES.get(Kind(event.kind), _l("%(who)s changed it"))) % {"who": who}


_CAUSES = {
    Kind.TICKET_SUBMITTED: _l("%(who)s asked"),
    Kind.COMMENT_ADDED: _l("%(who)s replied"),
    Kind.TICKET_MARKED_SPAM: _l("%(who)s marked it as spam"),
    Kind.TICKET_UNMARKED_SPAM: _l("%(who)s said that it is no spam"),
}


def _shown(last: dict[Target, Clock]) -> list[Clock]:
    answer = last.get(Target.NEXT_RESPONSE) or last.get(Target.FIRST_RESPONSE)
    return [each for each in (answer, last.get(Target.RESOLUTION)) if each]


def _events(ids: set[int]) -> dict[int, Event]:
    found = select(Event).where(Event.id.in_(ids)).options(joinedload(Event.actor))
    return {event.id: event for event in db.session.scalars(found)}


def _told(read: Reading, life: list[Segment], events: dict[int, Event]) -> Told:
    if not life:
        return Told(read, [], [], None)
    start, end = life[0].start, life[-1].end
    whole = (end - start).total_seconds() or 1.0
    if read.due_at and read.runs and read.due_at > end:
        whole = (read.due_at - start).total_seconds()

    def place(moment: datetime) -> float:
        return round(WIDTH * (moment - start).total_seconds() / whole, 2)

    parts = [
        Part(
            place(each.start),
            round(place(each.end) - place(each.start), 2),
            each.kind,
            each.start,
            each.end,
            events.get(each.cause),
        )
        for each in life
    ]
    due_x = place(read.due_at) if read.due_at and start <= read.due_at else None
    return Told(
        read,
        [part for part in parts if part.width >= SMALLEST],
        _stages(life, events),
        due_x if due_x is not None and due_x <= WIDTH else None,
    )


def _stages(life: list[Segment], events: dict[int, Event]) -> list[Stage]:
    stages = []
    for (caused_by, pause), some in groupby(life, key=_stage_of):
        parts = list(some)
        lengths = {
            kind: sum((each.end - each.start for each in parts if each.kind is kind), timedelta())
            for kind in Time
        }
        stages.append(Stage(parts[0].start, parts[-1].end, events.get(caused_by), pause, lengths))
    return stages


def _stage_of(segment: Segment) -> tuple[int, Pause | None]:
    return segment.cause, segment.kind if isinstance(segment.kind, Pause) else None
