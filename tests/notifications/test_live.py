"""News reach open pages, and only those who may see what they are about."""

import pytest
from sqlalchemy import delete

from portal.accounts.models import Session
from portal.extensions import db
from portal.gateways import live
from portal.gateways.live import Hub
from portal.tickets import actions
from tests import factories as make
from tests import serving
from tests.notifications.streams import Stream, listen, neighbours


@pytest.fixture
def served(shared_app, settings, tmp_path):
    places = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    with serving.answering(tmp_path, **places, LIVE_STREAMS_PER_PROCESS="3") as desk:
        yield desk


@pytest.fixture
def people(served):
    return neighbours(served)


def test_a_change_is_told_at_once_to_those_who_may_see_it(people):
    ticket, another, petra, (anns, strangers, petras) = people
    hers = f"ticket:{ticket.key}"
    ann, agent = listen(anns, hers, "queue"), listen(petras, hers, "queue")
    stranger = listen(strangers, hers, f"ticket:{another.key}")

    make.reply(ticket, petra)
    db.session.commit()
    make.reply(another, petra)  # later: what the stranger is told of this comes after what they are not told
    db.session.commit()

    assert ann.gets(hers)
    assert agent.gets(hers, "queue")
    assert stranger.gets(f"ticket:{another.key}")


def test_past_the_cap_the_page_is_told_to_ask_by_itself(people):
    *_, (anns, *_others) = people
    streams = [listen(anns), *(Stream(anns) for _ in range(3))]
    assert [stream.answer.status_code for stream in streams] == [200, 200, 200, 204]


def test_without_a_login_there_is_no_stream(served):
    answer = serving.Browser(served.url).get("/live?topics=queue", allow_redirects=False)
    assert answer.status_code == 303


def test_whoever_was_logged_out_gets_no_new_stream(people):
    *_, (anns, *_others) = people
    db.session.execute(delete(Session))
    db.session.commit()
    assert anns.get("/live", allow_redirects=False).status_code == 303


@pytest.fixture
def hub(redis_url, monkeypatch):
    monkeypatch.setattr(live, "FIRST_WORD", 30)  # seconds: the machine may be busy
    hub = Hub(redis_url, cap=2)
    yield hub
    hub.end()


def test_a_stream_gets_just_its_topics(hub):
    inbox = hub.open(frozenset({"a"}))
    hub.hand_out(["a", "b"])
    assert inbox.get_nowait() == "a"
    assert inbox.empty()


def test_a_slow_browser_holds_nobody_up(hub):
    slow, other = hub.open(frozenset({"a"})), hub.open(frozenset({"b"}))
    for _ in range(500):
        hub.hand_out(["a"])
    hub.hand_out(["b"])
    assert other.get_nowait() == "b"
    assert slow.full()


def test_a_closed_stream_makes_room(hub):
    hub.open(frozenset())
    inbox = hub.open(frozenset())
    assert hub.open(frozenset()) is None
    hub.close(inbox)
    assert hub.open(frozenset()) is not None


def test_a_rolled_back_change_is_not_told(app, world, monkeypatch):
    said = []
    monkeypatch.setattr(app.extensions["patient_redis"], "ask", lambda question: said.append(question))
    ticket = make.ticket()
    db.session.commit()
    told = len(said)
    actions.assign(ticket, make.agent(), actor=None)
    db.session.rollback()
    assert len(said) == told == 1
