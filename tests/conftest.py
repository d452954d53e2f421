"""Every test runs on the real servers that `bin/test` starts, each in a transaction of its own."""

import gc
import importlib
import shutil

import pytest
from flask import session as request_session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from playwright.sync_api import Browser, sync_playwright
from redis import Redis
from sqlalchemy import event, text

from portal import create_app, memory, schema
from portal.accounts.actions import open_session
from portal.config import read_settings
from portal.extensions import db, limiter
from portal.gateways.maintenance import as_owner
from portal.gateways.queue import RedisQueues
from portal.settings import cache
from portal.settings.cache import forget_site
from tests import factories as make
from tests import isolation, serving

# The shell is the same engine without a window around the page, and takes half as long.
CHROMIUM = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def pytest_collection_finish():
    """What was collected stays to the end; looking through it for garbage took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as in `gunicorn.conf.py`


class ListQueue:
    """Keeps what is enqueued; `run` does it as a worker would, with what that enqueues in turn."""

    def __init__(self, app):
        self.app, self.jobs = app, []

    def enqueue(self, job, *args, queue):
        self.jobs.append((job, args))

    def run(self):
        while self.jobs:
            self.run_next()

    def run_next(self):
        name, args = self.jobs.pop(0)
        module, function = name.rsplit(".", 1)
        db.session.rollback()  # what the test did not commit, the job does not see
        with self.app.app_context():
            getattr(importlib.import_module(module), function)(*args)

    def lengths(self):
        return {"urgent": len(self.jobs), "default": 0, "slow": 0}


class PortalClient(FlaskClient):
    """A browser whose every request starts and ends as in production.

    Each has its own application context, hence its own `g` and its own, empty
    database session: the statements counted are all there are, and what the
    view did not commit is lost. So is what the test did not commit before.
    """

    sends_token = True

    def open(self, *args, **kwargs):
        db.session.rollback()
        if self.sends_token and kwargs.get("method", "GET") != "GET":
            kwargs["headers"] = {**kwargs.get("headers", {}), "X-CSRFToken": self._token()}
        with self.application.app_context():
            return super().open(*args, **kwargs)

    def _token(self):
        with self.session_transaction() as session:
            session["csrf_token"] = "known"
        with self.application.test_request_context():
            request_session["csrf_token"] = "known"
            return generate_csrf()


@pytest.fixture(autouse=True)
def _push_request_context():
    """Not pytest-flask's: its one context for the whole test would make every client the same user."""
    return


@pytest.fixture(scope="session")
def database_url(worker_id):
    """A database of this worker's own, empty, as the application reaches it."""
    return serving.new_database(f"test_{isolation.suffix(worker_id)}")


@pytest.fixture(scope="session")
def owner_url(database_url):
    """The same database as its owner reaches it: for what changes its tables, or what has happened."""
    return serving.owner(database_url)


@pytest.fixture(scope="session")
def redis_url(worker_id):
    """A database of Redis that is nobody else's while this worker runs."""
    with isolation.own_redis(isolation.suffix(worker_id)) as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url, owner_url, redis_url, worker_id):
    return read_settings(
        environment="test",
        database_url=database_url,
        maintenance_database_url=owner_url,
        redis_url=redis_url,
        public_url="http://localhost",
        log_format="console",
        log_level="WARNING",
        smtp_host="",
        **isolation.buckets(worker_id),
    )


@pytest.fixture(scope="session")
def _app(settings):
    app = create_app(settings)
    app.config["TESTING"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = PortalClient
    with app.app_context():
        list(schema.migrate(patience=10))
        app.extensions["storage"].prepare()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def _fresh(_app):
    """No limit used up, no setting remembered, and jobs collected instead of run."""
    real = _app.extensions["queue"]
    _app.extensions["queue"] = ListQueue(_app)
    _app.extensions.pop("site_settings", None)
    _app.extensions.pop("remembered", None)
    with _app.app_context():
        limiter.reset()
    yield
    _app.extensions["queue"] = real
    _app.extensions.pop("site_settings", None)
    _app.extensions.pop("remembered", None)


@pytest.fixture
def app(_app, _fresh):
    """The application inside one transaction that is rolled back after the test."""
    with _app.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        db.engines[None] = connection
        db.session().expire_on_commit = True  # a test sees what requests have changed meanwhile
        yield _app
        db.session.remove()
        transaction.rollback()
        connection.close()
        db.engines[None] = engine


@pytest.fixture
def shared_app(_app, _fresh):
    """The application with real commits, for tests with two workers; emptied afterwards."""
    with _app.app_context():
        db.session().expire_on_commit = True
        yield _app
        db.session.remove()
        names = ", ".join(table.name for table in db.metadata.sorted_tables)
        with as_owner() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def queue(app):
    return app.extensions["queue"]


@pytest.fixture
def redis(_app, _fresh, redis_url):
    """The tests' Redis with nothing in it, and the application enqueuing there."""
    with Redis.from_url(redis_url) as connection:
        connection.flushdb()
        _app.extensions["queue"] = RedisQueues(_app.extensions["patient_redis"])
        yield connection
        connection.flushdb()


@pytest.fixture
def client_for(app):
    """A browser that is logged in as this person; None for nobody."""

    def log_in(user):
        client = app.test_client()
        if user is None:
            return client
        _, token = open_session(user)
        db.session.commit()
        with client.session_transaction() as session:
            session["_user_id"] = token
        return client

    return log_in


@pytest.fixture
def statements(app, monkeypatch):
    """The SQL that runs from here on, savepoints apart; what is remembered stays so meanwhile."""
    seen, now = [], memory.monotonic()
    for kept in (memory, cache):  # on a busy machine a test may take longer than they last
        monkeypatch.setattr(kept, "monotonic", lambda: now)

    def note(connection, cursor, statement, *_):
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    engine = db.engines[None].engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def forget_settings():
    return forget_site


@pytest.fixture
def world(app):
    """The desk as most tests want it: the default lifecycle and the project IT."""
    return make.desk()


@pytest.fixture(scope="session")
def chromium() -> Browser:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, "There is no Chromium: `bin/test` installs it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
