"""The database as its owner has it: for migrations, and for the few jobs that may change what has happened.

The application's own role may add to the audit log and read it, nothing else
(`portal.privileges`). MAINTENANCE_DATABASE_URL is given to what migrates and to
the worker, and never to the web server.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from flask import current_app
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine

from portal.config import Settings
from portal.extensions import db

CONNECT_ARGS = {
    "connect_timeout": 3,
    "application_name": "servicedesk maintenance",
    "options": "-c lock_timeout=4000 -c statement_timeout=60000 -c timezone=UTC -c jit=off",
}


def engine() -> Engine:
    """The owner's; where no address is set for one, the application's own."""
    settings: Settings = current_app.config["DESK"]
    if not settings.has_two_roles:
        return db.engine
    known = current_app.extensions.get("maintenance")
    if known is None:
        known = create_engine(
            settings.maintenance_database_url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=CONNECT_ARGS,
        )
        current_app.extensions["maintenance"] = known
    return known


@contextmanager
def as_owner() -> Iterator[Connection]:
    """A transaction of the owner's: committed at the end, undone where something is raised."""
    with engine().begin() as connection:
        yield connection


def can_log_in(address: URL) -> bool:
    """Whether the database lets that role in with that password."""
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(plain, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True
