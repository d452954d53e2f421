"""What is asked about policies, and about the histories of tickets that they hold for."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, case, func, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.filters import And, Fields, FilterError, read, where
from portal.memory import Remembered
from portal.organizations.models import Organization, Team
from portal.permissions import STAFF
from portal.projects.models import Project, TicketCategory
from portal.sla.calendar import Calendar
from portal.sla.models import (
    SlaCalendar,
    SlaCalendarVersion,
    SlaClocks,
    SlaNotice,
    SlaPolicy,
    SlaPolicyVersion,
    SlaRecount,
)
from portal.sla.replay import Happening, Notice, Policy, Target
from portal.tickets.filtering import facts
from portal.tickets.models import Ticket
from portal.tickets.tags import Tag
from portal.tickets.vocabulary import vocabulary

Settled = tuple[Target, Notice, int]  # of what, and with which event that began
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Live:
    """A policy that is in force, with the calendar it goes by. `problem` says why its filter means nothing
    any more: then it holds for no ticket."""

    policy_id: int
    name: str
    version_id: int
    calendar_version_id: int
    policy: Policy
    calendar: Calendar
    fits: ColumnElement[bool]
    problem: str = ""


@dataclass(frozen=True)
class InForce:
    """All of them, in their order, and when that last changed."""

    policies: tuple[Live, ...]
    changed_at: datetime


def in_force() -> InForce:
    """Remembered for some seconds; see `portal.memory`."""
    return _in_force()


def has_policies() -> ColumnElement[bool]:
    """Whether any is in force, to be asked for with what else every page asks."""
    return select(SlaPolicy.id).where(SlaPolicy.is_enabled).exists()


def filter_fields() -> Fields:
    """What a policy's filter can ask."""
    return facts(vocabulary())


def _read_in_force() -> InForce:
    rows = db.session.execute(
        select(SlaPolicy, SlaCalendarVersion)
        .join(SlaPolicy.current)
        .join(SlaCalendar, SlaCalendar.id == SlaPolicyVersion.calendar_id)
        .join(SlaCalendar.current)
        .options(joinedload(SlaPolicy.current))
        .where(SlaPolicy.is_enabled)
        .order_by(SlaPolicy.position, SlaPolicy.id)
    ).all()
    changed = select(
        func.greatest(
            select(func.max(SlaPolicy.changed_at)).scalar_subquery(),
            select(func.max(SlaCalendar.changed_at)).scalar_subquery(),
        )
    )
    if not rows:
        return InForce((), NEVER)
    fields = filter_fields()
    return InForce(
        tuple(_live(policy, calendar, fields) for policy, calendar in rows),
        db.session.scalar(changed) or NEVER,
    )


_in_force = Remembered(
    _read_in_force, models=(SlaPolicy, SlaCalendar, Project, TicketCategory, Team, Organization, Tag)
)


def _live(policy: SlaPolicy, calendar: SlaCalendarVersion, fields: Fields) -> Live:
    definition = policy.current.definition
    tree, problem = understood(definition["filter"], fields)
    return Live(
        policy.id,
        policy.name,
        policy.current.id,
        calendar.id,
        Policy.of(definition),
        Calendar.of(calendar.definition),
        where(tree, Ticket.__table__.c, fields),
        problem,
    )


def understood(text: str, fields: Fields) -> tuple[And, str]:
    """What a filter means, or why it means nothing."""
    try:
        return read(text, fields), ""
    except FilterError as error:
        return And(), error.message


@dataclass(frozen=True)
class Situation:
    """Which version holds for a ticket now, and what is kept of it."""

    version_id: int | None
    kept: SlaClocks | None
    settled: frozenset[tuple[int, Settled]]  # by version


