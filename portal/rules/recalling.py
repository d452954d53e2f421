"""Cases of the past, put into the shadow: each a ticket of its own there, as it was at that moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from portal.accounts.models import User
from portal.extensions import db
from portal.permissions import STAFF
from portal.rules.past import Happened, History, Was
from portal.rules.shadow import Shadow, columns_of

LONG = ("description", "description_html")  # columns that conditions do not ask, and that take their time
OWNED = "assignee_id IS NOT NULL AND status_category <> 'done' AND hidden_as IS NULL"
WORDS, FILES, MENTIONS = "words", "has", "mentions"  # what a filter can ask beyond the columns of tickets


@dataclass(frozen=True)
class Case:
    """A moment of a ticket. `place` is that of the event that woke the rule, of its history; for a rule that
    came due by the clock, it is that of the last event before, and `is_due`."""

    id: int  # below zero: no ticket has it
    ticket_id: int
    place: int
    after: int  # the place of the last event that the ticket had behind it
    at: datetime
    event_id: int
    root_id: int
    is_due: bool = False
    counted_from: datetime | None = None


def histories(ticket_ids: Sequence[int], stands_in: Shadow, *, is_whole: bool) -> dict[int, History]:
    """Of these tickets; without the texts of their descriptions unless `is_whole`."""
    columns = ", ".join(
        f"'' AS {name}" if name in LONG and not is_whole else name for name in columns_of("tickets")
    )
    tickets = f"SELECT {columns} FROM {stands_in.real('tickets')} WHERE id = ANY(:ids)"  # noqa: S608
    rows = db.session.execute(text(tickets), {"ids": list(ticket_ids)}).mappings()
    parts = defaultdict(set)
    for row in _people(ticket_ids, stands_in):
        parts[row.ticket_id].add((row.user_id, row.part))
    events = defaultdict(list)
    for event in _events(ticket_ids, stands_in):
        events[event.ticket_id].append(event)
    return {row["id"]: History(dict(row), frozenset(parts[row["id"]]), events[row["id"]]) for row in rows}


def put_in(
    cases: Iterable[Case], known: dict[int, History], stands_in: Shadow, asks: Collection[str]
) -> None:
    """Let the tickets of these cases stand in the shadow, with who took part; `asks` says what else is
    looked at there."""
    by_ticket = defaultdict(list)
    for case in cases:
        by_ticket[case.ticket_id].append(case)
    staff = set(db.session.scalars(select(User.id).where(User.role.in_(STAFF))))
    was = [
        (case, states[case.after])
        for ticket_id, some in by_ticket.items()
        for states in [known[ticket_id].after({case.after for case in some}, staff)]
        for case in some
    ]
    columns = columns_of("tickets")
    rows = ([_cell(case, each, name) for name in columns] for case, each in was)
    stands_in.copy_in("tickets", columns, rows)
    moments = (
        (case.id, case.ticket_id, case.at, known[case.ticket_id].events[case.after].id) for case, _ in was
    )
    stands_in.copy_in("cases", ("id", "ticket_id", "at", "after_id"), moments)
    stands_in.copy_in("ticket_people", ("ticket_id", "user_id", "part"), _parts(was))
    for ask, statements in _BESIDES.items():
        if ask in asks:
            for statement in statements:
                stands_in.run(statement.format(schema=stands_in.schema))


class Loads:
    """Who has least to do is asked of all tickets: where it is, those of today that somebody answers for
    stand in the shadow, and of the cases only the one that is played, in place of its ticket of today."""

    def __init__(self, stands_in: Shadow) -> None:
        self._columns = ", ".join(columns_of("tickets"))
        self._shadow = stands_in
        self._copy("pg_temp.tickets", "true", into="pg_temp.aside")
        stands_in.empty("tickets")
        self._copy(stands_in.real("tickets"), OWNED)

    @contextmanager
    def with_only(self, case: Case) -> Iterator[None]:
        self._remove(case.ticket_id)
        self._copy("pg_temp.aside", "id = :id", id=case.id)
        yield
        self._remove(case.id)
        self._copy(self._shadow.real("tickets"), f"id = :id AND {OWNED}", id=case.ticket_id)

    def _copy(self, source: str, which: str, *, into: str = "pg_temp.tickets", **given: Any) -> None:
        rows = f"SELECT {self._columns} FROM {source} WHERE {which}"  # noqa: S608
        self._shadow.run(f"INSERT INTO {into} ({self._columns}) OVERRIDING SYSTEM VALUE {rows}", **given)

    def _remove(self, ticket_id: int) -> None:
        self._shadow.run("DELETE FROM pg_temp.tickets WHERE id = :id", id=ticket_id)


def clear(stands_in: Shadow) -> None:
    """Take all cases out again."""
    stands_in.empty("tickets", "cases", "ticket_people", "search_texts", "attachments", "comments")
    stands_in.empty("comment_mentions")


def _cell(case: Case, was: Was, name: str) -> Any:
    """Of clocks nothing: they are reckoned where somebody asks for them."""
    if name.startswith("sla_"):
        return None
    return case.id if name == "id" else was.row[name]


def _parts(was: Iterable[tuple[Case, Was]]) -> Iterator[tuple[int, int, str]]:
    for case, each in was:
        for user_id, part in each.parts:
            yield case.id, user_id, part


def _people(ticket_ids: Sequence[int], stands_in: Shadow) -> Any:
    parts = f"SELECT * FROM {stands_in.real('ticket_people')} WHERE ticket_id = ANY(:ids)"  # noqa: S608
    return db.session.execute(text(parts), {"ids": list(ticket_ids)})


def _events(ticket_ids: Sequence[int], stands_in: Shadow) -> Iterator[Happened]:
    columns = ", ".join(Happened._fields)
    events = f"SELECT {columns} FROM {stands_in.real('events')} WHERE ticket_id = ANY(:ids)"  # noqa: S608
    for row in db.session.execute(text(f"{events} ORDER BY ticket_id, id"), {"ids": list(ticket_ids)}):
        yield Happened._make(row)


_COMMENTS = """
    INSERT INTO pg_temp.comments
        (id, public_id, ticket_id, author_id, is_internal, body, body_html, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT -row_number() OVER (), 'was-' || row_number() OVER (), cases.id, author_id, is_internal, '', '',
        created_at
    FROM cases JOIN {schema}.comments was ON was.ticket_id = cases.ticket_id AND was.created_at <= cases.at
"""
_BESIDES = {
    WORDS: (
        """
        INSERT INTO pg_temp.search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
        SELECT 'ticket', tickets.id, tickets.id, tickets.id, false, search_of_ticket(
            tickets.key, tickets.title, tickets.tag_ids, was.description)
        FROM tickets JOIN cases ON cases.id = tickets.id JOIN {schema}.tickets was ON was.id = ticket_id
        """,
        """
        INSERT INTO pg_temp.search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
        SELECT kind, source_id, cases.id, cases.id, said.is_internal, words
        FROM cases JOIN {schema}.search_texts said ON said.ticket_id = cases.ticket_id
        LEFT JOIN {schema}.comments ON kind = 'comment' AND comments.id = source_id
        LEFT JOIN {schema}.attachments ON kind = 'file' AND attachments.id = source_id
        WHERE kind <> 'ticket' AND COALESCE(comments.created_at, scanned_at) <= cases.at
        """,
    ),
    FILES: (
        """
        INSERT INTO pg_temp.attachments (public_id, ticket_id, is_internal, uploader_id, original_filename,
            mime, size, scanned_status, object_key, created_at, expires_at, scanned_at)
        SELECT 'was-' || row_number() OVER (), cases.id, is_internal, uploader_id, original_filename, mime,
            size, scanned_status, object_key, created_at, expires_at, scanned_at
        FROM cases JOIN {schema}.attachments was ON was.ticket_id = cases.ticket_id AND scanned_at <= cases.at
        """,
    ),
    MENTIONS: (
        _COMMENTS,
        """
        INSERT INTO pg_temp.comment_mentions (comment_id, user_id)
        SELECT named.id, user_id FROM cases
        JOIN {schema}.comments was ON was.ticket_id = cases.ticket_id AND was.created_at <= cases.at
        JOIN {schema}.comment_mentions ON comment_id = was.id
        JOIN pg_temp.comments named ON named.ticket_id = cases.id AND named.created_at = was.created_at
        """,
    ),
}
