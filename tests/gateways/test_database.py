"""A connection that is gone is never handed out; one that stands is rarely asked."""

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine, event, func, insert, literal, select, text, update

from portal.accounts.actions import open_session
from portal.accounts.models import User
from portal.extensions import db
from portal.gateways import database
from portal.tickets.tags import Tag
from tests import factories as make

INTRANS = TransactionStatus.INTRANS


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


def test_columns_are_described_when_somebody_asks(engine, monkeypatch):
    made, column = [], database.psycopg.Column
    monkeypatch.setattr(database.psycopg, "Column", lambda *which: made.append(which[1]) or column(*which))
    two = select(literal(1).label("one"), literal("b").label("two"))
    with engine.connect() as connection:
        assert connection.execute(two).mappings().one() == {"one": 1, "two": "b"}
        assert set(made) == {0, 1}  # SQLAlchemy learns what the statement gives
        made.clear()
        assert connection.execute(two).mappings().one() == {"one": 1, "two": "b"}
        assert made == []

        cursor = connection.connection.cursor()
        assert cursor.description is None
        found = cursor.execute("SELECT 1 AS one, 2 AS two").description
        assert ([each.name for each in found], len(found), found[1].name) == (["one", "two"], 2, "two")
        assert [each.name for each in found[:1]] == ["one"]
        assert cursor.execute("SELECT").description == []


def plans(connection):
    """What the server keeps plans of, on this connection."""
    kept = "SELECT statement FROM pg_prepared_statements"
    return [row[0] for row in connection.exec_driver_sql(kept)]


def test_only_statements_that_say_so_keep_their_plan(engine):
    with engine.connect() as connection:
        for _ in range(8):
            connection.execute(text("SELECT 1 + :one"), {"one": 1})
            connection.execute(text("SELECT 2 + :one"), {"one": 1}, execution_options=database.KEEPS_PLAN)
        assert len(plans(connection)) == 1
        assert plans(connection)[0].startswith("SELECT 2 +")


@pytest.fixture
def alone(shared_app):
    """The application's engine with one connection that is free: each context gets the same one."""
    db.session.remove()
    db.engine.dispose()
    return shared_app


def test_plans_outlive_a_page_that_only_reads(alone):
    _, token = open_session(make.agent())
    db.session.commit()
    client = alone.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    for _ in range(8):
        assert client.get("/notifications").status_code == 200
    with db.engine.connect() as connection:
        assert any("FROM users JOIN sessions" in statement for statement in plans(connection))


def test_what_was_not_committed_is_never_committed_at_the_end(alone):
    made = make.agent(name="Before")
    db.session.commit()
    kept = made.id

    def change(how):
        with alone.app_context():
            how(db.session.get_one(User, kept))

    def by_statement(user):
        db.session.execute(update(User).where(User.id == user.id).values(name="After"))

    def by_flush(user):
        user.name = "After"
        db.session.flush()

    def unflushed(user):
        user.name = "After"

    for how in (by_statement, by_flush, unflushed):
        change(how)
        db.session.expire_all()
        assert db.session.get_one(User, kept).name == "Before", how
        db.session.rollback()


def test_a_context_that_failed_ends_with_a_rollback(alone):
    ended = []
    heard = {word: lambda *_, word=word: ended.append(word) for word in ("commit", "rollback")}
    for word, hear in heard.items():
        event.listen(db.engine, word, hear)
    with pytest.raises(ZeroDivisionError), alone.app_context():
        db.session.scalar(select(1))
        raise ZeroDivisionError
    with alone.app_context():
        db.session.scalar(select(1))
    for word, hear in heard.items():
        event.remove(db.engine, word, hear)
    assert ended == ["rollback", "commit"]


ACTS = {
    "a row is changed": update(User).values(name=User.name),
    "a row is locked": select(User.id).with_for_update(),
    "a row is locked in a part": select(select(User.id).with_for_update().subquery()),
    "rows are added": insert(Tag).returning(Tag.id),
    "something is locked": select(func.pg_advisory_xact_lock(1)),
    "something is set": select(func.set_config("desk.reason", "x", True)),
    "something is set in words": text("SET LOCAL statement_timeout = 1000"),
    "it writes within a reading": select(update(User).values(name=User.name).returning(User.id).cte()),
}


def is_in_transaction():
    return db.session.connection().connection.driver_connection.pgconn.transaction_status == INTRANS


def test_a_page_that_only_reads_has_no_transaction(alone):
    with alone.test_request_context("/"):
        assert db.session.scalar(select(1)) == 1
        assert db.session.scalar(select(select(User.id).limit(1).cte())) is None
        assert not is_in_transaction()


@pytest.mark.parametrize("what", ACTS)
def test_it_begins_one_before_anything_else(alone, what):
    with alone.test_request_context("/"):
        db.session.scalar(select(1))
        params = {"name": "x"} if what == "rows are added" else None
        db.session.execute(ACTS[what], params)
        assert is_in_transaction()
        db.session.scalar(select(1))
        assert is_in_transaction()
        db.session.rollback()


def test_all_that_a_page_wrote_is_undone_together(alone):
    made = make.agent(name="Before")
    db.session.commit()
    with alone.test_request_context("/"):
        db.session.scalar(select(1))
        db.session.execute(insert(Tag), [{"name": "one"}, {"name": "two"}])
        db.session.execute(update(User).where(User.id == made.id).values(name="After"))
        db.session.rollback()
        assert db.session.get_one(User, made.id).name == "Before"
        assert db.session.scalar(select(func.count()).select_from(Tag)) == 0


@pytest.mark.parametrize("place", ["/tickets", None])
def test_elsewhere_reading_begins_one(alone, place):
    context = alone.test_request_context(place, method="POST") if place else alone.app_context()
    with alone.test_request_context("/"):
        db.session.scalar(select(1))  # by the same connection
    with context:
        db.session.scalar(select(1))
        assert is_in_transaction()
