"""Several things at the same moment, each as a request of its own with real commits."""

import time
from threading import Barrier, Thread

from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from portal.errors import DomainError
from portal.extensions import db
from portal.gateways.maintenance import as_owner

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def at_once(app, *things):
    """What each of them came to: its answer, or the error that it raised for whoever asked.

    Raises what nobody was meant to see, such as a deadlock.
    """
    start, answers, broken = Barrier(len(things)), [], []

    def run(thing):
        with app.test_request_context():
            start.wait()
            try:
                answer = thing()
                db.session.commit()
                answers.append(answer)
            except (DomainError, HTTPException) as error:
                answers.append(error)
            except Exception as error:  # noqa: BLE001, raised below
                broken.append(error)
            db.session.remove()

    threads = [Thread(target=run, args=[thing]) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if broken:
        raise broken[0]
    return answers


def while_held(app, hold, thing):
    """What `thing` comes to that has to wait for what `hold` changes: it began before that was committed.

    PostgreSQL then gives it the newest row that it waited for, beside what else it read before.
    """
    answers, broken = [], []

    def run():
        with app.test_request_context():
            try:
                answers.append(thing())
            except Exception as error:  # noqa: BLE001, raised below
                broken.append(error)
            db.session.remove()

    hold()
    follower = Thread(target=run)
    follower.start()
    has_waited = _is_waited_for(follower)
    db.session.commit()
    follower.join(60)
    if broken:
        raise broken[0]
    assert has_waited, "nothing had to wait"
    return answers[0]


def _is_waited_for(follower):
    """Whether it comes to wait for a lock before it ends, or 25 s are over."""
    until = time.monotonic() + 25
    while follower.is_alive() and time.monotonic() < until:
        with as_owner() as looker:  # anew each time: a transaction goes on seeing what it saw first
            if looker.execute(_WAITING).scalar():
                return True
        time.sleep(0.02)  # between two questions, not instead of one
    return False
