"""Working off exports and anonymizings, one part after the other, under a lease. Nothing here commits
but the parts that the owner of the database does, each with the progress it makes.

A lease that ran out is a worker that died in the middle: another one goes on with
the next part. An export begins anew, for its file was on the disk of the one that died.
"""

import logging
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, update

from portal import clock, privileges
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.maintenance import as_owner
from portal.leases import LeaseLost, is_free, oldest
from portal.privacy import anonymizing, sweep
from portal.privacy.models import PersonJob, PersonJobState
from portal.privacy.traces import Traces, neutral_name

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # longer than a part takes, or a piece of a file
MAX_ATTEMPTS = 5
NEEDS_OWNER = "This worker may not change what has happened. Give it MAINTENANCE_DATABASE_URL and restart it."
TO_THEM, END = "(what went to them)", "(end)"  # steps before and after those that are named as tables are


def is_due() -> ColumnElement[bool]:
    return PersonJob.state.in_([PersonJobState.QUEUED, PersonJobState.RUNNING]) & is_free(PersonJob)


def claim_next() -> PersonJob | None:
    """Lease the oldest job that no other worker is at; commit before working on it.

    One that has ended its worker too often is given up.
    """
    while job := db.session.scalar(oldest(PersonJob, is_due())):
        if job.attempts >= MAX_ATTEMPTS:
            fail(job, job.error or "The worker died in the middle, each time.")
            db.session.flush()
            continue
        job.state, job.lease_until = PersonJobState.RUNNING, clock.now() + LEASE
        job.attempts += 1
        db.session.flush()
        return job
    return None


def fail(job: PersonJob, error: str) -> None:
    """Leave it to a person; what has been done stays done, and trying again goes on from there."""
    job.state, job.error, job.lease_until = PersonJobState.FAILED, error[:2000], None
    job.finished_at = clock.now()


def put_off(job: PersonJob, error: str) -> None:
    """Let it be tried again, by the next look for what is due; after the last try, fail."""
    if job.attempts >= MAX_ATTEMPTS:
        fail(job, error)
        return
    job.error, job.lease_until = error[:2000], clock.now() + timedelta(seconds=20 * job.attempts)


def anonymize_part(job: PersonJob) -> bool:
    """Do the next part as the owner, and note in the same transaction that it is done; False after the last.

    Raises LeaseLost where the job is not ours any more.
    """
    with as_owner() as connection:
        if not connection.scalar(privileges.MAY_CHANGE_HISTORY):
            raise PermissionError(NEEDS_OWNER)
        progress = _next(connection, job)
        ours = (
            PersonJob.id == job.id,
            PersonJob.state == PersonJobState.RUNNING,
            PersonJob.lease_until == job.lease_until,
        )
        noted = progress | {"lease_until": clock.now() + LEASE, "attempts": 1}
        if connection.execute(update(PersonJob).where(*ours).values(noted)).rowcount != 1:
            raise LeaseLost
    db.session.refresh(job)
    return job.step != END


def finish_anonymizing(job: PersonJob) -> None:
    """Forget what was looked for, and say that it is done."""
    job.state, job.sought, job.lease_until, job.error = PersonJobState.DONE, None, None, None
    job.finished_at, job.done = clock.now(), job.total
    name = neutral_name(job.person_id)
    cleaned = sum(job.counts.values())
    record(Kind.ACCOUNT_ANONYMIZED, actor=None, user_id=job.person_id, user=name, cleaned=cleaned)


def _next(connection: Connection, job: PersonJob) -> dict[str, object]:
    """Do one part; what the job's row is to say from then on."""
    traces = Traces.of(job.person_id, job.sought or {})
    if job.step == "":
        learned = anonymizing.learn(connection, traces)
        total = sum(sweep.length(connection, step) for step in sweep.steps()) + 1
        return {"step": TO_THEM, "sought": learned.as_kept(), "total": total, "done": 0}
    if job.step == END:
        return {}
    if job.step == TO_THEM:
        removed = anonymizing.remove_mails(connection, traces)
        return {"step": sweep.steps()[0].table.name, "after": 0, "done": 1} | _counted(job, "mails", removed)
    return _sweep_on(connection, job, traces)


def _sweep_on(connection: Connection, job: PersonJob, traces: Traces) -> dict[str, object]:
    names = [step.table.name for step in sweep.steps()]
    place = names.index(job.step)
    step = sweep.steps()[place]
    changed = anonymizing.sweep_part(connection, step, job, traces)
    counted = _counted(job, job.step, changed)
    end = sweep.length(connection, step)
    behind = job.after + sweep.BATCH if step.is_paged else end
    done = min(job.done + min(sweep.BATCH, max(end - job.after, 0)), job.total)
    if behind < end:
        return {"after": behind, "done": done} | counted
    following = names[place + 1] if place + 1 < len(names) else END
    return {"step": following, "after": 0, "done": done} | counted


def _counted(job: PersonJob, name: str, number: int) -> dict[str, object]:
    return {"counts": job.counts | {name: job.counts.get(name, 0) + number}} if number else {}
