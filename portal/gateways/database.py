"""Connections to PostgreSQL that are known to stand, mostly without asking it.

Asking before each request whether the server is still there costs as much as a
statement. A connection that the server has closed can be told from its socket:
there is something to read, where nobody has asked for anything.
"""

import select
import time
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError

IDLE = 20.0  # seconds; after a longer rest a firewall may have forgotten the connection: it is asked


def watch(engine: Engine) -> None:
    """From now on no connection is handed out that is gone."""

    def hand_out(connection: Any, record: Any, fairy: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if (rested > IDLE or _has_something_to_read(connection)) and not _answers(engine, connection):
            raise DisconnectionError("The server has closed the connection.")

    def take_back(connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    event.listen(engine, "checkout", hand_out)
    event.listen(engine, "checkin", take_back)


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
