"""Trials of rules: asked for, worked on under a lease, which tells a worker at work from one that died, and
kept for some days. `run_next` commits as it goes on; what people do here does not."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import affected, db
from portal.filters import FilterError
from portal.gateways.queue import enqueue_after_commit
from portal.leases import LeaseLost, is_free, oldest
from portal.rules.actions import Wanted, content_of, wanted_from
from portal.rules.evaluating import Known
from portal.rules.finding import Draft
from portal.rules.models import Rule, RuleKind, RuleTrial, RuleTrialCase, TrialState, TrialStep
from portal.rules.rehearsal import Tried, try_out
from portal.settings.cache import site
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by, reachable_by

log = logging.getLogger(__name__)

DAYS = (7, 30, 90)
KEPT = timedelta(days=7)
LEASE = timedelta(minutes=3)  # longer than what is done between two words of how far it is
MAX_ATTEMPTS = 3
WAITING = 2  # trials of one person that are not done
OPEN = (TrialState.QUEUED, TrialState.RUNNING)
EVERY = 20  # cases that are played, after which it is noted
JOB = "jobs.rules.try_out"
Claim = tuple[int, int]  # which trial, and which try


def ask(wanted: Wanted, days: int, *, rule: Rule | None, reader: User) -> RuleTrial:
    """Let a worker try it. Raises DomainError for a macro, and where that many of theirs wait already."""
    if wanted.kind is RuleKind.MACRO:
        raise DomainError(_("A macro does nothing by itself: apply it to a ticket to try it."))
    waiting = select(func.count()).where(RuleTrial.reader_id == reader.id, RuleTrial.state.in_(OPEN))
    if (db.session.scalar(waiting) or 0) >= WAITING:
        raise DomainError(
            _("Wait until one of your trials is done: %(max)d are at work already.", max=WAITING)
        )
    what = {"kind": wanted.kind, "content": content_of(wanted), "rule_id": rule.id if rule else None}
    trial = RuleTrial(reader=reader, days=days, **what)
    db.session.add(trial)
    db.session.flush()
    enqueue_after_commit(JOB, queue="slow")
    return trial


def cancel(trial: RuleTrial) -> None:
    """Try it no further; what is over stays as it is."""
    if trial.is_open:
        trial.state, trial.lease_until, trial.finished_at = TrialState.CANCELLED, None, clock.now()


def trial_or_404(public_id: str, *, reader: User, to_change: bool = False) -> RuleTrial:
    """Nobody else's exists for anybody."""
    found = select(RuleTrial).where(RuleTrial.public_id == public_id, RuleTrial.reader_id == reader.id)
    if to_change:
        found = found.with_for_update()
    return db.one_or_404(found.execution_options(populate_existing=True))


def cases_of(trial: RuleTrial, *, reader: User) -> Select:
    """The cases of a trial whose ticket the reader still works on, with its key and subject."""
    return (
        select(RuleTrialCase, Ticket.key, Ticket.title)
        .join(Ticket, Ticket.id == RuleTrialCase.ticket_id)
        .where(RuleTrialCase.trial_id == trial.id, reachable_by(reader), is_worked_on_by(reader))
    )


def is_something_due() -> bool:
    return db.session.scalar(select(RuleTrial.id).where(_is_due()).limit(1)) is not None


def forget_old() -> None:
    db.session.execute(delete(RuleTrial).where(RuleTrial.created_at < clock.now() - KEPT))


def run_next() -> bool:
    """Try the oldest that nobody is at; False where there is none."""
    trial = _claim()
    db.session.commit()  # the lease is to outlive this worker
    if trial is None:
        return False
    claim = (trial.id, trial.attempts)
    try:
        with force_locale(site().spoken(trial.reader.locale)):
            _run(trial, claim)
    except LeaseLost:
        db.session.rollback()
    except (FilterError, DomainError) as error:
        _note_failure(claim, str(error), is_final=True)
    except Exception as error:
        log.exception("The trial %s failed", claim[0])
        _note_failure(claim, type(error).__name__)
    return True


