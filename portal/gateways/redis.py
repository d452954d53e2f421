"""How this process talks to Redis: shortly, and not again at once after it did not answer."""

import time
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.5  # seconds that a request waits for Redis
REST = 5.0  # seconds in which nobody asks again after it did not answer

Answer = TypeVar("Answer")


class RedisAway(Exception):
    """Redis does not answer; what was to be said there has to wait."""


class PatientRedis:
    """A connection that gives up soon, and leaves a Redis that is away alone for a while.

    Without that rest, each request of a busy desk would wait `PATIENCE` seconds
    again, and the desk would seem to be down when it is only Redis.
    """

    def __init__(self, url: str) -> None:
        self.connection = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # said aloud: some ways to make a client try again
        )
        self._ask_again_at = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._ask_again_at

    def ask(self, question: Callable[[Redis], Answer]) -> Answer:
        """Ask. Raises RedisAway where there is no answer, at once while it is left to rest."""
        if self.is_resting:
            raise RedisAway("It did not answer a moment ago.")
        try:
            return question(self.connection)
        except (RedisError, OSError) as error:
            self._ask_again_at = time.monotonic() + REST
            raise RedisAway(str(error)) from error


def init_app(app: Flask) -> None:
    app.extensions["patient_redis"] = PatientRedis(app.config["DESK"].redis_url)


def redis() -> PatientRedis:
    return current_app.extensions["patient_redis"]
