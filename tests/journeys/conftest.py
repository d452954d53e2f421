"""A whole desk for browsers: the seeded demo world, gunicorn, a real worker, and Chromium."""

import re
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import isolation, serving

PATIENCE = 30_000  # milliseconds: a busy machine is slow, and what never comes is missed soon enough
SHOTS = serving.ROOT / "tests" / "screenshots"
AXE = serving.ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "demo-demo-demo"


@pytest.fixture(scope="session")
def desk(worker_id, tmp_path_factory):
    """The demo world, served as in production but for its address."""
    name = f"journeys_{isolation.suffix(worker_id)}"
    with isolation.own_redis(name) as redis_url:
        served = serving.serve(
            tmp_path_factory.mktemp("desk"),
            DATABASE_URL=serving.new_database(name),
            REDIS_URL=redis_url,
            DEMO_MODE="true",
            UPLOAD_MAX_MB="400",
        )
        served.environment["PUBLIC_URL"] = by_name(served)
        serving.fill(served)
        _ask_as_often_as_there_are_tests(served)
        with serving.ended(served):
            served.start_web()
            served.start_worker()
            served.wait_for("/readyz")
            yield served


def _ask_as_often_as_there_are_tests(desk) -> None:
    """The same few people ask in all of them, more within the hour than one person may."""
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("INSERT INTO settings (name, value) VALUES ('tickets_per_hour', '10000')")


def by_name(desk) -> str:
    """The desk's address as passkeys need it: they are made for names, not for numbers."""
    return desk.url.replace("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
def _nothing_half_written(desk):
    """The desk keeps drafts for the person; the next test's person is the same."""
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM drafts")
        connection.execute("DELETE FROM attachments WHERE draft IS NOT NULL")


@pytest.fixture
def open_browser(desk, chromium):
    """A browser of its own, on no page yet, where `who` is logged in, who is named as in `log_in`."""
    pages: list[Page] = []

    def browse(who: str | None = None, **options) -> Page:
        pages.append(new_page(desk, chromium, who, **options))
        return pages[-1]

    yield browse
    for page in pages:
        page.context.close()


def new_page(desk: serving.Served, chromium: Browser, who: str | None = None, **options) -> Page:
    """Of a browser of its own. Whoever asks closes its context: an open page goes on taking time."""
    usual = {"base_url": desk.url, "locale": "en-GB"}
    context = chromium.new_context(**usual | options)
    context.set_default_timeout(PATIENCE)
    if who:
        context.add_cookies(_cookies_of(desk, who))
    return context.new_page()


def _cookies_of(desk: serving.Served, who: str) -> list[dict]:
    """Of a session that has just begun, without the pages that a browser would have to draw for it."""
    jar = desk.browser(f"{who}@example.org", PASSWORD).session.cookies
    return [{"name": cookie.name, "value": cookie.value, "url": desk.url} for cookie in jar]


expect.set_options(timeout=PATIENCE)


@contextmanager
def hearing(page: Page):
    """What the page is led to by this hears the news: it shows by itself what happens from then on."""
    with page.expect_response(lambda answer: "/live?" in answer.url) as stream:
        yield
    assert stream.value.status == 200


def ask(page: Page, title: str) -> str:
    """Send a request to IT support; its key. The page that follows is the request's."""
    page.goto("/tickets/new?type=incident")
    page.fill("#title", title)
    page.fill("#description", "Since **Monday** it drops every 20 minutes.")
    page.select_option("#project_id", label="IT support")
    page.click("button:has-text('Send request')")
    page.wait_for_url(re.compile(r"/tickets/IT-\d+"))
    return re.search(r"/tickets/(IT-\d+)", page.url).group(1)


def log_in(page: Page, who: str) -> None:
    """By the form; `who` is the first part of a demo person's address."""
    page.goto("/login")
    page.fill("#email", f"{who}@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def axe(page: Page) -> list[str]:
    """What axe finds, best practices included, as lines fit for an assertion; [] is the aim."""
    page.evaluate(Path(AXE).read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
