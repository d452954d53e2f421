"""A database of Redis for each run of the tests, so that several beside each other do not meet."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from zlib import crc32

from redis import Redis, ResponseError

EMPTIED = "tests:databases"  # where the address itself leads: which others were the tests' before
USUAL = 16  # databases of a Redis that does not say how many it has


def suffix(worker: str) -> str:
    """What tells this run, and its worker, from others: part of the names of its databases."""
    return f"{os.environ.get('TEST_DATABASE_SUFFIX', '')}{worker}"


def buckets(worker: str) -> dict[str, str]:
    """Buckets of this run's own: what sweeps the store removes there what it does not know."""
    named = re.sub(r"[^a-z0-9]", "", suffix(worker).lower())
    return {f"s3_bucket_{area}": f"{area}-of-tests-{named}" for area in ("quarantine", "clean")}


@contextmanager
def own_redis(name: str) -> Iterator[str]:
    """The address of an empty database that is nobody else's until the end.

    The name says where to begin looking. A claim is the name of a connection,
    which Redis forgets with the connection, however this run ends. A database
    that holds something is taken only where earlier tests have left that there.
    """
    given = os.environ["REDIS_URL"]
    with Redis.from_url(given, max_connections=1) as line:
        url = urlsplit(given)._replace(path=f"/{_claim_one(line, crc32(name.encode()))}").geturl()
        with Redis.from_url(url) as own:
            own.flushdb()
            yield url
            own.flushdb()


def _claim_one(line: Redis, start: int) -> int:
    given = line.connection_pool.connection_kwargs.get("db") or 0
    others = [number for number in range(_how_many(line)) if number != given]
    for step in range(len(others)):
        number = others[(start + step) % len(others)]
        if _may_be_emptied(line, number) and _claim(line, number):
            line.sadd(EMPTIED, number)
            return number
    raise AssertionError("Every database of this Redis is in use or holds something.")


def _may_be_emptied(line: Redis, number: int) -> bool:
    return f"db{number}" not in line.info("keyspace") or bool(line.sismember(EMPTIED, number))


def _claim(line: Redis, number: int) -> bool:
    """Whether nobody else had it. Naming and looking are one step, so of two who try only one succeeds."""
    claim = f"tests-{number}"
    with line.pipeline(transaction=True) as both:
        both.client_setname(claim)
        both.client_list()
        _, connections = both.execute()
    return sum(connection["name"] == claim for connection in connections) == 1


def _how_many(line: Redis) -> int:
    try:
        return int(line.config_get("databases")["databases"])
    except (ResponseError, KeyError):  # it lets nobody ask
        return USUAL
