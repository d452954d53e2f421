"""How many live pages one person may have: the oldest then asks by itself, and nobody else notices."""

import threading

import pytest

from portal.extensions import db
from portal.gateways.live import ENOUGH, Hub
from portal.notifications import live as pages
from tests import factories as make
from tests import serving

ANN, BEN = 1, 2


@pytest.fixture
def hub(redis_url):
    hub = Hub(redis_url, cap=6, share=3)
    yield hub
    hub.end()


def said(hub, inbox):
    """What the stream says until it ends."""
    return [topic for topic in hub.news(inbox) if topic]


def test_the_oldest_of_a_person_yields_to_the_newest(hub):
    anns = [hub.open(frozenset({"a"}), owner=ANN) for _ in range(3)]
    bens = hub.open(frozenset({"a"}), owner=BEN)

    newest = hub.open(frozenset({"a"}), owner=ANN)

    assert said(hub, anns[0]) == [ENOUGH]
    hub.hand_out(["a"])
    assert [inbox.get_nowait() for inbox in (anns[1], anns[2], newest, bens)] == ["a"] * 4


def test_where_the_process_is_full_each_still_has_their_share_and_no_more(hub):
    for owner in (ANN, BEN):
        for _ in range(3):
            assert hub.open(frozenset(), owner=owner) is not None

    assert hub.open(frozenset(), owner=3) is None
    assert hub.open(frozenset(), owner=ANN) is not None  # in place of her oldest
    assert hub.open(frozenset(), owner=3) is None


def test_a_stream_that_is_closed_counts_no_more(hub):
    first, second, _third = (hub.open(frozenset({"a"}), owner=ANN) for _ in range(3))
    hub.close(first)

    hub.open(frozenset({"a"}), owner=ANN)

    hub.hand_out(["a"])
    assert second.get_nowait() == "a"


def test_one_that_yields_is_told_even_where_its_news_have_piled_up(hub):
    slow = hub.open(frozenset({"a"}), owner=ANN)
    for _ in range(500):
        hub.hand_out(["a"])

    for _ in range(3):
        hub.open(frozenset({"a"}), owner=ANN)

    assert said(hub, slow)[-1] == ENOUGH


def test_twenty_at_the_same_moment_leave_three(hub):
    hub.open(frozenset(), owner=BEN)  # begins to listen
    start = threading.Barrier(20)

    def open_one():
        start.wait()
        hub.open(frozenset({"a"}), owner=ANN)

    threads = [threading.Thread(target=open_one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [stream.owner for stream in hub._streams.values()].count(ANN) == 3


def test_the_browser_is_told_by_an_event_of_its_own():
    class Told:
        def news(self, inbox):
            yield ENOUGH

    told = list(pages._named(Told(), None, {"queue": "queue"}, dict))

    assert told[-1] == "event: enough\ndata: this page asks by itself from now on\n\n"


@pytest.fixture
def served(shared_app, settings, tmp_path):
    places = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    with serving.answering(tmp_path, **places, LIVE_STREAMS_PER_PERSON="2") as desk:
        yield desk


def test_a_person_with_many_pages_has_as_many_streams_as_the_setting_says(served):
    ann = make.employee()
    db.session.commit()
    browser = served.browser(ann.email, make.PASSWORD)

    streams = [browser.get("/live?topics=queue", stream=True) for _ in range(3)]

    assert [stream.status_code for stream in streams] == [200, 200, 200]
    assert "event: enough" in streams[0].text  # and it has ended
    for stream in streams[1:]:
        lines = stream.iter_lines(decode_unicode=True)
        assert next(lines).startswith("retry")
        stream.close()
