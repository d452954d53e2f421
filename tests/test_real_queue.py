"""Jobs go by name and as JSON through a real Redis to a real RQ worker."""

from redis import ConnectionError as RedisConnectionError
from rq import SimpleWorker
from rq.registry import FailedJobRegistry
from sqlalchemy import select

from jobs import worker as worker_module
from jobs.worker import PortalWorker, make_worker
from portal.events.models import Delivery, DeliveryState
from portal.extensions import db
from portal.notifications.models import Notification
from tests import factories as make


class OneProcessWorker(PortalWorker):
    """Shares the test's transaction, so it must not fork; nor does it listen to commands."""

    execute_job = SimpleWorker.execute_job

    def subscribe(self):
        self.pubsub_thread = None


def waiting(app, name="urgent"):
    return app.extensions["queue"]._queues[name].jobs


def test_a_job_goes_by_name_and_as_json_and_is_done_by_a_worker(app, world, redis):
    ticket = make.ticket(assignee=make.agent(name="Petra"))
    db.session.commit()
    job = waiting(app)[0]
    raw = redis.hget(job.key, "data")
    assert job.func_name == "jobs.events.react"
    assert b"jobs.events.react" in raw or raw.startswith(b"x")  # JSON, compressed
    assert job.serializer.__name__ == "JSONSerializer"

    make_worker(app, OneProcessWorker).work(burst=True, logging_level=None)

    db.session.rollback()
    assert set(db.session.scalars(select(Delivery.state))) == {DeliveryState.DONE}
    told = select(Notification.recipient_id).where(Notification.ticket_id == ticket.id)
    assert set(db.session.scalars(told)) == {ticket.requester_id, ticket.assignee_id}


def test_a_worker_that_starts_finds_what_lies_without_a_hint(app, world, redis):
    make.ticket()
    db.session.commit()
    redis.flushdb()
    assert waiting(app) == []

    make_worker(app, OneProcessWorker).work(burst=True, logging_level=None)

    db.session.rollback()
    assert set(db.session.scalars(select(Delivery.state))) == {DeliveryState.DONE}


def test_a_job_that_does_not_exist_fails_alone(app, world, redis):
    app.extensions["queue"].enqueue("jobs.nothing.of_the_kind", queue="urgent")
    make.ticket()
    db.session.commit()

    make_worker(app, OneProcessWorker).work(burst=True, logging_level=None)

    db.session.rollback()
    assert set(db.session.scalars(select(Delivery.state))) == {DeliveryState.DONE}
    assert FailedJobRegistry("urgent", connection=redis, serializer="json").count == 1


def test_a_pickle_in_the_queue_runs_no_code(app, redis, tmp_path):
    """What RQ's default would load and so execute is only bytes that are no JSON."""
    canary = tmp_path / "canary"
    evil = b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    app.extensions["queue"].enqueue("jobs.events.react", queue="urgent")
    redis.hset(waiting(app)[0].key, "data", evil)

    make_worker(app, OneProcessWorker).work(burst=True, logging_level=None)

    assert not canary.exists()
    assert waiting(app) == []


def test_a_redis_that_was_emptied_learns_anew_of_the_worker(app, redis):
    worker = make_worker(app, OneProcessWorker)
    worker.register_birth()
    redis.flushdb()

    worker.run_maintenance_tasks()

    assert [found.name for found in PortalWorker.all(connection=redis)] == [worker.name]


def test_a_worker_waits_for_a_redis_that_is_away(app, monkeypatch):
    tries = []

    class Worker:
        is_stopping = True

        def work(self, **_):
            """Once it could be made."""

    def away_at_first(app):
        tries.append(app)
        if len(tries) < 5:
            raise RedisConnectionError("no")
        return Worker()

    pauses = []
    monkeypatch.setattr(worker_module, "make_worker", away_at_first)
    monkeypatch.setattr(worker_module.time, "sleep", pauses.append)

    worker_module.run(app)

    assert pauses == [1, 2, 5, 5]
