"""The order in which rules are asked: changed, told with what it was before, and put back.

Nothing here commits.
"""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.rules.models import Rule

LOCK = 7_303_004_400  # any number, the same for ever: the order of the rules is changed by one at a time


def hold_order() -> None:
    db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))


def in_order() -> list[Rule]:
    return list(db.session.scalars(select(Rule).order_by(Rule.position, Rule.id)))


def move(rule: Rule, *, actor: User, up: bool | None = None, before: Rule | None = None) -> None:
    """Let it change places with its neighbour, or put it right before another; with neither, to the end."""
    hold_order()
    was = in_order()
    here, others = was.index(rule), [each for each in was if each is not rule]
    if up is not None:
        there = max(0, here - 1) if up else here + 1
    else:
        there = others.index(before) if before in others else len(others)
    now = [*others[:there], rule, *others[there:]]
    place = {"place": change(here + 1, now.index(rule) + 1)}
    _arrange(was, now, place, actor=actor, rule_id=rule.id, automation=rule.name)


def put_back(event: Event, *, actor: User) -> None:
    """As the rules stood before that change of their order; those that there were not yet stand behind them.

    Raises DomainError where the change does not tell.
    """
    if "was" not in event.data:
        raise DomainError(_("Of this change is not known what the order was before."))
    hold_order()
    rules = in_order()
    known = {rule.id: rule for rule in rules}
    earlier = [known[rule_id] for rule_id in event.data["was"] if rule_id in known]
    _arrange(rules, [*earlier, *(rule for rule in rules if rule not in earlier)], {}, actor=actor)


def _arrange(was: Sequence[Rule], now: Sequence[Rule], changes: Changes, *, actor: User, **told: Any) -> None:
    """The event names those that changed places, and knows of all where they stood."""
    moved = [number for number, pair in enumerate(zip(was, now, strict=True)) if pair[0] is not pair[1]]
    if not moved:
        return
    for position, rule in enumerate(now, 1):
        rule.position = position
    db.session.flush()
    span = slice(moved[0], moved[-1] + 1)
    order = change(_said(was[span]), _said(now[span]))
    ids = [rule.id for rule in was]
    record(Kind.RULES_ORDERED, actor=actor, changes=changes | {"order": order}, was=ids, **told)


def _said(rules: Sequence[Rule]) -> str:
    return " · ".join(rule.name for rule in rules)
