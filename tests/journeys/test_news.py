"""News that come while a page is on its way: it shows them as soon as its stream is open."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, hearing

pytestmark = pytest.mark.browser
STREAM = re.compile(r"/live\?")


@contextmanager
def deaf(page):
    """The streams that the page opens herein are let through when this is left."""
    waiting = []
    page.route(STREAM, lambda route: waiting.append(route))
    yield waiting
    for route in waiting:
        route.continue_()
    page.unroute(STREAM)


def answer(page, key, words):
    page.goto(f"/tickets/{key}")
    page.fill("#reply-body", words)
    page.press("#reply-body", "Control+Enter")
    expect(page.locator(".timeline")).to_contain_text(words)


@pytest.fixture
def ann(open_browser):
    """Whose page shows a ticket of hers; every web process hears the news by now."""
    page = open_browser("employee")
    with hearing(page):
        page.key = ask(page, "Answered while the page loads")
    return page


def test_what_came_before_the_stream_was_open_is_shown_without_a_reload(ann, open_browser):
    petra = open_browser("agent")
    with deaf(ann) as waiting:
        with ann.expect_request(STREAM):
            ann.goto(f"/tickets/{ann.key}")
        answer(petra, ann.key, "Quicker than your page.")
        expect(ann.locator(".timeline")).not_to_contain_text("Quicker")
        assert len(waiting) == 1

    expect(ann.locator(".timeline")).to_contain_text("Quicker than your page.")


def test_what_came_to_a_new_part_of_the_page_is_shown_too(ann, open_browser):
    """The pane beside a list brings a topic of its own, for which another stream is opened."""
    petra, ben = open_browser("agent", viewport={"width": 1440, "height": 900}), open_browser("ben")
    with hearing(petra):
        petra.goto(f"/queue?q={ann.key}")
    petra.keyboard.press("j")
    expect(petra.locator("[data-row].is-here")).to_have_id(f"row-{ann.key}")
    with deaf(petra):
        with petra.expect_request(lambda asked: STREAM.search(asked.url) and ann.key in asked.url):
            petra.keyboard.press("Space")
        answer(ben, ann.key, "While you look.")

    expect(petra.locator("#previewed")).to_contain_text("While you look.")


def test_in_the_usual_case_nothing_is_fetched_twice(ann, open_browser):
    fetched = []
    ann.on("request", lambda asked: fetched.append(asked.url) if asked.headers.get("x-unattended") else None)
    with hearing(ann):
        ann.goto(f"/tickets/{ann.key}")
    before = len(fetched)

    with ann.expect_response(lambda got: got.request.headers.get("x-unattended") == "1"):
        answer(open_browser("agent"), ann.key, "Once is enough.")

    expect(ann.locator(".timeline")).to_contain_text("Once is enough.")
    assert before == 0
    assert [url for url in fetched if url.endswith(ann.key)] == [f"{ann.url}"]
