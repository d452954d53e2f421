"""Connections to PostgreSQL that are known to stand, mostly without asking it, and keep what they know.

Asking before each request whether the server is still there costs as much as a
statement. A connection that the server has closed can be told from its socket:
there is something to read, where nobody has asked for anything.

A statement that says so (`KEEPS_PLAN`) is prepared when it is asked often: making
the plan of a ticket's joins takes ten times as long as following it. psycopg
forgets all of a connection's on a ROLLBACK (a table might have gone with it), so
a transaction that has only read ends with a COMMIT.

A page that only reads has no transaction at all: BEGIN and COMMIT are asked and
answered like statements, and were two of seven. Each statement sees what was
committed when it began, as it does within a transaction too (READ COMMITTED).
The first one that writes, locks or sets something begins it.
"""

import re
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg
from flask import Flask, has_request_context, request
from psycopg.pq import TransactionStatus
from sqlalchemy import ColumnElement, CursorResult, Integer, Result, event, literal_column
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import ORMExecuteState, Session

from portal.extensions import db

# For statements that are best done one way whatever they ask for, such as a row by its key. A list is none:
# what is rare and what is frequent in it needs different plans, and PostgreSQL's choice between one plan
# for all and one for each was wrong (a search took 5 s instead of 30 ms).
KEEPS_PLAN = {"keeps_plan": True}
READS = ("GET", "HEAD")  # RFC 9110, 9.2.1: what is not meant to change anything
_ACTS = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|SHARE)\b|pg_advisory_|set_config|nextval")
WROTE = "has_written"  # in what a session remembers of itself
IDLE = 20.0  # seconds; after a longer rest a firewall may have forgotten the connection: it is asked


class Columns(Sequence[psycopg.Column]):
    """The columns of what a cursor found, made when somebody asks for them.

    SQLAlchemy does only once for a statement; psycopg made those of all columns
    after each, which was a twenty-fifth of a ticket's page.
    """

    def __init__(self, cursor: psycopg.Cursor, number: int) -> None:
        self._cursor, self._number = cursor, number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, which: Any) -> Any:
        wanted = range(self._number)[which]
        if isinstance(wanted, int):
            return psycopg.Column(self._cursor, wanted)
        return [psycopg.Column(self._cursor, each) for each in wanted]


class Cursor(psycopg.Cursor):
    """Describes what it has found when it is asked to."""

    @property
    def description(self) -> Any:
        found = self.pgresult
        return Columns(self, found.nfields) if found and found.nfields else super().description


def watch(engine: Engine) -> None:
    """From now on no connection is handed out that is gone."""

    def prepare(connection: Any, record: Any) -> None:
        connection.cursor_factory = Cursor

    def hand_out(connection: Any, record: Any, fairy: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if (rested > IDLE or _has_something_to_read(connection)) and not _answers(engine, connection):
            raise DisconnectionError("The server has closed the connection.")

    def take_back(connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    def execute(cursor: Any, statement: str, parameters: Any, context: ExecutionContext) -> bool:
        _begin_or_not(cursor, statement)
        keeps_plan = context.isinsert or context.execution_options.get("keeps_plan", False)
        cursor.execute(statement, parameters, prepare=None if keeps_plan else False)
        return True

    def execute_many(cursor: Any, statement: str, parameters: Any, context: ExecutionContext) -> None:
        _begin_or_not(cursor, statement)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "do_execute", execute)
    event.listen(engine, "do_executemany", execute_many)
    event.listen(engine, "checkout", hand_out)
    event.listen(engine, "checkin", take_back)


def _begin_or_not(cursor: Any, statement: str) -> None:
    """Whether psycopg begins a transaction with this statement, where none is under way."""
    connection = cursor.connection
    if connection.pgconn.transaction_status == TransactionStatus.IDLE:
        by_itself = has_request_context() and request.method in READS and _only_reads(statement)
        if connection.autocommit != by_itself:
            connection.autocommit = by_itself


@lru_cache(maxsize=2_000)
def _only_reads(statement: str) -> bool:
    """What is in doubt does not."""
    return statement.startswith(("SELECT", "WITH")) and not _ACTS.search(statement)


def _has_something_to_read(connection: Any) -> bool:
    """Its end, or words nobody asked for: a notice, or what TLS says between times."""
    if connection.closed:
        return True
    socket = select.poll()
    socket.register(connection.pgconn.socket, select.POLLIN)  # an error or hang-up is told in any case
    return bool(socket.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except psycopg.Error:
        return False


def constant(number: int) -> ColumnElement[int]:
    """A number that stands in the statement, such as the length of a page.

    A plan that is kept is made for any parameter; not knowing its limit, the
    server takes a page for a tenth of the table.
    """
    return literal_column(str(int(number)), Integer)


def keep_plans(app: Flask) -> None:
    """From now on an application context that has only read ends with a COMMIT."""

    @app.teardown_appcontext  # the extension's own, which ends with a ROLLBACK, runs after it
    def end_what_was_read(error: BaseException | None) -> None:
        if error or not db.session.registry.has():
            return
        session = db.session()
        if session.in_transaction() and session.is_active and not _has_something_to_write(session):
            with suppress(SQLAlchemyError):  # the connection is gone, and with it all there was to end
                session.commit()


def _has_something_to_write(session: Session) -> bool:
    return bool(session.info.get(WROTE) or session.new or session.dirty or session.deleted)


@event.listens_for(db.session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> Result[Any] | None:
    """An update that met no row has written nothing."""
    if state.is_select:
        return None
    result = state.invoke_statement()
    if not (isinstance(result, CursorResult) and result.rowcount == 0):
        state.session.info[WROTE] = True
    return result


@event.listens_for(db.session, "after_flush")
def _note_flush(session: Session, context: object) -> None:
    session.info[WROTE] = True


@event.listens_for(db.session, "after_commit")
@event.listens_for(db.session, "after_rollback")
def _begin_anew(session: Session) -> None:
    session.info.pop(WROTE, None)
