"""Which rules an event could wake: known before it is shown to them, so that where none could, it is not.

A desk without rules pays nothing for them: neither a row to each event nor a worker's turn.
"""

from dataclasses import dataclass

from sqlalchemy import select

from portal.events.models import Event
from portal.extensions import db
from portal.memory import Remembered
from portal.rules.evaluating import Known, known
from portal.rules.models import Rule, RuleKind
from portal.rules.registry import registered


@dataclass(frozen=True)
class Awake:
    """The rules that are enabled and not paused, in their order."""

    by_events: tuple[Known, ...]
    by_the_clock: tuple[Known, ...]


def could_wake_a_rule(event: Event) -> bool:
    """Whether one is for such an event in that project; no condition is asked, and mostly no statement runs.

    It is what this process remembers: of a rule that another one enabled it knows some seconds later.
    """
    awake = _awake()
    return any(rule.is_woken_by(event) for rule in awake.by_events) or any(
        _counts_from(rule, event) for rule in awake.by_the_clock
    )


def going_by_the_clock() -> tuple[Known, ...]:
    return _awake().by_the_clock


def _counts_from(rule: Known, event: Event) -> bool:
    clocks = (registered.clocks.get(name) for name, _values in rule.triggers)
    return rule.is_for(event.ticket) and any(each and event.kind in each.kinds for each in clocks)


def _read() -> Awake:
    """In the middle of an action: what that has not written yet, it writes itself, in its own time."""
    enabled = select(Rule).where(Rule.is_enabled, Rule.paused_at.is_(None), Rule.kind != RuleKind.MACRO)
    with db.session.no_autoflush:
        rules = list(db.session.scalars(enabled.order_by(Rule.position, Rule.id)))
    return Awake(
        tuple(known(rule) for rule in rules if rule.kind is RuleKind.TRIGGER),
        tuple(known(rule) for rule in rules if rule.kind is RuleKind.SCHEDULED),
    )


_awake = Remembered(_read, models=(Rule,))
