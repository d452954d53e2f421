"""What becomes of a stream when Redis goes away, the person is logged out, or the process stops."""

import json
import threading
import time
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import delete

from portal.accounts.actions import open_session
from portal.accounts.models import Session
from portal.extensions import db
from portal.gateways import live
from portal.gateways.live import EVERYTHING, Hub, channel_of
from portal.notifications import live as pages
from portal.organizations.models import TeamMember
from tests import factories as make
from tests.faults.proxy import Line


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Everything that takes seconds takes a moment, but for the first word on a busy machine."""
    moments = {"PULSE": 0.1, "SILENCE": 1, "PAUSE": 0.1, "HEARTBEAT": 0.1, "FIRST_WORD": 30}
    for name, seconds in moments.items():
        monkeypatch.setattr(live, name, seconds)


@pytest.fixture
def line(redis_url):
    line = Line.to(redis_url)
    yield line
    line.close()


@pytest.fixture
def hub_at(redis_url):
    """A hub that hears Redis by way of this line, or without one."""
    hubs = []

    def at(line=None):
        hubs.append(Hub(line.instead_of(redis_url) if line else redis_url, cap=5))
        return hubs[-1]

    yield at
    for hub in hubs:
        hub.end()


@pytest.fixture
def publish(redis_url):
    with Redis.from_url(redis_url) as redis:
        yield lambda topic: redis.publish(channel_of(redis), json.dumps([uuid4().hex, topic]))


def read(hub, inbox):
    """What comes in, as it comes."""
    came = []
    threading.Thread(
        target=lambda: came.extend(topic for topic in hub.news(inbox) if topic), daemon=True
    ).start()
    return came


def until(is_so, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_without_redis_there_is_no_stream_and_nobody_waits_long_for_one(line, hub_at, monkeypatch):
    monkeypatch.setattr(live, "FIRST_WORD", 0.3)
    line.cut()
    began = time.monotonic()
    assert hub_at(line).open(frozenset({"a"})) is None
    assert time.monotonic() - began < 5


def test_after_a_break_everybody_asks_once(line, hub_at, publish, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 3)
    hub = hub_at(line)
    came = read(hub, hub.open(frozenset({"a"})))
    line.cut()
    time.sleep(0.05)
    line.through()
    assert until(lambda: EVERYTHING in came)
    assert until(lambda: publish("a") or "a" in came)


@pytest.mark.parametrize("fault", ["cut", "hold"])
def test_a_redis_that_stays_away_ends_the_streams_so_that_the_pages_ask(line, hub_at, fault):
    hub = hub_at(line)
    inbox = hub.open(frozenset({"a"}))
    reader = threading.Thread(target=lambda: list(hub.news(inbox)), daemon=True)
    reader.start()
    getattr(line, fault)()
    reader.join(30)
    assert not reader.is_alive()
    assert hub.open(frozenset()) is None


def test_a_silent_redis_is_taken_for_lost(line, hub_at, monkeypatch):
    hub = hub_at(line)
    inbox = hub.open(frozenset({"a"}))
    assert inbox is not None
    monkeypatch.setattr("redis.client.PubSub.get_message", lambda *_, **__: time.sleep(0.05))
    assert until(lambda: not hub._hears.is_set())


def test_a_stream_of_a_quiet_desk_goes_on(line, hub_at, publish):
    hub = hub_at(line)
    came = read(hub, hub.open(frozenset({"a"})))
    time.sleep(3 * live.SILENCE)
    assert until(lambda: publish("a") or "a" in came)


def test_a_process_that_stops_lets_its_streams_end(hub_at):
    hub = hub_at()
    inbox = hub.open(frozenset({"a"}))
    reader = threading.Thread(target=lambda: list(hub.news(inbox)), daemon=True)
    reader.start()
    hub.end()
    reader.join(30)
    assert not reader.is_alive()
    assert hub.open(frozenset()) is None


def test_a_second_signal_in_the_midst_of_the_first_does_not_hang(hub_at):
    """A service manager signals the whole group, and the master its workers once more."""
    hub = hub_at()
    inbox = hub.open(frozenset({"a"}))

    class Interrupted(type(inbox)):
        def put_nowait(self, item):
            with self.mutex:
                hub.end()
            super().put_nowait(item)

    inbox.__class__ = Interrupted
    ending = threading.Thread(target=hub.end, daemon=True)
    ending.start()
    ending.join(10)
    hub.close(inbox)
    assert not ending.is_alive()
    assert inbox.get_nowait() == live.FAREWELL


class Told:
    """A hub of one stream, with what it is going to say."""

    def __init__(self, *topics):
        self.topics = topics

    def news(self, inbox):
        yield from self.topics


@pytest.fixture
def petra(world):
    """An agent, a ticket of her team, and what her browser may hear of."""
    team = make.team()
    petra = make.agent(team=team)
    ticket = make.ticket(team=team)
    secret = make.ticket(is_confidential=True)
    _, token = open_session(petra)
    db.session.commit()
    return (
        petra,
        ticket,
        [f"ticket:{ticket.key}", f"ticket:{secret.key}", "ticket:XX-99", "queue", "user:1"],
        token,
    )


def test_topics_are_told_under_the_names_the_browser_knows(petra, app):
    petra, ticket, asked, _ = petra
    names = pages._topics(petra, asked)
    assert names == {
        f"user:{petra.id}": f"user:{petra.id}",
        "queue": "queue",
        f"ticket:{ticket.id}": f"ticket:{ticket.key}",
    }
    told = "".join(pages._named(Told(f"ticket:{ticket.id}", None, EVERYTHING), None, names, dict))
    assert f"event: ticket:{ticket.key}\ndata: news\n\n: still here" in told
    assert told.count("event: ") == 4


def test_a_stream_ends_once_the_person_is_logged_out_or_may_see_less(petra, app, monkeypatch):
    monkeypatch.setattr(pages, "ASK_AGAIN", -1)
    petra, _ticket, asked, token = petra
    names = pages._topics(petra, asked)
    still = pages._still(app, token, asked)
    assert len(list(pages._named(Told("queue", "queue"), None, names, still))) == 3

    db.session.execute(delete(TeamMember))
    db.session.commit()
    assert len(list(pages._named(Told("queue", "queue"), None, names, still))) == 1

    names = pages._topics(petra, asked)
    db.session.execute(delete(Session))
    db.session.commit()
    assert still() == {}
    assert len(list(pages._named(Told("queue", "queue"), None, names, still))) == 1
