"""News for open pages, by Redis: which topic has some, never what they are.

Losing one is harmless: pages also ask by themselves from time to time.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue

from flask import Flask, current_app
from redis import Redis, RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from portal.extensions import db
from portal.gateways.redis import RedisAway

log = logging.getLogger(__name__)

EVERYTHING = "*"
FAREWELL = "."  # wakes a stream, so that it ends
ENOUGH = "!"  # the last word of a stream that yields to a newer one of the same person
PENDING = "topics_to_publish"
HEARTBEAT = 10.0  # seconds; a dead browser is noticed by it
AGE = 300.0  # seconds after which a browser connects anew, and is let in or not anew
ROOM = 50  # topics that may wait for a slow browser
PULSE = 5.0  # seconds of silence after which Redis is asked whether it is there
SILENCE = 3 * PULSE  # seconds after which a Redis that says nothing is taken for lost
PAUSE = 2.0  # seconds between two tries to reach it
FIRST_WORD = 1.0  # seconds that the first stream waits to hear from it


def publish_after_commit(topic: str) -> None:
    """Tell the pages that show this topic to ask for news, once the transaction is committed."""
    db.session.info.setdefault(PENDING, []).append(topic)


@event.listens_for(db.session, "after_commit")
def _publish_pending(session: Session) -> None:
    if session.in_nested_transaction():
        return
    topics = list(dict.fromkeys(session.info.pop(PENDING, [])))
    if not topics:
        return
    try:
        current_app.extensions["patient_redis"].ask(
            lambda redis: redis.publish(channel_of(redis), json.dumps(topics))
        )
    except RedisAway:
        log.info("Redis is away: pages learn of %s when they ask", topics)
    except Exception:
        log.exception("Not published: %s", topics)


@event.listens_for(db.session, "after_transaction_end")
def _drop_pending(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(PENDING, None)


def channel_of(redis: Redis) -> str:
    """Each of Redis's databases has its own, so that two desks may share a Redis."""
    return f"live.{redis.connection_pool.connection_kwargs.get('db') or 0}"


@dataclass(frozen=True)
class Stream:
    """What a stream tells, and whom."""

    topics: frozenset[str]
    owner: int | None


class Hub:
    """The streams of this process, fed by one thread that listens to Redis.

    The thread starts with the first stream, so after the server has forked.
    """

    def __init__(self, url: str, *, cap: int, share: int = 10) -> None:
        self.url, self.cap, self.share = url, cap, share
        self._streams: dict[Queue, Stream] = {}  # the oldest first
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hears = threading.Event()
        self._is_ending = False

    def open(self, topics: frozenset[str], *, owner: int | None = None) -> Queue | None:
        """A queue that the topics with news arrive in; None when there are too many streams,
        or nothing can be heard. Whoever opens it closes it.

        Of one person's streams the oldest yields to the one that would be too many: most
        often its page has been left, and nobody has noticed yet.
        """
        with self._lock:
            is_first = self._thread is None
            if is_first:
                self._thread = threading.Thread(target=self._listen, name="live", daemon=True)
                self._thread.start()
        if not self._hears.wait(FIRST_WORD if is_first else 0):
            return None
        with self._lock:
            theirs = [inbox for inbox, stream in self._streams.items() if stream.owner == owner]
            if len(theirs) >= self.share:
                self._dismiss(theirs[0])
            if len(self._streams) >= self.cap:
                return None
            inbox: Queue = Queue(maxsize=ROOM)
            self._streams[inbox] = Stream(topics, owner)
        return inbox

    def _dismiss(self, inbox: Queue) -> None:
        """Let the stream end with `ENOUGH`, and count it no more."""
        del self._streams[inbox]
        while True:
            try:
                inbox.put_nowait(ENOUGH)
                return
            except Full:  # what else there is to ask for, the page asks for anyway
                with contextlib.suppress(Empty):
                    inbox.get_nowait()

    def close(self, inbox: Queue) -> None:
        with self._lock:
            self._streams.pop(inbox, None)

    def news(self, inbox: Queue) -> Iterator[str | None]:
        """The topics with news as they come, None when there were none for a while; ends with the
        stream's age, when the browser is gone, or when there is nothing to be heard any more."""
        born = time.monotonic()
        try:
            while time.monotonic() - born < AGE:
                try:
                    topic = inbox.get(timeout=HEARTBEAT)
                except Empty:
                    topic = None if self._hears.is_set() else FAREWELL
                if topic == FAREWELL or self._is_ending:
                    return
                yield topic
                if topic == ENOUGH:
                    return
        finally:
            self.close(inbox)

    def end(self) -> None:
        """Let all streams end, and open no more: the process is about to stop.

        Signals call this, and one may come in the midst of another: it must
        not wait for a lock that the other holds.
        """
        if self._is_ending:
            return
        self.cap, self._is_ending = 0, True
        self.hand_out([FAREWELL])

    def hand_out(self, topics: list[str]) -> None:
        """Put each topic into the streams that want it; `EVERYTHING` is wanted by all."""
        with self._lock:
            streams = list(self._streams.items())
        for inbox, stream in streams:
            for topic in topics:
                if topic in {EVERYTHING, FAREWELL} or topic in stream.topics:
                    self._put(inbox, topic)

    def _put(self, inbox: Queue, topic: str) -> None:
        try:
            inbox.put_nowait(topic)
        except Full:
            log.info("A browser is too slow for its news; it asks when it reconnects")

    def _listen(self) -> None:
        """Hear what Redis says until the process stops; after a break everyone asks once."""
        was_lost = False
        while not self._is_ending:
            try:
                self._hear(was_lost=was_lost)
            except (RedisError, OSError, ValueError) as error:
                log.warning("Live updates pause: %s", error)
            self._hears.clear()
            was_lost = True
            time.sleep(PAUSE)

    def _hear(self, *, was_lost: bool) -> None:
        """Raises where the line breaks, and where Redis says nothing although it is asked."""
        redis = Redis.from_url(self.url, socket_connect_timeout=PAUSE, socket_timeout=PULSE)
        with redis.pubsub() as line:
            line.subscribe(channel_of(redis))
            heard_at = time.monotonic()
            while not self._is_ending:
                message = line.get_message(timeout=PULSE)
                if message is None:
                    if time.monotonic() - heard_at > SILENCE:
                        raise OSError("Redis says nothing")
                    line.ping()
                    continue
                heard_at = time.monotonic()
                if message["type"] == "subscribe":
                    self._hears.set()
                    self.hand_out([EVERYTHING] if was_lost else [])
                elif message["type"] == "message":
                    self.hand_out(json.loads(message["data"]))


def init_app(app: Flask) -> None:
    settings = app.config["DESK"]
    app.extensions["hub"] = Hub(
        settings.redis_url, cap=settings.live_streams_per_process, share=settings.live_streams_per_person
    )


def hub() -> Hub:
    return current_app.extensions["hub"]
