"""Nothing falls between the drawing of a page and the opening of its stream, and nothing is told in vain."""

import re
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from portal.events.models import Event
from portal.extensions import db
from portal.gateways import live
from portal.gateways.live import EVERYTHING, Hub
from portal.gateways.redis import PatientRedis
from portal.notifications.actions import notify_people
from tests import factories as make
from tests import serving
from tests.faults.proxy import Line
from tests.notifications.streams import listen, neighbours


@pytest.fixture
def served(shared_app, settings, tmp_path):
    places = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    with serving.answering(tmp_path, **places) as desk:
        yield desk


@pytest.fixture
def people(served):
    """The desk hears Redis already."""
    *known, browsers = neighbours(served)
    listen(browsers[0])
    return *known, browsers


def drawn(browser, path):
    """Since when the page knows of nothing."""
    page = browser.get(path)
    assert page.status_code == 200
    return re.search(r'data-since="([^"]*)"', page.text).group(1)


def test_what_came_between_the_page_and_its_stream_is_told_when_it_opens(people):
    ticket, _, petra, (anns, *_) = people
    hers = f"ticket:{ticket.key}"
    since = drawn(anns, f"/tickets/{ticket.key}")

    make.reply(ticket, petra)
    db.session.commit()

    assert listen(anns, hers, since=since).gets(hers)


def test_what_was_done_before_the_page_was_drawn_and_kept_after_it_is_told(people):
    ticket, _, petra, (anns, *_) = people
    hers = f"ticket:{ticket.key}"
    make.reply(ticket, petra)
    since = drawn(anns, f"/tickets/{ticket.key}")

    db.session.commit()

    assert listen(anns, hers, since=since).gets(hers)


def test_where_nothing_came_nothing_is_told(people):
    ticket, another, petra, (_, _, petras) = people
    with heard_by(petras, f"ticket:{ticket.key}"):
        make.reply(ticket, petra)
        db.session.commit()
    since = drawn(petras, f"/tickets/{ticket.key}")

    stream = listen(petras, f"ticket:{ticket.key}", f"ticket:{another.key}", since=since)
    make.reply(another, another.requester)
    db.session.commit()

    assert stream.gets(f"ticket:{another.key}")


@contextmanager
def heard_by(browser, *topics):
    """The web process has heard of what happens herein, which is about these topics."""
    stream = listen(browser, *topics)
    yield
    assert stream.gets(*topics, seconds=30)


def test_what_a_page_did_itself_is_in_it_and_not_told_again(people):
    ticket, _, petra, (anns, *_) = people
    with heard_by(anns, f"ticket:{ticket.key}", f"user:{ticket.requester_id}"):
        make.reply(ticket, petra)
        for event in db.session.scalars(select(Event).where(Event.ticket_id == ticket.id)):
            notify_people(event)
        db.session.commit()
    since = drawn(anns, f"/tickets/{ticket.key}")
    assert "." in since, "who reads the ticket has read the bell's news of it, as her other pages are told"

    stream = listen(anns, f"ticket:{ticket.key}", since=since)
    make.note(ticket, petra)
    db.session.commit()

    assert stream.gets(f"ticket:{ticket.key}")


def test_nobody_is_told_of_what_they_may_not_see(people):
    ticket, another, petra, (_, strangers, _) = people
    since = drawn(strangers, "/tickets")

    make.reply(ticket, petra)
    make.reply(another, petra)
    db.session.commit()

    stream = listen(strangers, f"ticket:{ticket.key}", f"ticket:{another.key}", "queue", since=since)
    assert stream.gets(f"ticket:{another.key}")


@pytest.mark.parametrize("since", ["", ".", "5", "nobody.knows.it", "x" * 1000])
def test_where_nobody_knows_what_came_since_everything_of_theirs_is_asked_for_once(people, since):
    ticket, another, _, (_, strangers, _) = people

    stream = listen(strangers, f"ticket:{ticket.key}", f"ticket:{another.key}", since=since)

    assert stream.gets(f"ticket:{another.key}", f"user:{another.requester_id}")
    assert len(stream.names) == 2


def test_parts_that_come_later_say_it_too(people):
    ticket, _, _, (_, _, petras) = people
    part = petras.get(f"/tickets/{ticket.key}/preview", headers={"HX-Request": "true"})
    since = part.headers["X-Live-Since"]

    make.reply(ticket, ticket.requester)
    db.session.commit()

    topic = f"ticket:{ticket.key}"
    assert listen(petras, topic, since=since).gets(topic)


