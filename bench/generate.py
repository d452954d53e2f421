"""Fill a database with a large desk: python -m bench.generate --scale 0.05

At scale 1 it has 1,000,000 tickets, 3,000,000 comments, 5,000 people and 20
teams. The database is that of DATABASE_URL; what it held before is dropped. It is
written by the database's owner, MAINTENANCE_DATABASE_URL where that is another.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from bench import house
from bench.lives import COLUMNS, Lines, Lives
from portal import create_app, schema

TICKETS = 1_000_000
SEED = 7
MIGRATIONS = Path(__file__).parent.parent / "migrations" / "versions"
BIG = ("tickets", "comments", "search_texts", "events", "ticket_people", "deliveries", "notifications")


def main() -> None:
    options = _options()
    started = time.monotonic()
    generate(os.environ.get("MAINTENANCE_DATABASE_URL") or os.environ["DATABASE_URL"], scale=options.scale)
    print(f"Generated in {time.monotonic() - started:.0f} s.")


def generate(url: str, *, scale: float) -> None:
    """Make the database anew, and remember in it what it was made by."""
    with _step("An empty database"):
        recreate(url)
    app = create_app()
    with app.app_context():
        list(schema.migrate(patience=10))
        with _step("People, teams, projects"):
            made = house.build(scale)
    lives = Lives(made, now=time.time(), seed=SEED)
    with psycopg.connect(url, autocommit=True) as connection, _step("Indexes, keys and statistics"):
        with _without_indexes(connection):
            _copy(url, lives, max(int(TICKETS * scale), 100))
            print("  What is searched …", flush=True)
            connection.execute("SELECT search_fill()")  # COPY as a replica fires no triggers
            print("  Indexes …", flush=True)
        house.catch_up(connection, lives)
        connection.execute("VACUUM (ANALYZE)")
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(_name(url), fingerprint(scale)))


def is_generated(url: str, *, scale: float) -> bool:
    """Whether the database is there, of that size, and of the schema and generator of now."""
    try:
        with psycopg.connect(url) as connection:
            said = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return said == (fingerprint(scale),)


def fingerprint(scale: float) -> str:
    own = [Path(__file__).parent / f"{name}.py" for name in ("house", "lives", "texts")]
    sources = [*sorted(MIGRATIONS.glob("*.py")), *own]
    content = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return json.dumps({"scale": scale, "seed": SEED, "sources": content[:16]})


def recreate(url: str) -> None:
    server = re.sub(r"/[^/?]+(\?|$)", r"/postgres\1", url, count=1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_name(url)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(_name(url)))


def _copy(url: str, lives: Lives, tickets: int) -> None:
    """Each table by a connection of its own, while the next block is drawn."""
    connections = {table: psycopg.connect(url, autocommit=True) for table in COLUMNS}
    for connection in connections.values():
        connection.execute("SET session_replication_role = replica")  # what is drawn refers to what is there
        connection.execute("SET synchronous_commit = off")
    done, started = 0, time.monotonic()
    with ThreadPoolExecutor(len(COLUMNS)) as pool:
        writing = []
        for lines in lives.blocks(tickets):
            for each in writing:
                each.result()
            writing = [pool.submit(_write, connections[table], table, lines) for table in COLUMNS]
            done += len(lines["tickets"])
            if done % (tickets // 10 or 1) < len(lines["tickets"]):
                print(f"  {done:,} tickets after {time.monotonic() - started:.0f} s", flush=True)
        for each in writing:
            each.result()
    for connection in connections.values():
        connection.close()


def _write(connection: psycopg.Connection, table: str, lines: Lines) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table].split()))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("\n".join(lines[table]) + "\n" if lines[table] else "")


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Built in one go at the end, indexes cost a fraction."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes i WHERE tablename = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
        [list(BIG)],
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in found:
        connection.execute(definition)


def _name(url: str) -> sql.Identifier:
    return sql.Identifier(url.rpartition("/")[2].partition("?")[0])


@contextmanager
def _step(what: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"  {what} …", flush=True)
    yield
    print(f"  {what}: {time.monotonic() - started:.1f} s", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
