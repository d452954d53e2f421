"""The schema goes up, down and up again with data in it, once at a time, and whoever needs it waits."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import func, inspect, select, text

from portal import create_app, schema
from portal.extensions import db
from portal.seeding import actions as seeding
from portal.seeding.stories import all_stories
from portal.tickets.models import Ticket

ROOT = Path(__file__).parent.parent
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
REVISIONS = [each.revision for each in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]


@pytest.fixture(scope="module")
def server(owner_url):
    """A connection that may make and drop databases."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def make_database(server, owner_url):
    """Make an empty database, or a copy of another, and give its address; all are dropped in the end."""
    own = owner_url.rpartition("/")[2].partition("?")[0]
    made = []

    def make(purpose, *, like=None, exists=True):
        name = f"{own}_{purpose}"
        drop(name)
        made.append(name)
        if exists:
            create(name, like=like)
        return re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", owner_url, count=1)

    def create(name, *, like=None):
        template = like.rpartition("/")[2] if like else "template1"
        making = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(making.format(sql.Identifier(name), sql.Identifier(template)))

    def drop(name):
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    make.create = create
    yield make
    for name in made:
        drop(name)


@pytest.fixture(scope="module")
def app_on(settings):
    """The application on another database, as its owner."""

    def on(url):
        address = url.replace("postgresql://", "postgresql+psycopg://")
        one_role = {"database_url": address, "maintenance_database_url": ""}
        return create_app(settings.model_copy(update=one_role))

    return on


@pytest.fixture(scope="module")
def filled(make_database, app_on):
    """The address of a database at head with a small world in it."""
    url = make_database("filled")
    app = app_on(url)
    with app.app_context(), pytest.MonkeyPatch.context() as patched:
        list(schema.migrate(patience=10))
        patched.setattr(seeding, "all_stories", lambda: all_stories()[::3])
        seeding.seed_demo_world()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return url


@pytest.fixture
def on(app_on):
    """Run in the context of an application on that database."""
    contexts = []

    def enter(url):
        context = app_on(url).app_context()
        context.push()
        contexts.append(context)

    yield enter
    for context in reversed(contexts):
        db.session.remove()
        db.engine.dispose()
        context.pop()


