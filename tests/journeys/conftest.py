"""A whole desk for browsers: a database of its own, gunicorn, a real worker, and Chromium."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from psycopg import sql

ROOT = Path(__file__).parent.parent.parent
SHOTS = ROOT / "tests" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "demo-demo-demo"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@dataclass
class Desk:
    url: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def desk(worker_id, tmp_path_factory):
    """The seeded demo world, served as in production but for its address."""
    suffix = f"{os.environ.get('TEST_DATABASE_SUFFIX', '')}{worker_id}"
    port = _free_port()
    environment = os.environ | {
        "DATABASE_URL": _new_database(f"journeys_{suffix}"),
        "REDIS_URL": re.sub(
            r"/\d+$", f"/{8 + int(re.sub(r'[^0-9]', '', worker_id) or 0) % 7}", os.environ["REDIS_URL"]
        ),
        "ENVIRONMENT": "test",
        "DEMO_MODE": "true",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
    log = (tmp_path_factory.mktemp("desk") / "log").open("w")
    _run(environment, "flask", "--app", "wsgi", "ops", "migrate")
    _run(environment, "flask", "--app", "wsgi", "seed")
    processes = [
        _start(environment, log, "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"),
        _start(environment, log, "python", "-m", "jobs.worker"),
    ]
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz", processes[0], Path(log.name))
        yield Desk(f"http://127.0.0.1:{port}", environment)
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _new_database(name: str) -> str:
    given = os.environ["DATABASE_URL"]
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", given, count=1)


def _program(name: str) -> str:
    """The one beside this very Python, so that no activated environment is needed."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


def _run(environment, name, *arguments):
    subprocess.run([_program(name), *arguments], env=environment, cwd=ROOT, check=True, capture_output=True)


def _start(environment, log, name, *arguments):
    return subprocess.Popen(
        [_program(name), *arguments],
        env=environment,
        cwd=ROOT,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _wait_for(url, process, log, patience=30):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"The desk did not start:\n{log.read_text()[-3000:]}")


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
    page.fill("input[name=email]", f"{who}@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action*=login] button:has-text('Log in'), form button[type=submit]:has-text('Log in')")
    page.wait_for_url(lambda url: "/login" not in url)


def axe(page: Page) -> list[str]:
    """What axe finds, best practices included, as lines fit for an assertion; [] is the aim."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
