"""What lies in Redis is data: a pickle that somebody put there is never loaded."""

import pickle
import zlib

from jobs.worker import make_worker
from portal.gateways.queue import QUEUES
from tests.test_real_queue import OneProcessWorker

RAN = []


def explode():
    RAN.append("boom")


class Bomb:
    def __reduce__(self):
        return explode, ()


def test_a_pickle_in_the_queue_is_not_executed(app, world, redis):
    queues = app.extensions["queue"]
    for kind, packed in (("plain", pickle.dumps), ("zipped", lambda bomb: zlib.compress(pickle.dumps(bomb)))):
        queues.enqueue("jobs.events.react", queue=QUEUES[0])
        key = f"rq:job:{redis.lindex(f'rq:queue:{QUEUES[0]}', -1).decode()}"
        redis.hset(key, mapping={"data": packed(Bomb()), "description": kind})

    make_worker(app, OneProcessWorker).work(burst=True, logging_level=None)

    assert RAN == []
    pickle.loads(pickle.dumps(Bomb()))
    assert RAN == ["boom"]  # so it would have been seen
    RAN.clear()
