"""Rules that go by the clock. Each moment at which one comes due on a ticket is a row, worked off once.

What is counted from an event is noted when that event is shown to the rules; what is due at a time of the
day, when that time has come. Whether the ticket fits is asked then, and what was due while nothing ran
is made up for and marked as late. Nothing here commits.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, cast, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import caused_by, done_by_rule, record
from portal.extensions import db
from portal.filters import FilterError, read, where
from portal.rules.engine import keep_trace, run_answer
from portal.rules.evaluating import TICKETS, Known, answers_for, known
from portal.rules.models import MomentState, Rule, RuleKind, RuleMoment
from portal.rules.registry import registered
from portal.rules.traces import Outcome
from portal.rules.waking import going_by_the_clock
from portal.settings.models import Tick
from portal.tickets.filtering import ticket_fields
from portal.tickets.lists import listed_for
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by
from portal.tickets.vocabulary import vocabulary

LATE = timedelta(minutes=5)  # from when on a moment was late
MOST = 2_000  # tickets of a time of the day


def note_moments(event: Event) -> None:
    """When rules come due that are counted from this event; of several such events the last one counts."""
    for rule in going_by_the_clock():
        for name, values in rule.triggers if rule.is_for(event.ticket) else ():
            if due_at := _due_after(name, values, event):
                _note(rule, event, due_at)


def note_times_of_day() -> None:
    """Of each rule for a time of the day that has come: a moment for each ticket that fits it now."""
    now = clock.now()
    for rule in _scheduled():
        for name, values in known(rule).triggers:
            each = registered.clocks.get(name)
            due_at = each.last_due(values, now) if each else None
            if due_at and due_at > rule.armed_at and _claim(rule, due_at):
                _note_all_that_fit(rule, due_at)


def run_next() -> bool:
    """Work off the moment that has been due the longest, of a ticket that nobody holds; False for none.

    The ticket is held before its moment is read, as everywhere.
    """
    due = RuleMoment.state == MomentState.DUE, RuleMoment.due_at <= clock.now()
    waiting = select(RuleMoment.id, Ticket).join(Ticket, Ticket.id == RuleMoment.ticket_id).where(*due)
    first = waiting.order_by(RuleMoment.due_at, RuleMoment.id).limit(1)
    held = first.with_for_update(of=Ticket, skip_locked=True).execution_options(populate_existing=True)
    found = db.session.execute(held).first()
    if found is None:
        return False
    its_row = select(RuleMoment).where(RuleMoment.id == found.id, *due).with_for_update()
    moment = db.session.scalar(its_row.execution_options(populate_existing=True))
    if moment is not None:
        moment.state = MomentState.DONE
        _run(moment, found.Ticket)
        db.session.flush()
    return True


def count_anew(rule: Rule) -> None:
    """After another number of hours was chosen, what is still to come is due by that.

    What somebody is just working off or noting is left to them: they may wait for the rule, which is held.
    """
    waiting = select(RuleMoment).where(RuleMoment.rule_id == rule.id, RuleMoment.state == MomentState.DUE)
    for moment in db.session.scalars(waiting.with_for_update(skip_locked=True)):
        due_at = _due_from(rule, moment)
        if due_at is None:
            db.session.delete(moment)
        else:
            moment.due_at = due_at
    db.session.flush()


def _due_from(rule: Rule, moment: RuleMoment) -> datetime | None:
    """By what the rule says now; None for what it does not count any more. A time of the day that has come
    stays one, if the rule goes by such a time still."""
    for name, values in known(rule).triggers:
        each = registered.clocks.get(name)
        if each is None:
            continue
        if moment.counted_from is None and not each.kinds:
            return moment.due_at
        if moment.counted_from and (due_at := each.due_from(moment.counted_from, values)):
            return due_at
    return None


def _run(moment: RuleMoment, ticket: Ticket) -> None:
    """One that is not to run any more, or on a ticket that does not fit, leaves no trace there."""
    rule = db.session.get_one(Rule, moment.rule_id)
    if not _is_to_run(rule, moment, ticket):
        return
    come_due(known(rule), ticket, moment.due_at)


def come_due(rule: Known, ticket: Ticket, due_at: datetime) -> tuple[Event, Outcome, str] | None:
    """Run it on the ticket, if that fits now: what happened, what became of it and what went wrong."""
    owner = db.session.get_one(User, rule.owner_id)
    (answer,) = answers_for(owner, [rule], ticket)
    if not answer.holds and not answer.asked.problem:
        return None
    late = clock.now() - due_at
    told: dict[str, Any] = {"late": int(late.total_seconds() // 60)} if late > LATE else {}
    with done_by_rule(rule.id, rule.name):
        moment = due_at.astimezone(UTC).isoformat()
        event = record(Kind.RULE_CAME_DUE, actor=None, ticket=ticket, public=False, due_at=moment, **told)
    db.session.flush()
    with caused_by(event):
        outcome, error = run_answer(answer, event)
        keep_trace(event, [(answer, outcome, error)])
    return event, outcome, error


def _is_to_run(rule: Rule, moment: RuleMoment, ticket: Ticket) -> bool:
    is_awake = rule.is_enabled and not rule.is_paused and rule.kind is RuleKind.SCHEDULED
    return is_awake and is_meant(known(rule), ticket, moment.counted_from)


def is_meant(rule: Known, ticket: Ticket, counted_from: datetime | None) -> bool:
    """Whether it is for this project, and nothing has happened since that makes it needless."""
    if not rule.is_for(ticket):
        return False
    if counted_from is None:
        return True
    return any(
        each.is_meant_still(ticket, counted_from, values)
        for name, values in rule.triggers
        if (each := registered.clocks.get(name)) and each.kinds
    )


def _due_after(name: str, values: Mapping[str, Any], event: Event) -> datetime | None:
    each = registered.clocks.get(name)
    return each.due_after(event, values) if each and event.kind in each.kinds else None


def _note(rule: Known, event: Event, due_at: datetime) -> None:
    """What was counted from an earlier event is not due any more."""
    same = RuleMoment.rule_id == rule.id, RuleMoment.ticket_id == event.ticket_id
    earlier = delete(RuleMoment).where(*same, RuleMoment.state == MomentState.DUE)
    db.session.execute(earlier.where(RuleMoment.counted_from < event.created_at))
    row = insert(RuleMoment).values(
        rule_id=rule.id,
        ticket_id=event.ticket_id,
        due_at=due_at,
        counted_from=event.created_at,
        state=MomentState.DUE,
    )
    db.session.execute(row.on_conflict_do_nothing())


def _note_all_that_fit(rule: Rule, due_at: datetime) -> None:
    """Of a filter that cannot be read any more, none: the form of the rule says so."""
    owner = db.session.get_one(User, rule.owner_id)
    fields = ticket_fields(owner, vocabulary())
    try:
        tree = read(rule.filter, fields)
    except FilterError:
        return
    fits = [*listed_for(owner, tree), is_worked_on_by(owner), where(tree, TICKETS, fields)]
    if rule.project_ids:
        fits.append(Ticket.project_id.in_(rule.project_ids))
    moment = literal(due_at, DateTime(timezone=True))
    rows = select(cast(rule.id, BigInteger), Ticket.id, moment, literal(MomentState.DUE.value))
    rows = rows.where(*fits).order_by(Ticket.id).limit(MOST)
    noted = insert(RuleMoment).from_select(["rule_id", "ticket_id", "due_at", "state"], rows)
    db.session.execute(noted.on_conflict_do_nothing())


def _claim(rule: Rule, due_at: datetime) -> bool:
    """Whether this time is ours: two workers note its tickets once."""
    row = insert(Tick).values(job=f"rule:{rule.id}", due_at=due_at, claimed_at=clock.now())
    return db.session.scalar(row.on_conflict_do_nothing().returning(Tick.id)) is not None


def _scheduled() -> list[Rule]:
    enabled = Rule.is_enabled & Rule.paused_at.is_(None) & (Rule.kind == RuleKind.SCHEDULED)
    return list(db.session.scalars(select(Rule).where(enabled).order_by(Rule.position, Rule.id)))
