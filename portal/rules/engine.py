"""What rules do, once they are woken. Nothing here commits.

It follows each event of a ticket, which is held (`portal.reactions`). The conditions of all rules are
answered before any of them acts; those that fit then run in their order. What they change are events of
their own, which wake rules in turn: in one chain of causes a rule runs on a ticket once at most, and after
`DEEPEST` steps none does. A crash loses the whole delivery, so nothing is done twice.
"""

import logging
from collections.abc import Sequence

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import NotFound

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import done_by_rule, record
from portal.extensions import db
from portal.rules.evaluating import Answer, Known, answers_to, forget_plan, root_of_event
from portal.rules.models import Rule, RuleRun, RuleTrace
from portal.rules.registry import registered
from portal.rules.traces import Outcome, kept
from portal.settings.cache import site
from portal.tickets.models import Ticket

log = logging.getLogger(__name__)

DEEPEST = 5  # events, each caused by the one before
MOST_FAILURES = 20  # in a row
ERROR_LIMIT = 500  # characters of what went wrong


def apply_rules(event: Event) -> None:
    """Afterwards: let the rules that this event wakes answer, run those that fit, and keep the trace."""
    if event.ticket is None:
        return
    answers = answers_to(event)
    if answers:
        keep_trace(event, run_all(answers, event))


def run_all(answers: Sequence[Answer], event: Event) -> list[tuple[Answer, Outcome, str]]:
    """Run each that answered so, in their order: what became of it, and what went wrong."""
    became: list[tuple[Answer, Outcome, str]] = []
    is_stopped = False
    for answer in answers:
        outcome, error = run_answer(answer, event, is_stopped=is_stopped)
        is_stopped = is_stopped or (answer.rule.stops and outcome is Outcome.RAN)
        became.append((answer, outcome, error))
    return became


def run_answer(answer: Answer, event: Event, *, is_stopped: bool = False) -> tuple[Outcome, str]:
    """Run the rule, if it answered so and nothing cuts it off: what became of it, and what went wrong."""
    outcome = _cut_off(answer, event, is_stopped=is_stopped)
    if outcome is None:
        return _run(answer.rule, event)
    if outcome is Outcome.BROKEN:
        _note_failure(answer.rule, event, answer.asked.problem)
    return outcome, answer.asked.problem


def keep_trace(event: Event, became: Sequence[tuple[Answer, Outcome, str]]) -> None:
    """What each rule answered to the event; kept once."""
    trace = upsert(RuleTrace).values(
        event_id=event.id,
        ticket_id=event.ticket_id,
        answers=[kept(*each) for each in became],
        created_at=clock.now(),
    )
    db.session.execute(trace.on_conflict_do_nothing())


def _cut_off(answer: Answer, event: Event, *, is_stopped: bool) -> Outcome | None:
    """Why it does not run; None where it does."""
    if answer.asked.problem:
        return Outcome.BROKEN
    if not answer.holds:
        return Outcome.NOT_SO if answer.is_seen else Outcome.UNSEEN
    if is_stopped:
        return Outcome.STOPPED
    if answer.has_run:
        return Outcome.TWICE
    return Outcome.DEEP if event.depth >= DEEPEST else None


def _run(rule: Known, event: Event) -> tuple[Outcome, str]:
    """All its actions or none of them."""
    owner = db.session.get_one(User, rule.owner_id)
    with force_locale(site().spoken(owner.locale)):
        try:
            with db.session.begin_nested():
                _note_run(rule, event)
                act(rule, event.ticket, owner)
        except OperationalError:
            raise
        except (DomainError, NotFound) as error:
            return _failed(rule, event, str(error))
        except Exception:
            log.exception("Rule %s failed on event %s", rule.id, event.id)
            return _failed(rule, event, _("That failed here. The administrators find why in the log."))
    worked = {"runs": Rule.runs + 1, "last_run_at": clock.now(), "failures": 0, "last_error": None}
    _keep(rule, worked)
    return Outcome.RAN, ""


def act(rule: Known, ticket: Ticket | None, owner: User) -> None:
    """Do what the rule says, by the rights of its owner and in its own name. Raises DomainError."""
    if ticket is None:
        return
    with done_by_rule(rule.id, rule.name):
        for name, values in rule.actions:
            effect = registered.effects.get(name)
            if effect is None:
                raise DomainError(_("This desk does not know the action “%(name)s”.", name=name))
            effect.apply(ticket, values, actor=owner)
        db.session.flush()


def _note_run(rule: Known, event: Event) -> None:
    root = select(root_of_event()).scalar_subquery() if event.cause_id else event.id
    row = insert(RuleRun).values(
        rule_id=rule.id, ticket_id=event.ticket_id, root_id=root, event_id=event.id, created_at=clock.now()
    )
    db.session.execute(row, {"of_event": event.id} if event.cause_id else {})


def _failed(rule: Known, event: Event, error: str) -> tuple[Outcome, str]:
    _note_failure(rule, event, error)
    return Outcome.FAILED, error[:ERROR_LIMIT]


def _note_failure(rule: Known, event: Event, error: str) -> None:
    """Count it. One too many pauses the rule, and its owner is told where it happened."""
    failed = {"failures": Rule.failures + 1, "last_error": error[:ERROR_LIMIT], "last_run_at": clock.now()}
    failures = _keep(rule, failed)
    if failures is None or failures < MOST_FAILURES:
        return
    _keep(rule, {"paused_at": func.coalesce(Rule.paused_at, clock.now())})
    forget_plan()
    told = {"told": [rule.owner_id], "paused": rule.name, "rule_id": rule.id, "error": error[:ERROR_LIMIT]}
    record(Kind.RULE_PAUSED, actor=None, ticket=event.ticket, public=False, **told)


def _keep(rule: Known, values: dict) -> int | None:
    """Note it at the rule, if it is there still; how often it has failed."""
    noted = update(Rule).where(Rule.id == rule.id).values(values).returning(Rule.failures)
    return db.session.scalar(noted, execution_options={"synchronize_session": False})
