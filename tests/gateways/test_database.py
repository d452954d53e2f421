"""A connection that is gone is never handed out; one that stands is rarely asked."""

import pytest
from sqlalchemy import create_engine, text

from portal.gateways import database


@pytest.fixture
def engine(app):
    """An engine with one connection, watched."""
    engine = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], pool_size=1, max_overflow=0)
    database.watch(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def pings(engine, monkeypatch):
    asked, ask = [], engine.dialect.do_ping
    monkeypatch.setattr(engine.dialect, "do_ping", lambda connection: asked.append(1) or ask(connection))
    return asked


def backend(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT pg_backend_pid()"))


def test_a_connection_in_use_is_not_asked(engine, pings):
    assert backend(engine) == backend(engine)
    assert pings == []


def test_one_that_has_rested_is_asked(engine, pings, monkeypatch):
    first = backend(engine)
    monkeypatch.setattr(database, "IDLE", -1)
    assert backend(engine) == first
    assert pings == [1]


def test_one_that_the_server_closed_is_replaced(engine, app):
    first = backend(engine)
    with create_engine(app.config["SQLALCHEMY_DATABASE_URI"]).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    assert backend(engine) != first


def test_words_nobody_asked_for_do_not_end_it(engine, pings, app):
    with engine.connect() as connection:
        connection.execute(text("LISTEN something"))
        connection.commit()
    first = backend(engine)
    with create_engine(app.config["SQLALCHEMY_DATABASE_URI"]).begin() as other:
        other.execute(text("NOTIFY something"))
    assert backend(engine) == first
