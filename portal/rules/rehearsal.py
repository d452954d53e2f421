"""A rule is tried on what has happened: the real engine and the real actions, on tables of the shadow.

First the conditions of all cases are answered, many in one statement; then the latest cases in which the
rule would have run are played, oldest first: its actions are taken by the very code that takes them in
earnest, and so are those of the other rules that this wakes. What was recorded is told, and forgotten.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import func, insert, select

from portal import clock
from portal.accounts.models import User
from portal.events.models import Event
from portal.events.record import caused_by
from portal.extensions import db
from portal.filters import FilterError, lasting, read
from portal.rules.effects import AssignLeastLoaded
from portal.rules.engine import run_all
from portal.rules.evaluating import Asked, Known, Plan, answers_in, asked_by, enabled_triggers, is_open_to
from portal.rules.finding import BATCH, Draft, Look, Period, Verdict, period_of, tickets_in
from portal.rules.models import RuleKind, RuleRun, TrialStep
from portal.rules.past import Happened, History
from portal.rules.promised import put_clocks_in
from portal.rules.recalling import FILES, MENTIONS, WORDS, Case, Loads, histories, put_in
from portal.rules.schedule import come_due, is_meant
from portal.rules.shadow import Shadow, shadow
from portal.rules.traces import Outcome
from portal.tickets.filtering import ticket_fields
from portal.tickets.models import Comment, Ticket
from portal.tickets.vocabulary import vocabulary

PLAYED = 1_000  # cases; of more the conditions are told, and not what would be done
SAID = 2_000  # characters of what would be written
Tell = Callable[[TrialStep, int, int], None]  # at which step, how far it is, of how much
Names = dict[tuple[int, int], int]  # the id that an event has in the shadow, by its case and its own


@dataclass(frozen=True)
class Deed:
    """Something that would be recorded: as an event keeps it, by which rule, on which other ticket, and what
    would be written."""

    kind: str
    data: dict[str, Any]
    rule_id: int | None
    rule: str
    key: str = ""
    text: str = ""


@dataclass(frozen=True)
class Played:
    """What would have become of the rule in a case, and all that would have been done by that."""

    case: Case
    outcome: Outcome
    error: str
    deeds: tuple[Deed, ...]
    came_back: bool  # what it did would have woken it again, or too long a chain


@dataclass
class Tried:
    """What is told of all of it. `not_so`: how often each condition was the first that was not so."""

    period: Period
    woken: int = 0
    tickets: int = 0
    unseen: int = 0
    not_so: list[int] = field(default_factory=list)
    fits: int = 0
    fits_on: int = 0
    played: list[Played] = field(default_factory=list)

    def told(self, draft: Draft) -> dict[str, Any]:
        """All of it in short, as JSON."""
        outcomes = Counter(each.outcome.value for each in self.played)
        return {
            "since": self.period.since.isoformat(),
            "until": self.period.until.isoformat(),
            "is_cut": self.period.is_cut,
            "woken": self.woken,
            "tickets": self.tickets,
            "unseen": self.unseen,
            "not_so": self.not_so,
            "fits": self.fits,
            "fits_on": self.fits_on,
            "played": len(self.played),
            "outcomes": dict(outcomes),
            "idle": sum(_is_idle(each, draft) for each in self.played),
            "came_back": sum(each.came_back for each in self.played),
            "conflicts": conflicts_in(self.played, draft),
            "others": _others(self.played, draft),
        }


def try_out(draft: Draft, *, reader_id: int, days: int, tell: Tell) -> Tried:
    """What it would have done in the last days. Nothing but `tell` has an effect.

    Raises FilterError for a filter that cannot be read.
    """
    with shadow() as stands_in:
        reader = db.session.get_one(User, reader_id)
        tried = Tried(period_of(draft, days, stands_in))
        fitting = _answer(draft, reader, tried, stands_in, tell)
        for played in _play(draft, fitting, stands_in, tell):
            tried.played.append(played)
        return tried


def _answer(draft: Draft, reader: User, tried: Tried, stands_in: Shadow, tell: Tell) -> list[Case]:
    """The latest cases in which the conditions were so, as many as are played, oldest first."""
    ticket_ids, fitting, on = tickets_in(draft, tried.period, stands_in), [], set()
    look, first_id = Look(draft, reader, tried.period, stands_in), -1
    for begin in range(0, len(ticket_ids), BATCH):
        tell(TrialStep.LOOKING, begin, len(ticket_ids))
        some = ticket_ids[begin : begin + BATCH]
        of_batch = list(look.at(some, first_id))
        first_id = min([first_id, *(each.case.id for each in of_batch)]) - 1
        for verdict in of_batch:
            _count(verdict, tried)
        fitting += [each.case for each in of_batch if each.holds]
        on |= {each.case.ticket_id for each in of_batch if each.holds}
        tried.tickets += len({each.case.ticket_id for each in of_batch})
    tried.fits, tried.fits_on = len(fitting), len(on)
    fitting.sort(key=lambda case: (case.at, case.event_id))
    return fitting[-PLAYED:]


def _count(verdict: Verdict, tried: Tried) -> None:
    tried.woken += 1
    tried.not_so = tried.not_so or [0] * len(verdict.parts)
    if not verdict.is_seen:
        tried.unseen += 1
    elif not verdict.holds:
        tried.not_so[verdict.parts.index(False)] += 1


def _play(draft: Draft, cases: Sequence[Case], stands_in: Shadow, tell: Tell) -> Iterable[Played]:
    ticket_ids = sorted({case.ticket_id for case in cases})
    known = histories(ticket_ids, stands_in, is_whole=True)
    put_in(cases, known, stands_in, {WORDS, FILES, MENTIONS})
    put_clocks_in(cases, stands_in)
    names = _bring_events(cases, known, stands_in)
    _bring_runs(draft, cases, names, stands_in)
    plans, ran = _Plans(draft), set()
    loads = Loads(stands_in) if plans.compare_loads else None
    for number, case in enumerate(cases):
        tell(TrialStep.PLAYING, number, len(cases))
        if (case.ticket_id, case.root_id) in ran:
            _note_run(draft.rule.id, case, names)
        with clock.travelling_to(case.at), loads.with_only(case) if loads else nullcontext():
            played = _play_one(draft, case, names[case.id, case.event_id], plans)
        if played is not None:
            if played.outcome is Outcome.RAN:
                ran.add((case.ticket_id, case.root_id))
            yield played
        db.session.expunge_all()


def _play_one(draft: Draft, case: Case, event_id: int, plans: "_Plans") -> Played | None:
    before = db.session.scalar(select(func.coalesce(func.max(Event.id), 0))) or 0
    plan = plans.at(case.at)
    if case.is_due:
        ticket = db.session.get_one(Ticket, case.id)
        if not is_meant(draft.rule, ticket, case.counted_from):
            return None
        came = come_due(draft.rule, ticket, case.at)
        if came is None:
            return None
        event, outcome, error = came
        first_after = event.id
    else:
        event = db.session.get_one(Event, event_id)
        with caused_by(event):
            became = run_all(answers_in(plan, event), event)
        own = [each for each in became if each[0].rule.id == draft.rule.id]
        if not own:
            return None
        _answer_of_it, outcome, error = own[0]
        first_after = before
    db.session.flush()
    came_back = _follow(draft, plan, after=first_after)
    return Played(case, outcome, error, tuple(_deeds(before, case)), came_back)


def _follow(draft: Draft, plan: Plan, *, after: int) -> bool:
    """Show what was recorded to the rules, one event after the other, until nothing more comes of it; whether
    the rule was woken again by what it did, or the chain was cut off."""
    came_back, last = False, after
    while True:
        later = select(Event).where(Event.id > last, Event.ticket_id.is_not(None)).order_by(Event.id).limit(1)
        event = db.session.scalar(later)
        if event is None:
            return came_back
        last = event.id
        with caused_by(event):
            for answer, outcome, _error in run_all(answers_in(plan, event), event):
                is_own = answer.rule.id == draft.rule.id
                came_back = came_back or outcome is Outcome.DEEP or (is_own and outcome is Outcome.TWICE)
        db.session.flush()


def _deeds(before: int, case: Case) -> Iterable[Deed]:
    events = db.session.scalars(select(Event).where(Event.id > before).order_by(Event.id)).all()
    texts = _texts(event.data.get("comment_id") for event in events)
    for event in events:
        rule = event.data.get("rule") or {}
        is_other = event.ticket is not None and event.ticket_id != case.id
        data = {name: value for name, value in event.data.items() if name not in {"rule", "version"}}
        yield Deed(
            event.kind,
            data,
            rule.get("id"),
            rule.get("label", ""),
            event.ticket.key if event.ticket is not None and is_other else "",
            texts.get(event.data.get("comment_id"), ""),
        )


def _texts(ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = [each for each in ids if each is not None]
    found = select(Comment.id, func.left(Comment.body, SAID)).where(Comment.id.in_(wanted))
    return {row[0]: row[1] for row in db.session.execute(found)} if wanted else {}


def _bring_events(cases: Sequence[Case], known: Mapping[int, History], stands_in: Shadow) -> Names:
    """All that had happened until then, as events of the cases' own tickets, under new ids. A cause that was
    on another ticket is left out, so that the chain begins with what it led to."""
    names: Names = {}
    rows = []
    for case in cases:
        for event in known[case.ticket_id].events[: case.after + 1]:
            new_id = names[case.id, event.id] = len(names) + 1
            cause_id = names.get((case.id, event.cause_id or 0))
            moved = event._replace(id=new_id, ticket_id=case.id, cause_id=cause_id)
            rows.append([*moved[:-1], Jsonb(moved.data)])
    stands_in.copy_in("events", Happened._fields, rows)
    sequence = "pg_get_serial_sequence('pg_temp.events', 'id')"
    stands_in.run(f"SELECT setval({sequence}, :last, false)", last=len(names) + 1)
    return names


def _bring_runs(draft: Draft, cases: Sequence[Case], names: Names, stands_in: Shadow) -> None:
    """Which other rules had run in the chain by then."""
    runs = stands_in.run(
        f"SELECT rule_id, ticket_id, root_id, event_id FROM {stands_in.real('rule_runs')}"  # noqa: S608
        " WHERE ticket_id = ANY(:ids) AND rule_id <> :own",
        ids=sorted({case.ticket_id for case in cases}), own=draft.rule.id,
    )  # fmt: skip
    by_chain = defaultdict(list)
    for row in runs:
        by_chain[row.ticket_id, row.root_id].append(row)
    for case in cases:
        for row in by_chain[case.ticket_id, case.root_id]:
            if row.event_id < case.event_id:
                _note_run(row.rule_id, case, names)


def _note_run(rule_id: int, case: Case, names: Names) -> None:
    root_id, event_id = names[case.id, case.root_id], names[case.id, case.event_id]
    row = {"rule_id": rule_id, "ticket_id": case.id, "root_id": root_id, "event_id": event_id}
    db.session.execute(insert(RuleRun).values(**row, created_at=case.at))


class _Plans:
    """The rules that are enabled, with the one that is tried in its place; its conditions, and those of the
    others that time changes, are understood anew for each moment."""

    def __init__(self, draft: Draft) -> None:
        self._rules = _with(draft, enabled_triggers())
        ids = {rule.owner_id for rule in self._rules}
        self._owners = {each.id: each for each in db.session.scalars(select(User).where(User.id.in_(ids)))}
        self._sight = {owner.id: is_open_to(owner) for owner in self._owners.values()}
        fields = {owner.id: ticket_fields(owner, vocabulary()) for owner in self._owners.values()}
        self._lasting: dict[int, Asked] = {
            rule.id: asked_by(rule, fields[rule.owner_id])
            for rule in self._rules
            if _lasts(rule, fields[rule.owner_id])
        }
        self._kept: tuple[datetime | None, Plan] = (None, Plan((), {}))

    @property
    def compare_loads(self) -> bool:
        return any(name == AssignLeastLoaded.name for rule in self._rules for name, _values in rule.actions)

    def at(self, moment: datetime) -> Plan:
        if self._kept[0] != moment:
            self._kept = (moment, self._made())
        return self._kept[1]

    def _made(self) -> Plan:
        anew = {rule.owner_id for rule in self._rules if rule.id not in self._lasting}
        fields = {each: ticket_fields(self._owners[each], vocabulary()) for each in anew}
        asked = (
            self._lasting[rule.id] if rule.id in self._lasting else asked_by(rule, fields[rule.owner_id])
            for rule in self._rules
        )
        return Plan(tuple(asked), self._sight)


def _lasts(rule: Known, fields: Any) -> bool:
    try:
        return lasting(read(rule.filter, fields), fields) is not None
    except FilterError:
        return False


def _with(draft: Draft, rules: Sequence[Known]) -> list[Known]:
    """In its place; a new one comes last. One that goes by the clock is woken by no event."""
    if draft.kind is RuleKind.SCHEDULED:
        return [rule for rule in rules if rule.id != draft.rule.id]
    if any(rule.id == draft.rule.id for rule in rules):
        return [draft.rule if rule.id == draft.rule.id else rule for rule in rules]
    return [*rules, draft.rule]


def conflicts_in(played: Iterable[Played], draft: Draft) -> list[dict[str, Any]]:
    """Which other rules would have set the same field to something else by the same event, and how often."""
    found: Counter[tuple[int, str, str]] = Counter()
    for each in played:
        own: dict[str, Any] = {}
        others: dict[tuple[int, str, str], Any] = {}
        for deed in each.deeds:
            if deed.key or deed.rule_id is None:
                continue
            for name, both in deed.data.get("changes", {}).items():
                if deed.rule_id == draft.rule.id:
                    own[name] = both["new"]["id"]
                else:
                    others[deed.rule_id, deed.rule, name] = both["new"]["id"]
        found.update(key for key, value in others.items() if key[2] in own and own[key[2]] != value)
    return [
        {"rule_id": rule_id, "rule": rule, "field": name, "times": times}
        for (rule_id, rule, name), times in found.most_common()
    ]


def _others(played: Iterable[Played], draft: Draft) -> list[dict[str, Any]]:
    """Which other rules would have done something in these cases, and in how many."""
    found: Counter[tuple[int, str]] = Counter()
    for each in played:
        by = {(deed.rule_id, deed.rule) for deed in each.deeds if deed.rule_id is not None}
        found.update(rule for rule in by if rule[0] != draft.rule.id)
    return [
        {"rule_id": rule_id, "rule": rule, "times": times} for (rule_id, rule), times in found.most_common()
    ]


def _is_idle(played: Played, draft: Draft) -> bool:
    """It would have run and changed nothing: all was so already."""
    return played.outcome is Outcome.RAN and not any(deed.rule_id == draft.rule.id for deed in played.deeds)
