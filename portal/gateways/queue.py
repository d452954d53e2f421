"""The job queue. Jobs are named, never imported: `portal` does not know `jobs`.

A job in Redis is a hint. What there is to do stands in the database, and
`jobs.sweep` finds it there; so a queue that does not answer is logged, and
never turns something saved into an error.
"""

import logging
from datetime import datetime

from flask import Flask, current_app, g
from rq import Queue, Worker
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from portal.extensions import db
from portal.gateways.redis import PatientRedis, RedisAway

log = logging.getLogger(__name__)

QUEUES = ("urgent", "default", "slow")  # a worker empties them in this order
PENDING = "jobs_to_enqueue"
HOUR = 3600
SECONDS = {  # that a job may take; others 180
    "jobs.files.scan": HOUR,
    "jobs.files.scan_waiting": HOUR,
    "jobs.file_checks.release": HOUR,
    "jobs.file_checks.rescan": HOUR,
    "jobs.privacy.work": HOUR,
    "jobs.rules.try_out": HOUR,
    "jobs.file_store.tidy_quarantine": HOUR,
    "jobs.file_store.compare": 6 * HOUR,
}
LIFE = 24 * 3600  # seconds that Redis remembers a job that failed; the database remembers longer


class RedisQueues:
    """Puts jobs into Redis, as JSON, and gives up soon."""

    def __init__(self, redis: PatientRedis) -> None:
        self._redis = redis
        self._queues = {name: Queue(name, connection=redis.connection, serializer="json") for name in QUEUES}

    def enqueue(self, job: str, *args: object, queue: str) -> None:
        """Raises RedisAway."""
        more = {"result_ttl": 60, "failure_ttl": LIFE, "job_timeout": SECONDS.get(job, 180)}
        self._redis.ask(lambda _: self._queues[queue].enqueue(job, *args, **more))

    def lengths(self) -> dict[str, int]:
        """How many jobs wait in each queue. Raises RedisAway."""
        return self._redis.ask(lambda _: {name: len(q) for name, q in self._queues.items()})

    def workers(self) -> dict[str, datetime]:
        """When each worker that has not said goodbye was last heard of, by its name. Raises RedisAway."""
        found = self._redis.ask(lambda redis: Worker.all(connection=redis, serializer="json"))
        return {worker.name: worker.last_heartbeat for worker in found if worker.last_heartbeat}


def init_app(app: Flask) -> None:
    app.extensions["queue"] = RedisQueues(app.extensions["patient_redis"])


def queues() -> RedisQueues:
    return current_app.extensions["queue"]


def enqueue_after_commit(job: str, *args: object, queue: str = "default") -> None:
    """Run `job` once the current transaction is committed; forget it on rollback."""
    pending = db.session.info.setdefault(PENDING, [])
    if (job, args, queue) not in pending:
        pending.append((job, args, queue))


@event.listens_for(db.session, "after_commit")
def _push_pending(session: Session) -> None:
    if session.in_nested_transaction():
        return  # only a savepoint was released
    jobs = session.info.pop(PENDING, [])
    try:
        for job, args, queue in jobs:
            current_app.extensions["queue"].enqueue(job, *args, queue=queue)
    except RedisAway:
        g.is_delayed = True  # whoever answers this request says so
        log.warning("Redis is away; left to the sweep: %s", [job for job, _, _ in jobs])
    except Exception:
        log.exception("Left to the sweep: %s", [job for job, _, _ in jobs])


@event.listens_for(db.session, "after_transaction_end")
def _drop_pending(session: Session, transaction: SessionTransaction) -> None:
    """Rolled back or closed: a commit has pushed them already."""
    if transaction.parent is None:
        session.info.pop(PENDING, None)
