"""Telling of what is late, and keeping the clocks of all open tickets right."""

from portal.extensions import db
from portal.sla import keeping, learning, raising, recounting


def tell() -> None:
    """Of each warning and breach whose time has come, a batch at a time."""
    while raising.raise_due() == keeping.BATCH:
        db.session.commit()
    db.session.commit()


def reckon() -> None:
    """Every night: tickets that were taken over from elsewhere, and public holidays of a new release."""
    recounting.ask_recount()
    db.session.commit()


def learn() -> None:
    """Every night: how long promises took, for the forecasts of the day."""
    for _rows in learning.learn():
        db.session.commit()
    db.session.commit()


def recount() -> None:
    """Look at all open tickets, a batch at a time; whoever takes it up goes on where it was left."""
    while recounting.recount_some():
        db.session.commit()
    db.session.commit()