@pytest.fixture
def start():
    """Start `flask …` as a process of its own on that database; killed if it is still there."""
    running = []

    def start(url, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=os.environ
            | {"DATABASE_URL": url, "MAINTENANCE_DATABASE_URL": ""}
            | {"ENVIRONMENT": "test", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def alembic(verb, revision):
    """Go to that revision over the application's own connection."""
    with db.engine.connect() as connection:
        getattr(command, verb)(schema._config(connection), revision)
        connection.commit()


def tables():
    return set(inspect(db.engine).get_table_names())


def count_tickets():
    counted = db.session.scalar(select(func.count()).select_from(Ticket))
    db.session.rollback()
    return counted


def test_up_down_and_up_again_on_a_filled_database(make_database, filled, on):
    on(make_database("updown", like=filled))
    before = tables()
    assert count_tickets() > 10

    alembic("downgrade", "base")
    assert tables() == {"alembic_version"}
    alembic("upgrade", "head")

    assert tables() == before
    assert schema.is_at_head()
    assert count_tickets() == 0
    seeding.seed_demo_world()
    assert count_tickets() == len(all_stories())


def test_each_step_down_can_be_taken_back(make_database, filled, on):
    on(make_database("steps", like=filled))

    for revision in REVISIONS:
        assert schema.current_head() == revision
        alembic("downgrade", "-1")
        alembic("upgrade", "+1")
        assert schema.current_head() == revision
        alembic("downgrade", "-1")

    assert schema.current_head() is None


def test_where_audited_events_came_from_goes_down_and_up_and_into_no_tickets_history(
    make_database, filled, on
):
    on(make_database("addresses", like=filled))
    firsts = "SELECT min(id) FROM events GROUP BY ticket_id IS NULL"
    db.session.execute(text(f"UPDATE events SET address = '192.0.2.1' WHERE id IN ({firsts})"))
    db.session.commit()

    alembic("downgrade", "0014")
    alembic("upgrade", "head")

    known = "SELECT ticket_id IS NULL FROM events WHERE address = '192.0.2.1'"
    assert db.session.scalars(text(known)).all() == [True]
    assert db.session.scalar(text("SELECT count(*) FROM events WHERE data ? 'address'")) == 0


def test_models_and_migrations_say_the_same(filled, on):
    on(filled)

    with db.engine.connect() as connection:
        command.check(schema._config(connection))  # raises where they differ


def test_flask_db_check_finds_nothing_to_do(filled, start):
    check = start(filled, "db", "check")
    said, _ = check.communicate(timeout=30)

    assert check.returncode == 0, said
    assert "No new upgrade operations detected" in said


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_has_one_subject_a_way_back_and_no_models(path):
    text_of = path.read_text()

    assert "import portal" not in text_of
    assert "from portal" not in text_of
    assert re.search(r"def downgrade\(\) -> None:\n    (?!pass)", text_of)
    assert re.match(r"\d{4}_\d\d_\d\d_\d{4}_\w+$", path.stem)


def test_two_migrations_at_once_come_one_after_the_other(make_database, start):
    url = make_database("twice")

    both = [start(url, "ops", "migrate") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert sum("Upgraded." in each for each in said) == 1
    assert sum("The schema is at head" in each for each in said) == 1


def test_the_second_migration_says_that_it_waits_and_gives_up_in_the_end(make_database, start):
    url = make_database("locked")
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [schema.LOCK])
        patient, hasty = start(url, "ops", "migrate"), start(url, "ops", "migrate", "--wait", "1")
        assert "Another migration runs; waiting for it." in patient.stdout.readline()
        said, _ = hasty.communicate(timeout=30)
        assert hasty.returncode == 1
        assert "Another migration still runs after 1 s." in said

    said, _ = patient.communicate(timeout=60)
    assert patient.returncode == 0, said
    assert "Upgraded." in said


def test_a_schema_that_is_there_without_a_version_is_stamped(make_database, on):
    on(make_database("stamped"))
    db.session.execute(text("CREATE EXTENSION pg_trgm"))
    db.session.commit()
    db.create_all()

    said = list(schema.migrate(patience=5))

    assert said == [f"The schema was there without a version; it is that of {schema.expected_head()}."]
    assert schema.is_at_head()


def test_another_schema_without_a_version_is_refused_and_left_alone(make_database, on):
    on(make_database("foreign"))
    db.session.execute(text("CREATE EXTENSION pg_trgm"))
    db.session.commit()
    db.create_all()
    db.session.execute(text("ALTER TABLE tickets DROP COLUMN reply_count"))
    db.session.commit()

    with pytest.raises(schema.SchemaError, match=r"\(1 differences\)"):
        list(schema.migrate(patience=5))

    assert schema.current_head() is None


def test_a_migration_waits_for_a_database_that_comes_later(make_database, start):
    url = make_database("later", exists=False)
    migration = start(url, "ops", "migrate", "--wait", "30")
    time.sleep(3)
    assert migration.poll() is None

    make_database.create(url.rpartition("/")[2])

    said, _ = migration.communicate(timeout=60)
    assert migration.returncode == 0, said
    assert "Upgraded." in said


def test_a_migration_gives_up_on_a_database_that_never_comes(make_database, start):
    migration = start(make_database("never", exists=False), "ops", "migrate", "--wait", "1")
    said, _ = migration.communicate(timeout=30)

    assert migration.returncode == 1
    assert "The database did not answer within 1 s" in said


def test_what_needs_the_schema_waits_for_the_migration(make_database, start):
    """As the web container does before it starts."""
    url = make_database("waiting")
    waiting = start(url, "ops", "wait-for-head", "--timeout", "60")
    behind = start(url, "ops", "verify-head")
    said, _ = behind.communicate(timeout=30)
    assert behind.returncode == 1
    assert f"current:  none\nexpected: {schema.expected_head()}" in said
    assert waiting.poll() is None

    migration = start(url, "ops", "migrate")
    migration.communicate(timeout=60)

    said, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, said
    assert start(url, "ops", "verify-head").wait(30) == 0


def test_waiting_for_the_schema_ends_after_its_time(make_database, start):
    waiting = start(make_database("impatient"), "ops", "wait-for-head", "--timeout", "1")
    said, _ = waiting.communicate(timeout=30)

    assert waiting.returncode == 1
    assert "Run `flask ops migrate`" in said
