from portal.extensions import db
from portal.tickets.triage import BATCH, wake_due


def wake() -> None:
    """Tell of each snooze whose time has come, a batch at a time: open lists and the history show it."""
    while wake_due() == BATCH:
        db.session.commit()
    db.session.commit()
