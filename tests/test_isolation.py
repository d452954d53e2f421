"""Two runs of the tests at once share no database of Redis, and neither takes what is not the tests'."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest
from redis import Redis

from tests import isolation
from tests.isolation import own_redis


@pytest.fixture
def name(worker_id):
    return isolation.suffix(worker_id) + " beside others"


@pytest.fixture
def left(name, monkeypatch):
    """A database in which a run that was killed has left a key; nobody gets another one from here on."""
    with own_redis(name) as url:
        pass
    with Redis.from_url(url) as redis:
        redis.set("left", "behind")
        number = redis.connection_pool.connection_kwargs["db"]
        claim = isolation._claim
        monkeypatch.setattr(
            isolation, "_claim", lambda line, wanted: wanted == number and claim(line, wanted)
        )
        yield redis
        redis.flushdb()


def test_two_runs_of_one_name_get_two_databases(name):
    with own_redis(name) as one, own_redis(name) as other:
        assert len({one, other, os.environ["REDIS_URL"]}) == 3


def test_runs_that_begin_at_the_same_moment_get_one_each(name):
    runs = 4
    begin, all_have_one = Barrier(runs, timeout=30), Barrier(runs, timeout=30)

    def run(_):
        begin.wait()
        with own_redis(name) as url:
            all_have_one.wait()
            return url

    with ThreadPoolExecutor(runs) as pool:
        assert len(set(pool.map(run, range(runs)))) == runs


def test_what_a_killed_run_has_left_is_emptied(name, left):
    with own_redis(name) as url, Redis.from_url(url) as redis:
        assert redis.dbsize() == 0


def test_what_is_not_of_the_tests_is_neither_taken_nor_emptied(name, left):
    with Redis.from_url(os.environ["REDIS_URL"]) as given:
        given.srem(isolation.EMPTIED, left.connection_pool.connection_kwargs["db"])

    with pytest.raises(AssertionError, match="in use or holds something"), own_redis(name):
        pass

    assert left.get("left") == b"behind"


def test_where_all_are_taken_a_sentence_says_so(name, monkeypatch):
    monkeypatch.setattr(isolation, "_how_many", lambda _: 2)

    with ExitStack() as runs, pytest.raises(AssertionError, match="Every database of this Redis"):
        for _ in range(3):
            runs.enter_context(own_redis(name))
