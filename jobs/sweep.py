from jobs import events
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit


def sweep() -> None:
    """Do what a lost hint, or a worker that died, left lying in the database.

    Mails and pictures have jobs of their own: a mail server or a scanner that does not answer must
    not hold up the rest.
    """
    enqueue_after_commit("jobs.mail.deliver")
    enqueue_after_commit("jobs.pictures.draw_waiting")
    db.session.commit()
    events.react()
