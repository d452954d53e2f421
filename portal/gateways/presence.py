"""Who is at a place at this moment, by Redis.

Nobody says goodbye reliably, so each word is good for `LIFE` alone. Losing it is
harmless: whoever is there says so again a moment later.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis import Redis

from portal import clock
from portal.gateways.redis import RedisAway, redis

LIFE = 9.0  # seconds that somebody counts as there after their last word
LOOKING = "viewing"  # what everybody does who does nothing else
BEAT = 5.0  # seconds after which a browser says it again: with LIFE, who has left is gone within 15


@dataclass(frozen=True)
class Sign:
    """Somebody is there, and does that."""

    person: int
    doing: str


def say(place: str, person: int, doing: str, *, tab: str) -> list[Sign]:
    """Note that the person is there in this tab, and tell who else is; nobody where Redis is away."""
    value = f"{doing}:{clock.now().timestamp() + LIFE:.1f}"

    def speak(connection: Redis) -> dict[bytes, bytes]:
        with connection.pipeline() as together:
            together.hset(_key(place), f"{person}:{tab}", value)
            together.expire(_key(place), int(LIFE) + 1)
            together.hgetall(_key(place))
            return together.execute()[-1]

    return _others(_asked(speak), person)


def leave(place: str, person: int, *, tab: str) -> None:
    """The tab is closed, or is looked at no more."""
    with suppress(RedisAway):
        redis().ask(lambda connection: connection.hdel(_key(place), f"{person}:{tab}"))


def others(place: str, person: int) -> list[Sign]:
    """Who is there besides the person."""
    return _others(_asked(lambda connection: connection.hgetall(_key(place))), person)


def _asked(question: Callable[[Redis], Any]) -> dict[bytes, bytes]:
    """The answer; what stands for "nobody" where there is none."""
    try:
        return redis().ask(question)
    except RedisAway:
        return {}


def _others(heard: dict[bytes, bytes], person: int) -> list[Sign]:
    """One sign of each person; of several tabs the one in which they do more than look."""
    now = clock.now().timestamp()
    found: dict[int, Sign] = {}
    for who, said in sorted(heard.items(), key=lambda entry: entry[1].startswith(LOOKING.encode())):
        doing, until = said.decode().rsplit(":", 1)
        number = int(who.partition(b":")[0])
        if float(until) > now and number != person:
            found.setdefault(number, Sign(number, doing))
    return list(found.values())


def _key(place: str) -> str:
    return f"presence.{place}"
