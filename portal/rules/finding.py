"""When a rule would have been woken in the past, and what each of its conditions was then.

The conditions are those of `evaluating`, by the same compiled filter, asked of the shadow in one statement
for many cases. What time it was is a column there: "today" and "late" mean day and moment of the case.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import DateTime, column, select, table

from portal import clock
from portal.accounts.models import User
from portal.events.models import Event
from portal.extensions import db
from portal.filters import Word, read
from portal.filters.fields import Columns
from portal.filters.moments import AS_OF
from portal.filters.tree import And, Condition, Node, Not
from portal.rules import promised
from portal.rules.evaluating import TICKETS, Known, asked_by, is_open_to, truths
from portal.rules.models import RuleKind
from portal.rules.past import Happened, History, when_all_was_done
from portal.rules.recalling import WORDS, Case, clear, histories, put_in
from portal.rules.registry import registered
from portal.rules.shadow import Shadow
from portal.tickets.filtering import ticket_fields
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by, reachable_by
from portal.tickets.vocabulary import vocabulary

BATCH = 1_000  # tickets
MOST = 200_000  # events, or moments of tickets; of a period that holds more, the latest days are looked at
_MEANT = "WHERE created_at >= :since AND kind = ANY(:kinds) AND ticket_id IS NOT NULL"
CASES = table("cases", column("id"), column("at", DateTime(timezone=True)))


@dataclass(frozen=True)
class Draft:
    """A rule that is tried, saved or not; a new one has the id 0."""

    rule: Known
    kind: RuleKind


@dataclass(frozen=True)
class Period:
    """From when on it is looked at. `is_cut`: the days that were asked for hold more than `MOST`."""

    since: datetime
    until: datetime
    is_cut: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the conditions were in a case: whether the owner works on the ticket, and each of them."""

    case: Case
    is_seen: bool
    parts: tuple[bool, ...]

    @property
    def holds(self) -> bool:
        return self.is_seen and all(self.parts)


class _Past:
    """The columns of tickets, and the moment of which a row tells."""

    def __getitem__(self, name: str) -> Any:
        return CASES.c.at if name == AS_OF else TICKETS[name]

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name == AS_OF or name in TICKETS else default


PAST = cast(Columns, _Past())


def conditions_of(draft: Draft) -> tuple[str, ...]:
    """What is asked beyond the columns of tickets. Raises FilterError."""
    owner = db.session.get_one(User, draft.rule.owner_id)
    return tuple(_asks(read(draft.rule.filter, ticket_fields(owner, vocabulary()))))