@pytest.fixture
def hub_at(redis_url, monkeypatch):
    """A hub as each web process has one; it hears Redis by way of this line, or without one."""
    for name, seconds in {"PULSE": 0.1, "SILENCE": 1, "PAUSE": 0.1, "FIRST_WORD": 30}.items():
        monkeypatch.setattr(live, name, seconds)
    hubs = []

    def at(line=None):
        hub = Hub(line.instead_of(redis_url) if line else redis_url, cap=20)
        hubs.append(hub)
        hub.close(hub.open(frozenset()))
        assert until(lambda: hub.last_mark)
        return hub

    yield at
    for hub in hubs:
        hub.end()


@pytest.fixture
def line(redis_url):
    line = Line.to(redis_url)
    yield line
    line.close()


def until(is_so, seconds=30.0):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def waiting(inbox):
    return [inbox.get_nowait() for _ in range(inbox.qsize())]


def test_a_page_of_one_process_opens_its_stream_in_another(hub_at, app, world):
    one, other = hub_at(), hub_at()
    assert until(lambda: one.last_mark == other.last_mark), "all hear the same in the same order"
    since = one.last_mark

    make.ticket()
    db.session.commit()
    assert until(lambda: other.last_mark != since)

    assert waiting(other.open(frozenset({"queue", "a"}), since=since)) == ["queue"]
    assert waiting(other.open(frozenset({"queue", "a"}), since=other.last_mark)) == []


def test_after_redis_was_away_a_page_from_before_asks_once(hub_at, line):
    steady, broken = hub_at(), hub_at(line)
    assert until(lambda: steady.last_mark == broken.last_mark)
    since = broken.last_mark

    line.cut()
    assert until(lambda: not broken.last_mark), "a page that is drawn now knows of nothing"
    line.through()
    assert until(lambda: broken.last_mark)

    assert waiting(broken.open(frozenset({"a"}), since=since)) == [EVERYTHING]
    assert waiting(broken.open(frozenset({"a"}), since=broken.last_mark)) == []
    assert waiting(steady.open(frozenset({"a"}), since=since)) == [], "which has heard all that came since"


def test_a_client_that_came_back_by_itself_may_have_missed_something_too(hub_at, redis_url):
    hub = hub_at()
    since = hub.last_mark
    inbox = hub.open(frozenset({"a"}))

    with live.Redis.from_url(redis_url) as redis:
        hub._begin_to_hear(redis)

    assert waiting(inbox) == [EVERYTHING]
    assert waiting(hub.open(frozenset({"a"}), since=since)) == [EVERYTHING]


def test_news_that_could_not_be_told_are_made_up_for(hub_at, line, redis_url, app, world, monkeypatch):
    """Redis is back for those who listen before whoever changes something tries it again."""
    own, others = hub_at(), hub_at()
    inbox = others.open(frozenset({"queue"}))
    line.cut()
    monkeypatch.setitem(app.extensions, "hub", own)
    monkeypatch.setitem(app.extensions, "patient_redis", PatientRedis(line.instead_of(redis_url)))

    make.ticket()
    db.session.commit()

    assert inbox.get(timeout=30) == EVERYTHING
    assert own.owes_news is False


def test_a_mark_that_was_heard_twice_leads_on_from_its_first_place(redis_url):
    """A client that tries again may have been heard the first time."""
    hub = Hub(redis_url, cap=5)
    for mark, topic in (("1", "a"), ("2", "b"), ("1", "a")):
        hub.hear(mark, topic)
    assert hub._missed("1") == {"b"}


def test_what_lies_too_far_back_is_not_kept(redis_url):
    hub = Hub(redis_url, cap=5)
    for number in range(live.KEPT + 1):
        hub.hear(str(number), "a")
    assert hub._missed("0") == {EVERYTHING}
    assert hub._missed("1") == {"a"}
    assert len(hub._remembered) == live.KEPT


def test_whoever_opens_while_news_come_gets_them(hub_at):
    hub = hub_at()
    since, inboxes, start = hub.last_mark, [], threading.Barrier(2)

    def tell():
        start.wait()
        for number in range(200):
            hub.hear(f"mark {number}", "a")

    telling = threading.Thread(target=tell)
    telling.start()
    start.wait()
    for _ in range(15):
        inboxes.append(hub.open(frozenset({"a"}), since=since))
        hub.close(inboxes[-1]) if len(inboxes) % 2 else None
    telling.join()

    last = hub.open(frozenset({"a"}), since=since)
    assert waiting(last) == ["a"]
