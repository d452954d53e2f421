"""What is asked about rules: their list, what they were, and what they have answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import joinedload

from portal.events.kinds import Kind
from portal.events.models import AUDITED, Event
from portal.extensions import db
from portal.rules.models import Rule, RuleKind, RuleTrace, RuleVersion
from portal.rules.traces import Outcome
from portal.tickets.models import Ticket

SHOWN = 25  # events of a ticket on one page


@dataclass(frozen=True)
class Condition:
    """One of a rule's, as it is typed; the first that was not so is what kept the rule from running."""

    text: str
    is_so: bool
    is_first_false: bool


@dataclass(frozen=True)
class Said:
    """What a rule answered to an event, as that version of it stood."""

    rule_id: int
    name: str  # empty where it was deleted before its versions were kept
    version: int
    outcome: Outcome
    conditions: tuple[Condition, ...]
    error: str


@dataclass(frozen=True)
class Traced:
    """An event of a ticket, and what each rule that it woke has answered, in their order."""

    event: Event
    answers: tuple[Said, ...]

    def of(self, rule_id: int) -> Said | None:
        return next((said for said in self.answers if said.rule_id == rule_id), None)

    @property
    def telling(self) -> list[Said]:
        """Those that did something, or would have: not the many that were not so."""
        dull = {Outcome.NOT_SO, Outcome.UNSEEN}
        return [said for said in self.answers if said.outcome not in dull]


def rules_called(words: str, kind: RuleKind | None = None) -> list[Rule]:
    """The rules whose name or description holds these words, in their order."""
    rules = select(Rule).options(joinedload(Rule.owner)).order_by(Rule.position, Rule.id)
    if kind is not None:
        rules = rules.where(Rule.kind == kind)
    if words:
        text = func.concat_ws(" ", Rule.name, Rule.description)
        rules = rules.where(text.icontains(words, autoescape=True))
    return list(db.session.scalars(rules))


def rule_or_404(rule_id: int, *, to_change: bool = False) -> Rule:
    found = select(Rule).where(Rule.id == rule_id)
    if to_change:
        found = found.with_for_update(of=Rule).execution_options(populate_existing=True)
    return db.one_or_404(found)


def is_name_taken(name: str, *, besides: int | None = None) -> bool:
    same = select(Rule.id).where(func.lower(Rule.name) == name.lower(), Rule.id != (besides or 0))
    return db.session.scalar(same) is not None


def versions_of(rule: Rule) -> list[RuleVersion]:
    """The latest first."""
    kept = (
        select(RuleVersion).where(RuleVersion.rule_id == rule.id).options(joinedload(RuleVersion.changed_by))
    )
    return list(db.session.scalars(kept.order_by(RuleVersion.version.desc())))


def version_or_404(rule: Rule, version: int) -> RuleVersion:
    return db.one_or_404(
        select(RuleVersion).where(RuleVersion.rule_id == rule.id, RuleVersion.version == version)
    )


def undoable_changes() -> list[Event]:
    """The latest changes that no rule of today tells of: of their order, and deletions; the last first."""
    kinds = (Kind.RULES_ORDERED, Kind.RULE_DELETED)
    found = select(Event).where(AUDITED, Event.kind.in_(kinds)).options(joinedload(Event.actor))
    return list(db.session.scalars(found.order_by(Event.created_at.desc(), Event.id.desc()).limit(SHOWN)))


def change_or_404(event_id: int) -> Event:
    """One of those, however long ago."""
    kinds = (Kind.RULES_ORDERED, Kind.RULE_DELETED)
    return db.one_or_404(select(Event).where(Event.id == event_id, Event.kind.in_(kinds)))


def there_are(rule_ids: Iterable[int]) -> set[int]:
    """Which of these rules there are."""
    return set(db.session.scalars(select(Rule.id).where(Rule.id.in_(list(rule_ids)))))


def names_of_rules() -> list[tuple[int, str]]:
    """For a list to choose from, by name."""
    return [(row.id, row.name) for row in db.session.execute(select(Rule.id, Rule.name).order_by(Rule.name))]


def traces_of(ticket: Ticket, *, before: int | None = None) -> tuple[list[Traced], int | None]:
    """Of the ticket's events that woke rules, the latest first, and before which event there are more."""
    traces = _traces().where(RuleTrace.ticket_id == ticket.id)
    if before is not None:
        traces = traces.where(RuleTrace.event_id < before)
    rows = db.session.execute(traces.order_by(RuleTrace.event_id.desc()).limit(SHOWN + 1)).all()
    shown = rows[:SHOWN]
    return _read(shown), shown[-1].Event.id if len(rows) > SHOWN else None


def trace_or_404(ticket: Ticket, event_id: int) -> Traced:
    """What the rules answered to that event of the ticket."""
    trace = _traces().where(RuleTrace.ticket_id == ticket.id, RuleTrace.event_id == event_id)
    row = db.session.execute(trace).first()
    if row is None:
        event = db.one_or_404(select(Event).where(Event.id == event_id, Event.ticket_id == ticket.id))
        return Traced(event, ())
    return _read([row])[0]


def _traces() -> Select:
    return (
        select(Event, RuleTrace.answers)
        .join(RuleTrace, RuleTrace.event_id == Event.id)
        .options(joinedload(Event.actor))
    )


def _read(rows: Sequence[Any]) -> list[Traced]:
    contents = _contents((answer[0], answer[1]) for row in rows for answer in row.answers)
    return [
        Traced(
            row.Event, tuple(_said(answer, contents.get((answer[0], answer[1]))) for answer in row.answers)
        )
        for row in rows
    ]


def _contents(versions: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
    key = tuple_(RuleVersion.rule_id, RuleVersion.version)
    kept = select(RuleVersion).where(key.in_(sorted(set(versions))))
    return {(row.rule_id, row.version): row.content for row in db.session.scalars(kept)}


def _said(answer: Sequence[Any], content: dict[str, Any] | None) -> Said:
    rule_id, version, outcome, bits, *error = answer
    truths = [bit == "1" for bit in bits[1:]]  # before them: whether its owner works on the ticket at all
    first_false = truths.index(False) if False in truths and bits[0] == "1" else None
    texts = content["asks"] if content else []
    conditions = tuple(
        Condition(text, is_so, place == first_false)
        for place, (text, is_so) in enumerate(zip(texts, truths, strict=False))
    )
    name = content["name"] if content else ""
    return Said(rule_id, name, version, Outcome(outcome), conditions, error[0] if error else "")