def situations(ticket_ids: Collection[int]) -> dict[int, Situation]:
    """For each ticket, in one statement: the first policy whose filter it fits, by the database's answer."""
    holds = [(live.fits, live.version_id) for live in in_force().policies if not live.problem]
    first = case(*holds, else_=None) if holds else case((Ticket.id.is_(None), 0), else_=None)
    notices = (
        select(
            func.jsonb_agg(
                func.jsonb_build_array(
                    SlaNotice.policy_version_id, SlaNotice.target, SlaNotice.notice, SlaNotice.began_with
                )
            )
        )
        .where(SlaNotice.ticket_id == Ticket.id)
        .correlate(Ticket)
    )
    rows = db.session.execute(
        select(Ticket.id, first.label("version_id"), notices.scalar_subquery().label("notices"), SlaClocks)
        .outerjoin(SlaClocks, SlaClocks.ticket_id == Ticket.id)
        .where(Ticket.id.in_(ticket_ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: Situation(row.version_id, row.SlaClocks, _settled(row.notices)) for row in rows}


def _settled(notices: list | None) -> frozenset[tuple[int, Settled]]:
    return frozenset(
        (version_id, (Target(target), Notice(notice), began_with))
        for version_id, target, notice, began_with in notices or ()
    )


_SPAM = (Kind.TICKET_MARKED_SPAM, Kind.TICKET_UNMARKED_SPAM)
_CHANGES = ("status", "priority", "waiting_for")


def histories(ticket_ids: Collection[int]) -> dict[int, list[Happening]]:
    """What has happened on these tickets that moves a clock, in its order."""
    changes = Event.data["changes"]
    wanted = select(
        Event.id, Event.ticket_id, Event.kind, Event.created_at, Event.actor_id, Event.data, User.role
    )
    wanted = (
        wanted.add_columns(Ticket.requester_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .outerjoin(User, User.id == Event.actor_id)
        .where(
            Event.ticket_id.in_(ticket_ids),
            or_(
                Event.kind.in_((Kind.TICKET_SUBMITTED, Kind.COMMENT_ADDED, *_SPAM)),
                or_(*(changes.has_key(name) for name in _CHANGES)),
            ),
        )
        .order_by(Event.ticket_id, Event.id)
    )
    found: dict[int, list[Happening]] = {ticket_id: [] for ticket_id in ticket_ids}
    for row in db.session.execute(wanted):
        found[row.ticket_id].append(_happening(row))
    return found


def _happening(row: Row[Any]) -> Happening:
    told: dict[str, Any] = {"event_id": row.id, "at": row.created_at}
    if row.kind == Kind.TICKET_SUBMITTED:
        values = row.data["values"]
        told |= {"begins": True, "priority": values["priority"]["id"]} | _status(values["status"], row.data)
    elif row.kind == Kind.COMMENT_ADDED:
        told["replied"] = _speaks_for(row)
    elif row.kind in _SPAM:
        told["hidden"] = row.kind == Kind.TICKET_MARKED_SPAM
    return Happening(**told, **_changed(row.data.get("changes") or {}, row.data))


def _changed(changes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "priority" in changes:
        told["priority"] = changes["priority"]["new"]["id"]
    if "status" in changes:
        told |= _status(changes["status"]["new"], data)
    elif "waiting_for" in changes:
        told["waits_for"] = changes["waiting_for"]["new"]["id"]
    return told


def _status(status: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Who waits and did not say for what waits for something else."""
    is_waiting = status["category"] == "waiting"
    return {
        "category": status["category"],
        "waits_for": (data.get("waiting_for") or "other") if is_waiting else None,
    }


def _speaks_for(row: Row[Any]) -> str | None:
    """Whose answer it is. What nobody wrote, or was sent by itself, is nobody's."""
    if row.actor_id is None or row.data.get("automatic"):
        return None
    told = row.data.get("side")
    if told:
        return told
    return "desk" if row.role in STAFF and row.actor_id != row.requester_id else "requester"


def clocks_of(tickets: Iterable[Ticket]) -> Iterator[SlaClocks]:
    """What is kept of them, with the versions it was made by."""
    kept = select(SlaClocks).where(SlaClocks.ticket_id.in_([ticket.id for ticket in tickets]))
    yield from db.session.scalars(
        kept.options(
            joinedload(SlaClocks.policy_version), joinedload(SlaClocks.calendar_version)
        ).execution_options(populate_existing=True)
    )


def settled_of(ticket_ids: Collection[int]) -> dict[int, set[tuple[int, Settled]]]:
    found: dict[int, set[tuple[int, Settled]]] = {ticket_id: set() for ticket_id in ticket_ids}
    for one in db.session.scalars(select(SlaNotice).where(SlaNotice.ticket_id.in_(ticket_ids))):
        found[one.ticket_id].add((one.policy_version_id, (one.target, one.notice, one.began_with)))
    return found


MANY = 1000  # counts go up to here


@dataclass(frozen=True)
class Listed:
    """A policy as the list shows it: on how many tickets it holds, and how often and when it told of one
    that was late, each counted up to `MANY`."""

    policy: SlaPolicy
    calendar: str
    tickets: int
    late: int
    told_at: datetime | None
    problem: str


def listed(words: str = "") -> list[Listed]:
    """In their order; with words, those of whose name, description or filter they are a part."""
    of_policy = SlaPolicyVersion.policy_id == SlaPolicy.id
    holds = select(SlaClocks.ticket_id).join(SlaClocks.policy_version).where(of_policy)
    told = select(SlaNotice.settled_at).join(
        SlaPolicyVersion, SlaPolicyVersion.id == SlaNotice.policy_version_id
    )
    told = told.where(of_policy, SlaNotice.is_told, SlaNotice.notice == Notice.BREACH)
    rows = db.session.execute(
        select(
            SlaPolicy,
            _counted(holds).label("tickets"),
            _counted(told).label("late"),
            told.order_by(SlaNotice.settled_at.desc()).limit(1).correlate(SlaPolicy).scalar_subquery(),
        )
        .options(joinedload(SlaPolicy.current).joinedload(SlaPolicyVersion.calendar))
        .order_by(SlaPolicy.position, SlaPolicy.id)
    )
    fields, wanted = filter_fields(), words.casefold()
    return [
        Listed(policy, policy.current.calendar.name, tickets, late, told_at, problem)
        for policy, tickets, late, told_at in rows
        if _holds_words(policy, wanted)
        for problem in [understood(policy.current.definition["filter"], fields)[1]]
    ]


def _counted(rows: Select) -> ScalarSelect:
    few = rows.limit(MANY).correlate(SlaPolicy).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _holds_words(policy: SlaPolicy, words: str) -> bool:
    told = policy.current.definition
    return words in " ".join((policy.name, told["description"], told["filter"])).casefold()


def all_policies(*, to_change: bool = False) -> list[SlaPolicy]:
    """In their order; to be changed, all of them are held."""
    found = select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)
    if to_change:
        found = found.with_for_update(of=SlaPolicy).execution_options(populate_existing=True)
    return list(db.session.scalars(found))


def policy_or_404(policy_id: int, *, to_change: bool = False) -> SlaPolicy:
    found = select(SlaPolicy).where(SlaPolicy.id == policy_id)
    if to_change:
        found = found.with_for_update(of=SlaPolicy).execution_options(populate_existing=True)
    return db.one_or_404(found)


def versions_of(thing: SlaPolicy | SlaCalendar) -> list[Any]:
    """The newest first, with who made each."""
    version, parent = (
        (SlaPolicyVersion, SlaPolicyVersion.policy_id)
        if isinstance(thing, SlaPolicy)
        else (SlaCalendarVersion, SlaCalendarVersion.calendar_id)
    )
    found = select(version).where(parent == thing.id).order_by(version.number.desc())
    return list(db.session.scalars(found.options(joinedload(version.changed_by))))


def all_calendars(words: str = "") -> list[SlaCalendar]:
    """By name; with words, those of whose name they are a part."""
    found = select(SlaCalendar).options(joinedload(SlaCalendar.current))
    called = func.lower(SlaCalendar.name).contains(words.casefold(), autoescape=True)
    return list(
        db.session.scalars(found.where(called).order_by(func.lower(SlaCalendar.name), SlaCalendar.id))
    )


def calendar_or_404(calendar_id: int, *, to_change: bool = False) -> SlaCalendar:
    found = select(SlaCalendar).where(SlaCalendar.id == calendar_id)
    if to_change:
        found = found.with_for_update(of=SlaCalendar).execution_options(populate_existing=True)
    return db.one_or_404(found)


def policies_by(calendar: SlaCalendar) -> list[SlaPolicy]:
    """Those that go by it now."""
    found = select(SlaPolicy).join(SlaPolicy.current).where(SlaPolicyVersion.calendar_id == calendar.id)
    return list(db.session.scalars(found.order_by(SlaPolicy.position, SlaPolicy.id)))


def last_recount() -> SlaRecount | None:
    """The walk over open tickets that was asked for last."""
    return db.session.scalar(select(SlaRecount).order_by(SlaRecount.id.desc()).limit(1))