def period_of(draft: Draft, days: int, stands_in: Shadow) -> Period:
    """The last `days` days, or as many of them as hold no more than `MOST`: by whole days, one at least."""
    until = clock.now()
    since = until - timedelta(days=days)
    if _times_of_day(draft):
        number = stands_in.run(f"SELECT count(*) FROM {stands_in.real('tickets')}").scalar_one()  # noqa: S608
        fits = max(1, min(days, MOST // max(1, number * len(_times_of_day(draft)))))
        return Period(until - timedelta(days=fits), until, is_cut=fits < days)
    of_day = "SELECT floor(extract(epoch FROM :until - created_at) / 86400) AS ago, count(*) AS number"
    counted = f"{of_day} FROM {stands_in.real('events')} {_MEANT} GROUP BY 1 ORDER BY 1"
    per_day = stands_in.run(counted, since=since, until=until, kinds=sorted(kinds_of(draft)))
    number = 0
    for row in per_day:
        number += row.number
        if number > MOST and row.ago > 0:
            return Period(until - timedelta(days=int(row.ago)), until, is_cut=True)
    return Period(since, until)


def tickets_in(draft: Draft, period: Period, stands_in: Shadow) -> list[int]:
    """On which something has happened that could have woken it; for a time of the day, all there were."""
    if _times_of_day(draft):
        latest = "WHERE created_at <= :until ORDER BY id DESC LIMIT :most"
        found = f"SELECT id FROM {stands_in.real('tickets')} {latest}"  # noqa: S608
        return sorted(stands_in.run(found, until=period.until, most=MOST).scalars())
    found = f"SELECT DISTINCT ticket_id FROM {stands_in.real('events')} {_MEANT} ORDER BY ticket_id"  # noqa: S608
    return list(stands_in.run(found, since=period.since, kinds=sorted(kinds_of(draft))).scalars())


def kinds_of(draft: Draft) -> set[str]:
    """The events among which it looks."""
    parts = registered.clocks if draft.kind is RuleKind.SCHEDULED else registered.triggers
    return {str(kind) for name, _ in draft.rule.triggers if name in parts for kind in parts[name].kinds}


def cases_of(draft: Draft, period: Period, known: Mapping[int, History], first_id: int) -> list[Case]:
    """When it would have been woken on these tickets; the ids go down from `first_id`."""
    found: list[Case] = []
    for ticket_id, history in known.items():
        for told in _moments(draft, period, history):
            found.append(Case(id=first_id - len(found), ticket_id=ticket_id, **told))
    return found


@dataclass(frozen=True)
class Look:
    """At what a rule would have answered: only cases are told whose ticket the reader works on."""

    draft: Draft
    reader: User
    period: Period
    stands_in: Shadow

    def at(self, ticket_ids: Sequence[int], first_id: int) -> Iterator[Verdict]:
        """Of these tickets; the ids of the cases go down from `first_id`. To be read to its end.

        Raises FilterError.
        """
        asks = conditions_of(self.draft)
        known = histories(ticket_ids, self.stands_in, is_whole=False)
        cases = cases_of(self.draft, self.period, known, first_id)
        put_in(cases, known, self.stands_in, asks)
        if not {*promised.FIELDS}.isdisjoint(asks):
            promised.put_clocks_in(cases, self.stands_in)
        by_id = {case.id: case for case in cases}
        for case_id, is_seen, parts in db.session.execute(self._statement()):
            yield Verdict(by_id[case_id], is_seen, tuple(parts))
        clear(self.stands_in)

    def _statement(self) -> Any:
        rule = self.draft.rule
        owner = db.session.get_one(User, rule.owner_id)
        asked = asked_by(rule, ticket_fields(owner, vocabulary()), PAST)
        meant = [reachable_by(self.reader), is_worked_on_by(self.reader)]
        if rule.project_ids:
            meant.append(Ticket.project_id.in_(sorted(rule.project_ids)))
        answers = select(Ticket.id, is_open_to(owner).is_(True), truths(asked.conditions))
        return answers.join(CASES, CASES.c.id == Ticket.id).where(*meant)


def _moments(draft: Draft, period: Period, history: History) -> Iterator[dict[str, Any]]:
    if draft.kind is RuleKind.SCHEDULED:
        yield from _times(draft, period, history)
        return
    kinds, roots = kinds_of(draft), _roots(history.events)
    for place, event in enumerate(history.events):
        is_meant = event.kind in kinds and event.created_at >= period.since and not _is_its_own(draft, event)
        if is_meant and draft.rule.hears(_as_event(event)):
            yield _told(history, place, when_all_was_done(history.events, place), event.created_at, roots)


def _times(draft: Draft, period: Period, history: History) -> Iterator[dict[str, Any]]:
    """Of several replies the last one counts: what was counted from an earlier one and not due yet is not
    due any more."""
    roots = _roots(history.events)
    for name, values in draft.rule.triggers:
        each = registered.clocks.get(name)
        if each is None:
            continue
        counted = [
            (event.created_at, due_at)
            for event in history.events
            if event.kind in each.kinds and (due_at := each.due_after(_as_event(event), values))
        ]
        for number, (counted_from, due_at) in enumerate(counted):
            is_over = number + 1 < len(counted) and counted[number + 1][0] <= due_at
            if period.since <= due_at <= period.until and not is_over:
                yield _due(history, due_at, roots, counted_from)
        if not each.kinds:
            for due_at in _daily(each.last_due, values, period):
                if history.place_at(due_at) >= 0:
                    yield _due(history, due_at, roots, None)


def _daily(last_due: Any, values: Mapping[str, Any], period: Period) -> Iterator[datetime]:
    """Each moment at which it came due in that period, the last one first."""
    due_at = last_due(values, period.until)
    while due_at is not None and due_at >= period.since:
        yield due_at
        due_at = last_due(values, due_at - timedelta(seconds=1))


def _due(
    history: History, due_at: datetime, roots: Mapping[int, int], counted_from: datetime | None
) -> dict[str, Any]:
    last = history.place_at(due_at)
    return _told(history, last, last, due_at, roots) | {"is_due": True, "counted_from": counted_from}


def _told(history: History, place: int, after: int, at: datetime, roots: Mapping[int, int]) -> dict[str, Any]:
    event_id = history.events[place].id
    return {"place": place, "after": after, "at": at, "event_id": event_id, "root_id": roots[event_id]}


def _roots(events: Iterable[Happened]) -> dict[int, int]:
    """Of each event the first of the chain of causes that led to it, as far as it is of the same ticket."""
    roots: dict[int, int] = {}
    for event in events:
        roots[event.id] = roots.get(event.cause_id or 0, event.id)
    return roots


def _is_its_own(draft: Draft, event: Happened) -> bool:
    """What an earlier version of the rule has done would not have happened."""
    by = event.data.get("rule") or {}
    return bool(draft.rule.id) and by.get("id") == draft.rule.id


def _as_event(event: Happened) -> Event:
    return Event(
        id=event.id, kind=event.kind, actor_id=event.actor_id, data=event.data, created_at=event.created_at
    )


def _times_of_day(draft: Draft) -> list[str]:
    if draft.kind is not RuleKind.SCHEDULED:
        return []
    clocks = registered.clocks
    return [name for name, _ in draft.rule.triggers if name in clocks and not clocks[name].kinds]


def _asks(node: Node) -> Iterator[str]:
    match node:
        case And(parts):
            for part in parts:
                yield from _asks(part)
        case Not(part):
            yield from _asks(part)
        case Condition(name):
            yield from (name, *((WORDS,) if name == "title" else ()))
        case Word():
            yield WORDS
