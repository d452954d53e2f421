"""A whole desk for browsers: the seeded demo world, gunicorn, a real worker, and Chromium."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import serving

SHOTS = serving.ROOT / "tests" / "screenshots"
AXE = serving.ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "demo-demo-demo"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@pytest.fixture(scope="session")
def desk(worker_id, tmp_path_factory):
    """The demo world, served as in production but for its address."""
    suffix = f"{os.environ.get('TEST_DATABASE_SUFFIX', '')}{worker_id}"
    number = 8 + int(re.sub(r"\D", "", worker_id) or 0) % 4
    served = serving.serve(
        tmp_path_factory.mktemp("desk"),
        DATABASE_URL=serving.new_database(f"journeys_{suffix}"),
        REDIS_URL=serving.redis_number(os.environ["REDIS_URL"], number),
        DEMO_MODE="true",
    )
    for command in (("ops", "migrate"), ("storage", "prepare"), ("seed",)):
        serving.run(served.environment, "flask", "--app", "wsgi", *command)
    with serving.ended(served):
        served.start_web()
        served.start_worker()
        served.wait_for("/readyz")
        yield served


@pytest.fixture(scope="session")
def chromium() -> Browser:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "There is no Chromium: `bin/test` installs it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(desk, chromium):
    """A browser of its own for somebody; `who` is the first part of a demo person's address."""
    contexts: list[BrowserContext] = []

    def browse(who: str | None = None, **options) -> Page:
        context = chromium.new_context(base_url=desk.url, locale=options.pop("locale", "en-GB"), **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        if who:
            log_in(page, who)
        return page

    yield browse
    for context in contexts:
        context.close()


def log_in(page: Page, who: str) -> None:
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
