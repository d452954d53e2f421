"""Tables that stand in place of the real ones, for what is only tried: nothing else can be written.

They are temporary tables of the same names, which PostgreSQL finds first; and once they are made the
transaction is READ ONLY, in which temporary tables are all that it lets anybody write to. So the very
actions that a rule takes can be taken, by the same code, and whatever else one of them would touch is
refused by the database. The transaction is rolled back in the end, and the tables go with it; what its
session would have enqueued or published after a commit is forgotten with the session.
Followed: PostgreSQL's manual on "CREATE TABLE" (temporary tables) and "SET TRANSACTION".
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Column, text

from portal import memory
from portal.extensions import db

# What a rule's actions write, and what follows them at once: empty until a case is put in.
EMPTY = (
    "tickets", "ticket_people", "events", "deliveries", "comments", "comment_mentions", "search_texts",
    "rule_runs", "rule_traces", "rule_moments", "ticket_links", "ticket_keys", "sla_clocks", "sla_notices",
    "notifications", "attachments", "drafts",
)  # fmt: skip
# What they lock, count or take turns in, as it is today.
COPIED = ("users", "teams", "tags", "project_counters", "rules", "rule_turns")
# The big ones have fewer indexes than the real tables: most of their rows are read once.
INDEXED = {
    "tickets": ("id",),
    "events": ("id", "ticket_id", "cause_id"),
    "search_texts": ("home_id",),
    "attachments": ("ticket_id",),
}
CASES = "(id bigint PRIMARY KEY, ticket_id bigint, at timestamptz, after_id bigint)"


@dataclass(frozen=True)
class Shadow:
    schema: str  # in which the real tables are

    def real(self, table: str) -> str:
        """The name by which a statement reaches the table itself."""
        return f"{self.schema}.{table}"

    def run(self, statement: str, **given: Any) -> Any:
        return db.session.execute(text(statement), given)

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill a table, as fast as PostgreSQL takes it."""
        driver: Any = db.session.connection().connection.driver_connection
        into = f"COPY pg_temp.{table} ({', '.join(columns)}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def empty(self, *tables: str) -> None:
        for table in tables:
            self.run(f"DELETE FROM pg_temp.{table}")  # noqa: S608


@contextmanager
def shadow() -> Iterator[Shadow]:
    """Inside, a session of its own sees the tables of `EMPTY` without a row and those of `COPIED` as they
    are, and can write to no others; a table `cases` beside them says which ticket each case is of, and when.
    In the end everything is as before."""
    with current_app.app_context(), memory.apart():
        try:
            stands_in = Shadow(db.session.execute(text("SELECT current_schema()")).scalar_one())
            _make(stands_in)
            _fill(stands_in)
            yield stands_in
        finally:
            db.session.rollback()


def columns_of(table: str) -> list[str]:
    """Those that are written, and not made of others."""
    return [column.name for column in _columns(table)]


def _columns(table: str) -> list[Column[Any]]:
    return [column for column in db.metadata.tables[table].columns if column.computed is None]


def _make(stands_in: Shadow) -> None:
    for table in (*EMPTY, *COPIED):
        like = f"{stands_in.real(table)} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY"
        indexes = "" if table in INDEXED else " INCLUDING INDEXES"
        stands_in.run(f"CREATE TEMPORARY TABLE {table} (LIKE {like}{indexes}) ON COMMIT DROP")
    for table, columns in INDEXED.items():
        for column in columns:
            stands_in.run(f"CREATE INDEX ON pg_temp.{table} ({column})")
    stands_in.run(f"CREATE TEMPORARY TABLE cases {CASES} ON COMMIT DROP")
    like = f"{stands_in.real('tickets')} INCLUDING GENERATED"
    stands_in.run(f"CREATE TEMPORARY TABLE aside (LIKE {like}) ON COMMIT DROP")
    # Statements that were prepared on the real tables are planned anew for another search path.
    stands_in.run("SELECT set_config('search_path', 'pg_temp, ' || :schema, true)", schema=stands_in.schema)
    stands_in.run("SET TRANSACTION READ ONLY")


def _fill(stands_in: Shadow) -> None:
    for table in COPIED:
        columns = ", ".join(columns_of(table))
        into = f"pg_temp.{table} ({columns}) OVERRIDING SYSTEM VALUE"
        stands_in.run(f"INSERT INTO {into} SELECT {columns} FROM {stands_in.real(table)}")  # noqa: S608
        for column in _columns(table):
            if column.identity is not None:
                _count_on(table, column.name, stands_in)


def _count_on(table: str, column: str, stands_in: Shadow) -> None:
    """New rows get the numbers behind those that there are."""
    sequence = f"pg_get_serial_sequence('pg_temp.{table}', '{column}')"
    last = f"SELECT setval({sequence}, COALESCE(max({column}), 0) + 1, false) FROM pg_temp.{table}"  # noqa: S608
    stands_in.run(last)
