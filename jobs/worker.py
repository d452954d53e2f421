"""Run the background jobs: `python -m jobs.worker`."""

import logging
import signal
import time
from itertools import chain, repeat
from typing import Any

from flask import Flask
from redis import Redis, RedisError
from rq import Queue, Worker, worker_registration
from rq.job import Job

from jobs import (  # loaded once: RQ forks for each job
    audit,
    bulk,
    events,
    exports,
    file_checks,
    file_store,
    files,
    housekeeping,
    mail,
    pictures,
    privacy,
    rules,
    search,
    sweep,
    triage,
)
from portal import create_app
from portal.extensions import db
from portal.gateways.queue import QUEUES

log = logging.getLogger(__name__)

TTL = 30  # seconds after which Redis takes a silent worker for dead, and its wait for a job twice over
MAINTENANCE = 10  # seconds between two looks for jobs whose worker died
PAUSES = (1, 2, 5)  # seconds between two tries to reach Redis; the last one for ever

JOBS = (
    audit, bulk, events, exports, file_checks, file_store, files, housekeeping, mail, pictures, privacy,
    rules, search, sweep, triage,
)  # fmt: skip


class PortalWorker(Worker):
    """Gives every job its own application context, hence its own database session."""

    app: Flask
    is_stopping = False
    max_connection_wait_time = 5.0  # seconds between two tries to reach a Redis that went away

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """A worker that starts looks first for what lies in the database without a hint."""
        super().bootstrap(*args, **kwargs)
        Queue("urgent", connection=self.connection, serializer="json").enqueue(
            "jobs.sweep.sweep", result_ttl=0
        )

    def handle_warm_shutdown_request(self) -> None:
        self.is_stopping = True
        super().handle_warm_shutdown_request()

    def run_maintenance_tasks(self) -> None:
        """Besides RQ's own: a Redis that was emptied learns anew that this worker lives."""
        super().run_maintenance_tasks()
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the fork: the connections are the parent's, and may be neither used nor closed here."""
        with self.app.app_context():
            db.engine.dispose(close=False)
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        with self.app.app_context():
            return super().perform_job(job, queue)


def make_worker(app: Flask, worker_class: type[PortalWorker] = PortalWorker) -> PortalWorker:
    """A worker waits long for its next job, so it has a connection without short time-outs."""
    worker_class.app = app
    return worker_class(
        QUEUES,
        connection=Redis.from_url(app.config["DESK"].redis_url, socket_connect_timeout=5),
        serializer="json",
        worker_ttl=TTL,
        maintenance_interval=MAINTENANCE,
        log_job_description=False,
    )


def run(app: Flask) -> None:
    """Work until somebody asks to stop; a Redis that is away is waited for.

    SIGTERM lets the job that runs come to its end; a second one does not.
    """
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        if _worked_to_the_end(app):
            return
        _stop_at_once_on_signals()
        time.sleep(pause)


def _worked_to_the_end(app: Flask) -> bool:
    """Work; False where it ended because Redis was lost, True where somebody asked to stop."""
    worker = None
    try:
        worker = make_worker(app)
        worker.work(logging_level=None)
    except (RedisError, OSError) as error:
        log.warning("The worker waits for Redis: %s", error)
    return worker is not None and worker.is_stopping


def _stop_at_once_on_signals() -> None:
    """RQ's handlers belong to a worker that is gone; there is nothing to finish now."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    app = create_app()
    log.info("The worker empties %s.", ", ".join(QUEUES))
    run(app)
