from sqlalchemy import text

from portal.extensions import db
from portal.gateways.queue import RedisQueues, enqueue_after_commit
from portal.gateways.redis import PatientRedis


def test_a_job_is_enqueued_by_the_commit(queue):
    enqueue_after_commit("jobs.x", 1)
    assert queue.jobs == []
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert queue.jobs == [("jobs.x", (1,))]


def test_a_rollback_forgets_it(queue):
    db.session.execute(text("SELECT 1"))
    enqueue_after_commit("jobs.x")
    db.session.rollback()
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert queue.jobs == []


def test_a_savepoint_does_not_enqueue(queue):
    with db.session.begin_nested():
        enqueue_after_commit("jobs.x")
    assert queue.jobs == []
    db.session.commit()
    assert len(queue.jobs) == 1


def test_the_same_job_is_enqueued_once_a_transaction(queue):
    db.session.execute(text("SELECT 1"))
    enqueue_after_commit("jobs.x", 1)
    enqueue_after_commit("jobs.x", 1)
    db.session.commit()
    assert len(queue.jobs) == 1


def test_without_redis_the_commit_holds(app):
    app.extensions["queue"] = RedisQueues(PatientRedis("redis://127.0.0.1:1/0"))
    db.session.execute(text("SELECT 1"))
    enqueue_after_commit("jobs.x")
    db.session.commit()
    assert db.session.scalar(text("SELECT 1")) == 1


def test_jobs_travel_as_json(app, redis):
    queues = app.extensions["queue"]
    queues.enqueue("jobs.x", 1, queue="urgent")
    (job,) = queues._queues["urgent"].jobs
    raw = redis.hget(job.key, "data")
    assert (job.func_name, job.args) == ("jobs.x", [1])
    assert b"pickle" not in raw
    assert not raw.startswith(b"\x80")
