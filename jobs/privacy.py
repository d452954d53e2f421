"""Collecting what is known of somebody, and taking their name out of everything."""

import logging
import secrets
import tempfile
import time
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from portal import clock
from portal.extensions import affected, db
from portal.gateways.queue import enqueue_after_commit
from portal.gateways.storage import StorageAway, storage
from portal.leases import LeaseLost
from portal.privacy import exporting
from portal.privacy import work as working
from portal.privacy.models import PersonJob, PersonJobState

log = logging.getLogger(__name__)

SHIFT = 60.0  # seconds, then others have their turn
KEPT = timedelta(days=7)  # an export


def work() -> None:
    """Work off what is due; safe to run twice and at once.

    After `SHIFT` seconds the rest is left to another job.
    """
    until = time.monotonic() + SHIFT
    while job := working.claim_next():
        db.session.commit()  # the lease is to outlive this worker
        _do(job, until)
        if time.monotonic() > until:
            enqueue_after_commit("jobs.privacy.work", queue="slow")
            break
    db.session.commit()  # also what was given up while looking


def forget_exports() -> None:
    """Remove the files that have been there long enough. One that cannot be removed now is tried again."""
    _forget_exports(PersonJob.expires_at < clock.now())


def _forget_exports(which: ColumnElement[bool]) -> None:
    kept = select(PersonJob).where(PersonJob.result_key.is_not(None), which)
    for job in db.session.scalars(kept.limit(500)).all():
        storage().forget(str(job.result_key))
        job.result_key = None
        db.session.commit()


def _do(job: PersonJob, until: float) -> None:
    """What fails is tried again later, and after its last try left to a person."""
    job_id, kind = job.id, job.kind
    try:
        _export(job) if job.is_export else _anonymize(job, until)
    except LeaseLost:
        db.session.rollback()
    except Exception as error:
        db.session.rollback()
        log.exception("The %s %s failed", kind, job_id)
        _note_failure(job_id, error)


def _note_failure(job_id: int, error: Exception) -> None:
    """In words where the error has some; what a statement was about stays out of them."""
    job = db.session.get_one(PersonJob, job_id, with_for_update=True, populate_existing=True)
    if not job.is_open:
        return
    if isinstance(error, PermissionError):
        working.fail(job, str(error))
    else:
        working.put_off(job, str(error) if isinstance(error, StorageAway) else type(error).__name__)
    db.session.commit()


def _anonymize(job: PersonJob, until: float) -> None:
    _forget_exports(PersonJob.person_id == job.person_id)
    while working.anonymize_part(job):
        if time.monotonic() > until:
            job.lease_until = None  # whoever comes next goes on
            db.session.commit()
            return
        db.session.commit()
    working.finish_anonymizing(job)
    db.session.commit()


def _export(job: PersonJob) -> None:
    key = f"exports/{secrets.token_urlsafe(32)}.zip"
    claim, total = (job.id, job.attempts), max(exporting.length(job.person), 1)
    done = 0
    _progress(claim, done=done, total=total)

    def progress(rows: int) -> None:
        nonlocal done
        done = min(done + rows, total)
        _progress(claim, done=done, total=total)

    with tempfile.TemporaryFile() as file:
        exporting.write(job.person, file, progress=progress)
        size = file.tell()
        file.seek(0)
        storage().keep(key, file, size=size, kind="application/zip")
    now = clock.now()
    ending = {"state": PersonJobState.DONE, "lease_until": None, "finished_at": now, "error": None}
    if not _note(claim, done=total, result_key=key, result_size=size, expires_at=now + KEPT, **ending):
        storage().forget(key)


def _progress(claim: tuple[int, int], **values: object) -> None:
    """Note how far it is. Raises LeaseLost where somebody has cancelled it, or another worker is at it."""
    if not _note(claim, lease_until=clock.now() + working.LEASE, **values):
        raise LeaseLost


def _note(claim: tuple[int, int], **values: object) -> bool:
    """Write it down, if the job still runs and nobody has claimed it since."""
    job_id, attempts = claim
    ours = PersonJob.id == job_id, PersonJob.attempts == attempts, PersonJob.state == PersonJobState.RUNNING
    noted = affected(db.session.execute(update(PersonJob).where(*ours).values(**values))) == 1
    db.session.commit()
    return noted
