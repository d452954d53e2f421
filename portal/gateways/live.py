"""News for open pages, by Redis: which topic has some, never what they are.

Each piece of news has a mark of its own. A page carries the mark of the last that its process had heard
before it read anything; since news are told after their commit, and Redis tells them to all processes in
one order, whatever the page does not show comes after that mark, in whichever process its stream opens.

Losing one is harmless: pages also ask by themselves from time to time.
"""

import contextlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue

from flask import Flask, current_app, g
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
KEPT = 1000  # pieces of news that are remembered for pages whose stream is still to open
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
    mark = _new_mark()
    if "told" in g:
        g.told.append(mark)
    try:
        current_app.extensions["patient_redis"].ask(lambda redis: _publish(redis, mark, *topics))
    except RedisAway:
        log.info("Redis is away: pages learn of %s when it is back", topics)
        hub().owes_news = True
    except Exception:
        log.exception("Not published: %s", topics)


def _new_mark() -> str:
    """By chance, so that it tells nobody how much happens on the desk."""
    return secrets.token_hex(6)


def _publish(redis: Redis, mark: str, *topics: str) -> None:
    redis.publish(channel_of(redis), json.dumps([mark, *topics]))


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

    def wants(self, topic: str) -> bool:
        return topic in {EVERYTHING, FAREWELL} or topic in self.topics


class Hub:
    """The streams of this process, fed by one thread that listens to Redis.

    The thread starts with the first page or stream, so after the server has forked.
    `last_mark` is that of the last news; empty while nothing is heard.
    """

    def __init__(self, url: str, *, cap: int, share: int = 10) -> None:
        self.url, self.cap, self.share = url, cap, share
        self.last_mark = ""
        self.owes_news = False  # some could not be told
        self._remembered: dict[str, list[str]] = {}  # the topics by their marks, the oldest first
        self._streams: dict[Queue, Stream] = {}  # the oldest first
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hears = threading.Event()
        self._first_word_by = 0.0
        self._is_ending = False

    def listen(self) -> None:
        """Begin to hear what Redis says; a hub that does already goes on."""
        with self._lock:
            if self._thread is None:
                self._first_word_by = time.monotonic() + FIRST_WORD
                self._thread = threading.Thread(target=self._listen, name="live", daemon=True)
                self._thread.start()

    def open(
        self, topics: frozenset[str], *, owner: int | None = None, since: str | None = None
    ) -> Queue | None:
        """A queue that the topics with news arrive in, first those that had some since the page was drawn;
        None when there are too many streams, or nothing can be heard. Whoever opens it closes it.

        Of one person's streams the oldest yields to the one that would be too many: most
        often its page has been left, and nobody has noticed yet.
        """
        self.listen()
        if not self._hears.wait(max(0.0, self._first_word_by - time.monotonic())):
            return None
        with self._lock:
            theirs = [inbox for inbox, stream in self._streams.items() if stream.owner == owner]
            if len(theirs) >= self.share:
                self._dismiss(theirs[0])
            if len(self._streams) >= self.cap:
                return None
            inbox: Queue = Queue(maxsize=ROOM)
            stream = self._streams[inbox] = Stream(topics, owner)
            for topic in filter(stream.wants, self._missed(since)):
                self._put(inbox, topic)
        return inbox

    def _missed(self, since: str | None) -> set[str]:
        """What had news since then, as `drawn_since` says it; everything where that is not known any more."""
        if since is None:
            return set()
        mark, *own = since.split(".")
        if mark not in self._remembered:
            return {EVERYTHING}
        missed: set[str] = set()
        for later, topics in reversed(self._remembered.items()):
            if later == mark:
                break
            if later not in own:
                missed.update(topics)
        return missed

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
                if stream.wants(topic):
                    self._put(inbox, topic)

    def _put(self, inbox: Queue, topic: str) -> None:
        try:
            inbox.put_nowait(topic)
        except Full:
            log.info("A browser is too slow for its news; it asks when it reconnects")

    def hear(self, mark: str, *topics: str) -> None:
        """Remember the news and hand them out.

        A stream that opens in between gets them twice, and none misses them. News that Redis was sent
        twice stay at their first place: what came between is later than their mark.
        """
        with self._lock:
            self._remembered.setdefault(mark, list(topics))
            if len(self._remembered) > KEPT:
                del self._remembered[next(iter(self._remembered))]
        self.last_mark = mark
        self.hand_out(list(topics))

    def _forget(self) -> None:
        """Something may have been said that was not heard: no mark from before leads on to what comes."""
        with self._lock:
            self._remembered.clear()
        self.last_mark = ""

    def _listen(self) -> None:
        """Hear what Redis says until the process stops."""
        while not self._is_ending:
            try:
                self._hear()
            except (RedisError, OSError, ValueError) as error:
                log.warning("Live updates pause: %s", error)
            self._hears.clear()
            self._forget()
            time.sleep(PAUSE)

    def _hear(self) -> None:
        """Raises where the line breaks, and where Redis says nothing although it is asked."""
        redis = Redis.from_url(self.url, socket_connect_timeout=PAUSE, socket_timeout=PULSE)
        with redis.pubsub() as line:
            line.subscribe(channel_of(redis))
            heard_at = time.monotonic()
            while not self._is_ending:
                message = line.get_message(timeout=PULSE)
                if self.owes_news:
                    self._make_up_for_it(redis)
                if message is None:
                    if time.monotonic() - heard_at > SILENCE:
                        raise OSError("Redis says nothing")
                    line.ping()
                    continue
                heard_at = time.monotonic()
                if message["type"] == "subscribe":
                    self._begin_to_hear(redis)
                elif message["type"] == "message":
                    self.hear(*json.loads(message["data"]))

    def _begin_to_hear(self, redis: Redis) -> None:
        """Also after a break, the client's own new tries among them: everyone then asks once."""
        self._forget()
        self.hand_out([EVERYTHING])
        _publish(redis, _new_mark())  # no news, but a mark that all processes hear
        self._hears.set()

    def _make_up_for_it(self, redis: Redis) -> None:
        """Of the news that this process could not tell nobody else knows."""
        self.owes_news = False
        try:
            _publish(redis, _new_mark(), EVERYTHING)
        except RedisError:
            self.owes_news = True
            raise


def init_app(app: Flask) -> None:
    settings = app.config["DESK"]
    the_hub = app.extensions["hub"] = Hub(
        settings.redis_url, cap=settings.live_streams_per_process, share=settings.live_streams_per_person
    )

    @app.before_request
    def note_the_mark() -> None:
        g.mark, g.told = the_hub.last_mark, []


def hub() -> Hub:
    return current_app.extensions["hub"]


def drawn_since() -> str:
    """Up to where the news are in what this request draws: the last that was heard before it read
    anything, and what it told others itself."""
    return ".".join([g.get("mark", ""), *g.get("told", [])])
