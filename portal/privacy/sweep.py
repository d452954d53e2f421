"""Taking somebody's name out of every table, a batch at a time, as the owner of the database.

The tables are those of the models, whatever feature they belong to: one that
comes later is swept as well. Only people stay out: their own row was changed
at once, and a namesake keeps the name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Enum,
    Row,
    String,
    Table,
    Text,
    any_,
    cast,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from portal.extensions import db
from portal.markdown import render_markdown
from portal.privacy.traces import Traces
from portal.tickets import mentions

BATCH = 5_000  # ids of one transaction
NOT_SWEPT = {"users", "person_jobs", "mentions"}
RENDERED = "_html"  # a column of that ending holds what is rendered from the one without it
FILE_NAME, LONGEST_NAME = "original_filename", 255


@dataclass(frozen=True)
class Step:
    """A table, and the columns in which somebody may be named."""

    table: Table
    columns: tuple[Column[Any], ...]

    @property
    def is_paged(self) -> bool:
        """Whether it is read by parts of its ids; others are small, and read at once."""
        keys = self.table.primary_key.columns
        return len(keys) == 1 and "id" in keys and keys["id"].type.python_type is int


@lru_cache(maxsize=1)
def steps() -> tuple[Step, ...]:
    tables = (table for table in db.metadata.sorted_tables if table.name not in NOT_SWEPT)
    found = (Step(table, tuple(filter(_holds_words, table.columns))) for table in tables)
    return tuple(step for step in found if step.columns)


def length(connection: Connection, step: Step) -> int:
    """How much there is to do: its highest id, or one."""
    if not step.is_paged:
        return 1
    return connection.scalar(select(func.coalesce(func.max(step.table.c.id), 0))) or 0


def rows_to_look_at(connection: Connection, step: Step, traces: Traces, *, after: int) -> list[Row[Any]]:
    """Of the part behind `after`, those that hold at least a piece of a name; locked."""
    table = step.table
    shown = [*table.primary_key.columns, *step.columns, *_also_needed(table, step)]
    looked_at = select(*dict.fromkeys(shown)).where(_may_name(step, traces)).with_for_update()
    if step.is_paged:
        looked_at = looked_at.where(table.c.id > after, table.c.id <= after + BATCH).order_by(table.c.id)
    return list(connection.execute(looked_at))


def clean(connection: Connection, step: Step, rows: list[Row[Any]], traces: Traces) -> int:
    """Write each of these rows without the name where it had it; how many those were."""
    changed = 0
    for row in rows:
        if new := _cleaned(connection, step, row._mapping, traces):  # noqa: SLF001, its documented way
            keys = [column == row._mapping[column.name] for column in step.table.primary_key.columns]  # noqa: SLF001
            connection.execute(update(step.table).where(*keys).values(new))
            changed += 1
    return changed


def _cleaned(connection: Connection, step: Step, row: Mapping[Any, Any], traces: Traces) -> dict[str, Any]:
    values = {column.name: row[column.name] for column in step.columns}
    new = {name: without(name, value, traces) for name, value in values.items()}
    changed = {name: value for name, value in new.items() if value != values[name]}
    for name in list(changed):
        if name + RENDERED in values:
            changed[name + RENDERED] = _rendered(connection, step, row, changed[name])
    if step.table.name == "events" and row["address"] and _came_from_them(row, traces):
        changed["address"] = None
    limits = {column.name: getattr(column.type, "length", None) for column in step.columns}
    return {name: _cut(value, limits.get(name)) for name, value in changed.items()}


def _rendered(connection: Connection, step: Step, row: Mapping[Any, Any], text: str) -> str:
    """As a page shows it. Whom else a comment mentions still stands out in it."""
    if step.table.name == "comments":
        return mentions.rendered(text, row["id"], ask=connection)
    return render_markdown(text)


def without(name: str, value: Any, traces: Traces) -> Any:
    """What the column of that name holds from then on."""
    if name == FILE_NAME:
        return traces.scrub_file_name(value, longest=LONGEST_NAME)
    return traces.scrub_data(value)


def _cut(value: Any, limit: int | None) -> Any:
    """The neutral name may be longer than the one before."""
    return value[:limit] if isinstance(value, str) and limit else value


def _came_from_them(row: Mapping[Any, Any], traces: Traces) -> bool:
    """From where they did something, or tried to get in. From where others did something to them stays."""
    data = row["data"]
    meant = data.get("user_id") == traces.person_id or str(data.get("email")).lower() in traces.emails
    return row["actor_id"] == traces.person_id or (row["actor_id"] is None and meant)


def _also_needed(table: Table, step: Step) -> Iterator[Column[Any]]:
    for name in ("actor_id", "ticket_id", "author_id", "requester_id"):
        if name in table.columns and table.columns[name] not in step.columns:
            yield table.columns[name]


def _may_name(step: Step, traces: Traces) -> ColumnElement[bool]:
    pieces = cast([f"%{_escaped(piece)}%" for piece in traces.fragments], ARRAY(Text))
    numbers = cast([f"%{number}%" for number in traces.digits], ARRAY(Text))
    words = func.concat_ws(" ", *(cast(column, Text) for column in step.columns))
    reasons: list[ColumnElement[bool]] = [false()]
    if traces.fragments:
        reasons.append(func.lower(func.normalize(words)).like(any_(pieces)))
    if traces.digits:
        reasons.append(func.regexp_replace(words, r"\D", "", "g").like(any_(numbers)))
    if step.table.name == "events":
        reasons.append((step.table.c.actor_id == traces.person_id) & step.table.c.address.is_not(None))
    return or_(*reasons)


def _escaped(piece: str) -> str:
    return piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _holds_words(column: Column[Any]) -> bool:
    if column.computed is not None or isinstance(column.type, Enum | TSVECTOR):
        return False
    return isinstance(column.type, String | JSONB)
