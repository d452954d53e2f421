from jobs import events
from portal.attachments.upkeep import jobs_due
from portal.bulk import queries as bulk
from portal.deletion import queries as deletion
from portal.exports import queries as exports
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.privacy.queries import is_something_due
from portal.rules import trials
from portal.sla import raising, recounting
from portal.tickets.triage import is_snooze_over


def sweep() -> None:
    """Do what a lost hint, or a worker that died, left lying in the database.

    Mails and pictures have jobs of their own: a mail server or a scanner that does not answer must
    not hold up the rest.
    """
    enqueue_after_commit("jobs.mail.deliver")
    if deletion.is_something_due():
        enqueue_after_commit("jobs.deletion.work")
    if is_something_due():
        enqueue_after_commit("jobs.privacy.work", queue="slow")
    if exports.is_something_due():
        enqueue_after_commit("jobs.exports.work", queue="slow")
    if is_snooze_over():
        enqueue_after_commit("jobs.triage.wake")
    if trials.is_something_due():
        enqueue_after_commit(trials.JOB, queue="slow")
    if raising.is_something_due():
        enqueue_after_commit("jobs.sla.tell", queue="urgent")
    if recounting.is_recount_due():
        enqueue_after_commit("jobs.sla.recount", queue="slow")
    if bulk.is_something_due():
        enqueue_after_commit("jobs.bulk.work")
    enqueue_after_commit("jobs.pictures.draw_waiting")
    for job in jobs_due():
        enqueue_after_commit(job, queue="slow" if job.startswith("jobs.file_checks.") else "default")
    db.session.commit()
    events.react()