def draft_of(trial: RuleTrial) -> Draft:
    """The rule that is tried. Raises DomainError where its owner is gone."""
    wanted = wanted_from(trial.content, trial.kind)
    rule = Known(
        id=trial.rule_id or 0,
        name=wanted.name,
        version=0,
        owner_id=wanted.owner.id,
        stops=wanted.stops,
        project_ids=frozenset(wanted.project_ids),
        triggers=tuple((each["name"], each["values"]) for each in wanted.triggers),
        filter=wanted.filter,
        actions=tuple((each["name"], each["values"]) for each in wanted.actions),
    )
    return Draft(rule, trial.kind)


def _run(trial: RuleTrial, claim: Claim) -> None:
    draft, reader_id, days = draft_of(trial), trial.reader_id, trial.days
    db.session.rollback()  # nothing is held while it is tried
    tried = try_out(draft, reader_id=reader_id, days=days, tell=_teller(claim))
    _keep(claim, tried, draft)


def _keep(claim: Claim, tried: Tried, draft: Draft) -> None:
    over = {"state": TrialState.DONE, "lease_until": None, "finished_at": clock.now(), "error": None}
    if not _note(claim, told=tried.told(draft), **over):
        raise LeaseLost
    rows = [
        {
            "trial_id": claim[0],
            "position": position,
            "ticket_id": each.case.ticket_id,
            "at": each.case.at,
            "outcome": each.outcome,
            "error": each.error,
            "came_back": each.came_back,
            "deeds": [asdict(deed) for deed in each.deeds],
        }
        for position, each in enumerate(reversed(tried.played))
    ]
    ids = {row["ticket_id"] for row in rows}
    there = set(db.session.scalars(select(Ticket.id).where(Ticket.id.in_(ids))))
    rows = [row for row in rows if row["ticket_id"] in there]  # others were deleted meanwhile
    if rows:
        db.session.execute(insert(RuleTrialCase), rows)
    db.session.commit()


def _teller(claim: Claim) -> Callable[[TrialStep, int, int], None]:
    """Says how far it is, beside the transaction in which it is tried. Raises LeaseLost."""

    def tell(step: TrialStep, done: int, total: int) -> None:
        if step is TrialStep.PLAYING and done % EVERY:
            return
        with current_app.app_context():
            is_ours = _note(claim, step=step, done=done, total=total, lease_until=clock.now() + LEASE)
            db.session.commit()
        if not is_ours:
            raise LeaseLost

    return tell


def _claim() -> RuleTrial | None:
    while trial := db.session.scalar(oldest(RuleTrial, _is_due())):
        if trial.attempts < MAX_ATTEMPTS:
            trial.state, trial.lease_until = TrialState.RUNNING, clock.now() + LEASE
            trial.attempts += 1
            db.session.flush()
            return trial
        _fail(trial, trial.error or "died")
        db.session.flush()
    return None


def _is_due() -> ColumnElement[bool]:
    return RuleTrial.state.in_(OPEN) & is_free(RuleTrial)


def _note(claim: Claim, **values: object) -> bool:
    """Write it down, if it is still ours."""
    trial_id, attempts = claim
    ours = RuleTrial.id == trial_id, RuleTrial.attempts == attempts, RuleTrial.state == TrialState.RUNNING
    noted = update(RuleTrial).where(*ours).values(**values).execution_options(synchronize_session=False)
    return affected(db.session.execute(noted)) == 1


def _note_failure(claim: Claim, error: str, *, is_final: bool = False) -> None:
    db.session.rollback()
    trial = db.session.get(RuleTrial, claim[0], with_for_update=True, populate_existing=True)
    if trial and trial.is_open and trial.attempts == claim[1]:
        if is_final or trial.attempts >= MAX_ATTEMPTS:
            _fail(trial, error)
        else:
            trial.error, trial.lease_until = error[:500], clock.now() + timedelta(seconds=20)
    db.session.commit()


def _fail(trial: RuleTrial, error: str) -> None:
    trial.state, trial.lease_until, trial.error = TrialState.FAILED, None, error[:500]
    trial.finished_at = clock.now()
