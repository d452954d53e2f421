"""What the application's own database role may do: all that it needs, and not change what has happened."""

from collections.abc import Iterator

from psycopg import sql
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from portal.config import Settings
from portal.extensions import db
from portal.gateways.maintenance import can_log_in

# In this order: what is granted on all tables is taken back on two of them, in one transaction.
GRANTS = (
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON events FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    # Tables that a later migration makes, by whatever command.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
MAY_CHANGE_HISTORY = text("""
    SELECT pg_has_role(relowner, 'MEMBER') OR has_table_privilege(oid, 'UPDATE')
        OR has_table_privilege(oid, 'DELETE') OR has_table_privilege(oid, 'TRUNCATE')
    FROM pg_class WHERE oid = to_regclass('events')
""")


class PrivilegeError(Exception):
    """The application's role cannot be made or let in; the message says what to do."""


def can_change_history() -> bool:
    """Whether the role that asks could change or remove events, by a right or as one who owns them."""
    return bool(db.session.scalar(MAY_CHANGE_HISTORY))


def grant(connection: Connection, settings: Settings) -> Iterator[str]:
    """Let the application's role do its work, and say what is new; as often as one likes.

    To be called as the owner; where both are one role, there is nothing to do. The
    role is made where it is missing. Raises PrivilegeError.
    """
    application = make_url(settings.database_url)
    owner = connection.scalar(text("SELECT current_user"))
    if not settings.has_two_roles or application.username in {None, owner}:
        return
    if not can_log_in(application):
        yield _let_in(connection, application)
    names = {
        "role": sql.Identifier(application.username or ""),
        "database": sql.Identifier(application.database or ""),
    }
    for each in GRANTS:
        connection.exec_driver_sql(sql.SQL(each).format(**names).as_string())
    connection.commit()


def _let_in(connection: Connection, application: URL) -> str:
    """Make the role, or give it the password it comes with. The password itself is not sent.

    Two that migrate different databases of one server may do so at the same time.
    """
    name = application.username or ""
    try:
        connection.exec_driver_sql(_login(connection, application, name).as_string())
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        if not can_log_in(application):
            raise PrivilegeError(
                f"The role {name} of DATABASE_URL cannot log in, and the one of MAINTENANCE_DATABASE_URL"
                f" cannot let it ({error.orig}). Make it with CREATE ROLE {name} LOGIN PASSWORD '…'."
            ) from error
    return f"The application's role {name} can log in."


def _login(connection: Connection, application: URL, name: str) -> sql.Composed:
    known = text("SELECT true FROM pg_roles WHERE rolname = :name")
    verb = "ALTER" if connection.scalar(known, {"name": name}) else "CREATE"
    driver = connection.connection.driver_connection
    password = str(application.password or "").encode()
    sealed = driver.pgconn.encrypt_password(password, name.encode(), b"scram-sha-256")  # type: ignore[union-attr]
    return sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sealed.decode())
