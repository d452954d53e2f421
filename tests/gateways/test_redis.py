import socket
import time

import pytest

from portal.gateways.redis import PatientRedis, RedisAway


@pytest.fixture
def black_hole():
    """A server that takes the call and never says a word."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        yield f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"


def test_a_redis_that_says_nothing_costs_half_a_second_once(black_hole):
    redis = PatientRedis(black_hole)

    began = time.perf_counter()
    for _ in range(20):
        with pytest.raises(RedisAway):
            redis.ask(lambda connection: connection.ping())

    assert time.perf_counter() - began < 5  # without its rest: 10
    assert redis.is_resting


def test_after_its_rest_it_is_asked_again(monkeypatch, settings):
    redis = PatientRedis("redis://127.0.0.1:1/0")
    with pytest.raises(RedisAway):
        redis.ask(lambda connection: connection.ping())
    redis.connection = PatientRedis(settings.redis_url).connection
    monkeypatch.setattr("portal.gateways.redis.REST", 0)
    redis._ask_again_at = 0

    assert redis.ask(lambda connection: connection.ping())
