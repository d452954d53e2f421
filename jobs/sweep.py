from jobs import events
from portal.attachments.upkeep import jobs_due
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.privacy.queries import is_something_due


def sweep() -> None:
    """Do what a lost hint, or a worker that died, left lying in the database.

    Mails and pictures have jobs of their own: a mail server or a scanner that does not answer must
    not hold up the rest.
    """
    enqueue_after_commit("jobs.mail.deliver")
    if is_something_due():
        enqueue_after_commit("jobs.privacy.work", queue="slow")
    enqueue_after_commit("jobs.pictures.draw_waiting")
    for job in jobs_due():
        enqueue_after_commit(job, queue="slow" if job.startswith("jobs.file_checks.") else "default")
    db.session.commit()
    events.react()
