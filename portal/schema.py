"""The database's schema: where it stands, where it should, and how it gets there safely."""

import time
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from portal import privileges
from portal.extensions import db
from portal.gateways import maintenance

DIRECTORY = Path(__file__).parent.parent / "migrations"
LOCK = 7_302_114_001  # any number, the same for ever: one migration at a time
PAUSE = 0.5  # seconds between two looks


class SchemaError(Exception):
    """The schema could not be read or changed; the message says what to do."""


def expected_head() -> str | None:
    """The newest revision this code knows; None where there are no migrations."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current_head() -> str | None:
    """The revision the database is at; None for a database without one. Raises SchemaError."""
    try:
        return MigrationContext.configure(db.session.connection()).get_current_revision()
    except OperationalError as error:
        db.session.rollback()
        raise SchemaError(f"The database does not answer: {error.orig}") from error


def is_at_head() -> bool:
    return current_head() == expected_head()


def wait_for_head(*, patience: float) -> bool:
    """Look until the schema is at head; False once `patience` seconds have gone by."""
    end = time.monotonic() + patience
    while True:
        try:
            if is_at_head():
                return True
        except SchemaError:
            pass  # not there yet; that is what we wait for
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)


def migrate(*, patience: float) -> Iterator[str]:
    """Upgrade to head under an advisory lock, and say what is done; as the owner of the database.

    Then the application's own role may do what it needs, and no more.

    A schema that has its tables but no version is stamped, if it is the one this
    code expects. Raises SchemaError where it is another, and after `patience`
    seconds without a database or without the lock.
    """
    with _connect(patience) as connection:
        yield from _take_lock(connection, patience)
        try:
            yield from _bring_to_head(connection)
            yield from privileges.grant(connection, current_app.config["DESK"])
        except privileges.PrivilegeError as error:
            raise SchemaError(str(error)) from error
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()


def _bring_to_head(connection: Connection) -> Iterator[str]:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).has_table("tickets"):
        yield _stamp(connection)
        return
    if current == expected_head():
        yield f"The schema is at head: {current}."
        return
    yield f"Upgrading from {current or 'nothing'} to {expected_head()} …"
    command.upgrade(_config(connection), "head")
    connection.commit()
    yield "Upgraded."


def _stamp(connection: Connection) -> str:
    """Write down that the schema is at head. Raises SchemaError where it is not."""
    differences = compare_metadata(
        MigrationContext.configure(connection, opts={"compare_type": True}), db.metadata
    )
    if differences:
        raise SchemaError(
            "The database has tables but no version, and they are not those of this release"
            f" ({len(differences)} differences). Find out which release made them, say it with"
            " `flask db stamp REVISION`, and migrate again."
        )
    command.stamp(_config(connection), "head")
    connection.commit()
    return f"The schema was there without a version; it is that of {expected_head()}."


def _connect(patience: float) -> Connection:
    end = time.monotonic() + patience
    while True:
        try:
            return maintenance.engine().connect()
        except OperationalError as error:
            if time.monotonic() >= end:
                raise SchemaError(
                    f"The database did not answer within {patience:.0f} s: {error.orig}"
                ) from error
            time.sleep(PAUSE)


def _take_lock(connection: Connection, patience: float) -> Iterator[str]:
    end = time.monotonic() + patience
    said = False
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
        connection.commit()
        if time.monotonic() >= end:
            raise SchemaError(f"Another migration still runs after {patience:.0f} s.")
        if not said:
            yield "Another migration runs; waiting for it."
            said = True
        time.sleep(PAUSE)
    connection.commit()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    config.attributes["connection"] = connection
    return config
