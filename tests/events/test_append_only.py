"""What has happened stays as it was: PostgreSQL itself keeps the application from changing it."""

import re

import psycopg
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import ProgrammingError

from portal import create_app, doctor, privileges, schema
from portal.admin import health
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.gateways.maintenance import as_owner
from tests import isolation, serving

REFUSED = "permission denied|must be owner"


@pytest.mark.parametrize(
    "changing",
    [
        update(Event).values(kind="nothing.happened"),
        delete(Event),
        text("TRUNCATE events CASCADE"),
        text("UPDATE events SET data = '{}' WHERE false"),
        text("SELECT id FROM events FOR UPDATE"),
        text("ALTER TABLE events DISABLE TRIGGER ALL"),
        text("ALTER TABLE events ADD COLUMN more int"),
        text("DROP TABLE events CASCADE"),
        text("CREATE TABLE other (one int)"),
        text("SET session_replication_role = replica"),
        text("UPDATE alembic_version SET version_num = '0001'"),
    ],
    ids=lambda changing: str(changing)[:40],
)
def test_the_application_cannot_change_what_has_happened(app, changing):
    record(Kind.PROJECT_CREATED, actor=None, project_id=1, project="IT")
    db.session.flush()

    with pytest.raises(ProgrammingError, match=REFUSED):
        db.session.execute(changing)


def test_a_right_that_was_given_by_hand_is_taken_back_by_the_next_migration(shared_app):
    with as_owner() as connection:
        role = db.engine.url.username
        connection.execute(text(f'GRANT UPDATE, DELETE ON events TO "{role}"'))
    assert privileges.can_change_history()
    db.session.rollback()

    list(schema.migrate(patience=5))

    assert not privileges.can_change_history()


def test_tables_that_come_later_may_be_used_and_numbered(shared_app):
    with as_owner() as connection:
        connection.execute(text("CREATE TABLE come_later (id bigserial PRIMARY KEY, word text)"))
    try:
        db.session.execute(text("INSERT INTO come_later (word) VALUES ('hello')"))
        db.session.execute(text("UPDATE come_later SET word = 'bye'"))
        assert db.session.scalar(text("DELETE FROM come_later RETURNING word")) == "bye"
        db.session.rollback()
    finally:
        with as_owner() as connection:
            connection.execute(text("DROP TABLE come_later"))


@pytest.fixture
def other_role(worker_id):
    """The name of a role that is not there yet, and is gone afterwards."""
    name = f"desk_{isolation.suffix(worker_id)}_other"
    database = f"roles_{isolation.suffix(worker_id)}"

    def forget():
        with psycopg.connect(serving.owner(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            connection.execute(f'DROP ROLE IF EXISTS "{name}"')

    forget()
    serving.new_database(database)
    yield name, serving.owner(f"/{database}")
    forget()


def migrated(settings, application, owner):
    """What migrating says on an application with those two addresses."""
    given = {
        "database_url": application.replace("postgresql://", "postgresql+psycopg://"),
        "maintenance_database_url": owner.replace("postgresql://", "postgresql+psycopg://"),
    }
    app = create_app(settings.model_copy(update=given))
    with app.app_context():
        said = list(schema.migrate(patience=5))
        assert not privileges.can_change_history()
        db.session.remove()
        db.engine.dispose()
    return said


def test_migrating_makes_the_applications_role_and_gives_it_the_password_it_comes_with(settings, other_role):
    name, owner = other_role
    first, second = (re.sub(r"//[^@]*@", f"//{name}:{word}@", owner) for word in ("first-one", "second"))

    assert f"The application's role {name} can log in." in migrated(settings, first, owner)
    assert len(migrated(settings, first, owner)) == 1  # nothing is new
    assert f"The application's role {name} can log in." in migrated(settings, second, owner)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(first)


def test_a_role_that_cannot_be_made_is_told_in_a_sentence(settings, other_role):
    name, owner = other_role
    helpless = re.sub(r"//[^@]*@", f"//{name}:word@", owner)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'word'")
        connection.execute(f'ALTER DATABASE "{owner.rpartition("/")[2]}" OWNER TO "{name}"')
    nobody = re.sub(r"//[^@]*@", "//nobody_there:word@", owner)

    with pytest.raises(schema.SchemaError, match="CREATE ROLE nobody_there LOGIN PASSWORD"):
        migrated(settings, nobody, helpless)


def test_with_two_roles_doctor_and_overview_say_that_the_log_is_safe(app):
    assert [f.level for f in doctor._audit_log()] == ["ok"]
    assert health._audit_log().state == "well"


def test_with_one_role_they_say_that_it_is_not(_app, settings):
    one = {"database_url": settings.maintenance_database_url, "maintenance_database_url": ""}
    app = create_app(settings.model_copy(update=one))
    with app.app_context():
        (finding,) = doctor._audit_log()
        check = health._audit_log()
        db.session.remove()
        db.engine.dispose()

    assert finding.level == "warn"
    assert "could change or remove" in finding.words
    assert check.state == "odd"
    assert "MAINTENANCE_DATABASE_URL" in check.todo
