"""Start the jobs that are due by the clock: `python -m jobs.timetable`.

Several may run: each tick is claimed by a row, so none is doubled. What was
missed while none ran is made up for once.
"""

import logging
import signal
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim
from flask import Flask
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, create_app
from portal.extensions import db
from portal.gateways.queue import queues
from portal.gateways.redis import RedisAway
from portal.settings.models import Tick

log = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0  # seconds; what could not be started is tried again after so long


@dataclass(frozen=True)
class Entry:
    """A job and when it is due: seconds, minutes, hours, days, months, weekdays, in UTC."""

    job: str
    when: str
    queue: str = "default"

    def last_due(self, now: datetime) -> datetime:
        """The latest moment it was due, now included."""
        return next(CronSim(self.when, now + timedelta(microseconds=1), reverse=True))

    def next_due(self, now: datetime) -> datetime:
        return next(CronSim(self.when, now))


TIMETABLE = (
    Entry("jobs.sweep.sweep", "*/20 * * * * *", "urgent"),
    Entry("jobs.lifecycles.look_again", "45 */10 * * * *", "slow"),
    Entry("jobs.rules.run_due", "0 * * * * *"),
    Entry("jobs.search.collect", "30 */5 * * * *", "slow"),
    Entry("jobs.search.forget", "0 23 3 * * *", "slow"),
    Entry("jobs.housekeeping.tidy", "0 17 3 * * *", "slow"),
    Entry("jobs.audit.shorten", "0 41 3 * * *", "slow"),
    Entry("jobs.privacy.forget_exports", "0 53 * * * *", "slow"),
    Entry("jobs.exports.forget", "0 43 * * * *", "slow"),
    Entry("jobs.file_store.tidy_quarantine", "0 11 * * * *", "slow"),
    Entry("jobs.file_checks.rescan", "0 29 * * * *", "slow"),
    Entry("jobs.sla.reckon", "0 5 4 * * *", "slow"),
    Entry("jobs.sla.learn", "0 35 4 * * *", "slow"),
    Entry("jobs.file_store.compare", "0 7 2 * * *", "slow"),
)


def start_due(timetable: Iterable[Entry] = TIMETABLE) -> None:
    """Enqueue each job whose last tick nobody has claimed yet.

    The claim is committed after the job stands in the queue: where that fails,
    the tick is free again, so it may come twice but is never lost.
    """
    for entry in timetable:
        try:
            if _claim(entry.job, entry.last_due(clock.now())):
                queues().enqueue(entry.job, queue=entry.queue)
            db.session.commit()
        except RedisAway as error:
            db.session.rollback()
            log.warning("Not started, to be tried again: %s (%s)", entry.job, error)


def run(app: Flask, stop: threading.Event) -> None:
    """Look at the clock until `stop` is set; a database that is away is waited for."""
    while not stop.is_set():
        with app.app_context():
            try:
                start_due()
            except SQLAlchemyError as error:
                log.warning("The timetable waits for the database: %s", error)
        stop.wait(_pause(clock.now()))


def _claim(job: str, due_at: datetime) -> bool:
    """Whether this tick is ours. Another timetable that is just claiming it is waited for."""
    row = insert(Tick).values(job=job, due_at=due_at, claimed_at=clock.now())
    return db.session.scalar(row.on_conflict_do_nothing().returning(Tick.id)) is not None


def _pause(now: datetime) -> float:
    soonest = min(entry.next_due(now) for entry in TIMETABLE)
    return min(max((soonest - now).total_seconds(), 0.05), LONGEST_PAUSE)


if __name__ == "__main__":
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(create_app(), stop)
