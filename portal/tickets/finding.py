"""Which tickets hold the words of a filter, for one reader: their texts, as far as they may read them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Executable,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler

from portal.accounts.models import User
from portal.accounts.reader import Anybody
from portal.extensions import db
from portal.filters.fields import Columns
from portal.memory import Remembered
from portal.projects.policy import shut_to
from portal.tickets.models import Ticket
from portal.tickets.texts import SearchText, TextKind
from portal.tickets.vocabulary import shut_projects, vocabulary
from portal.tickets.wording import SIMPLE, Wanted, WantedLater, exactly

RARE = 1 / 200  # of all texts: words that are rarer are looked up
FREQUENT = 1 / 50  # of the latest tickets: words that stand in more are found on the way
LATEST = 200  # tickets
TEXTS: Columns = SearchText.__table__.c
FindWords = Callable[[Columns, Sequence[str]], ColumnElement[bool]]


def words_of(reader: User) -> tuple[FindWords, FindWords]:
    """How this reader's words are found, and how it is found that a word is missing.

    Rare words are looked up, the ids of their tickets put together; where words are
    frequent each ticket is asked on the way instead.
    """

    def has(tickets: Columns, words: Sequence[str]) -> ColumnElement[bool]:
        wanted = wanted_by(reader, words)
        if is_frequent(wanted.untagged):
            return _is_found_in(tickets, wanted, reader)
        return tickets.id.in_(_looked_up(wanted, reader))

    def lacks(tickets: Columns, words: Sequence[str]) -> ColumnElement[bool]:
        return _is_found_in(tickets, wanted_by(reader, words), reader).is_not(true())

    return has, lacks


def wanted_by(reader: User, words: Sequence[str], *, goes_on: bool = False) -> Wanted:
    """Tags are the desk's: nobody else finds a ticket by them."""
    return Wanted.of(words, with_tags=reader.is_staff, goes_on=goes_on)


def says(wanted: Wanted | WantedLater, reader: Anybody, texts: Columns = TEXTS) -> ColumnElement[bool]:
    """Of a row of `SearchText` whose ticket the reader sees: the words stand there, and are for them.

    Internal notes and tags are for who works on the ticket. Whether the desk's people do is asked
    of the one it goes on in, too: of a project that is shut to them, they follow as anybody would.
    """
    plain = ~texts.is_internal & matches(texts.words, wanted.untagged.query)
    if not reader.is_staff:
        return plain
    every = matches(texts.words, wanted.query)
    if not shut_projects(vocabulary(), reader):
        return every
    if wanted.has_tags:
        return or_(plain, every & ~_is_shut(reader, texts))
    return every & or_(~texts.is_internal, ~_is_shut(reader, texts))


def rank_of(wanted: Wanted | WantedLater, reader: Anybody, words: ColumnElement[Any]) -> ColumnElement[float]:
    """How well a text fits; by tags too, but where they must tell nothing."""
    knows_all = reader.is_staff and not shut_projects(vocabulary(), reader)
    return func.ts_rank(words, (wanted if knows_all else wanted.untagged).query)


def _is_shut(reader: Anybody, texts: Columns) -> ColumnElement[bool]:
    of_text = aliased(Ticket)
    shut = select(true()).where(
        of_text.id.in_([texts.ticket_id, texts.home_id]), of_text.project_id.in_(shut_to(reader))
    )
    return shut.correlate_except(of_text).exists()


def titled(tickets: Columns, texts: Sequence[str]) -> ColumnElement[bool]:
    """All words of one of the texts, side by side, stand in the title: the index of all texts finds
    them, of which few are looked through again."""
    return or_(false(), *(_is_titled(tickets, each) for each in texts))


def _is_titled(tickets: Columns, words: str) -> ColumnElement[bool]:
    asked = exactly(words)
    stands = matches(func.to_tsvector(SIMPLE, tickets.title), asked)
    if is_frequent(Wanted.of([words])):
        return stands
    there = select(SearchText.ticket_id).where(
        SearchText.kind == TextKind.TICKET, matches(SearchText.words, asked)
    )
    return and_(tickets.id.in_(there), stands)


def _looked_up(wanted: Wanted, reader: User) -> Any:
    """What was merged is found, and so is where it goes on."""
    both = func.unnest(array([SearchText.home_id, SearchText.ticket_id]))
    return select(both).where(says(wanted, reader)).correlate(None)


def _is_found_in(tickets: Columns, wanted: Wanted, reader: User) -> ColumnElement[bool]:
    home = func.coalesce(tickets.merged_into_id, tickets.id)
    its_own = or_(tickets.merged_into_id.is_(None), SearchText.ticket_id == tickets.id)
    there = select(true()).where(SearchText.home_id == home, its_own, says(wanted, reader))
    return there.correlate(tickets.id.table).exists()


def matches(vector: Any, query: ColumnElement[Any]) -> ColumnElement[bool]:
    return vector.op("@@", is_comparison=True)(query)


def _are_frequent(wanted: Wanted) -> bool:
    """Whether a list finds a page of them on its way. PostgreSQL knows how frequent a word is, not
    which words go together: where it does not call them rare, some of the latest tickets are asked."""
    return expected(wanted) >= RARE * all_texts() and _share_of_latest(wanted) >= FREQUENT


is_frequent = Remembered(_are_frequent, models=(), life=300.0)


def _expected(wanted: Wanted) -> float:
    """In how many texts the words stand, as PostgreSQL's statistics have it."""
    return _guessed(select(true()).select_from(SearchText).where(matches(SearchText.words, wanted.query)))


def _all_texts() -> float:
    return _guessed(select(true()).select_from(SearchText))


expected = Remembered(_expected, models=(), life=300.0)
all_texts = Remembered(_all_texts, models=(), life=300.0)


class _Explained(Executable, ClauseElement):
    """The plan of a select, in place of its rows."""

    inherit_cache = False

    def __init__(self, rows: Select[Any]) -> None:
        self.rows = rows


@compiles(_Explained)
def _explain(explained: _Explained, compiler: SQLCompiler, **how: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + compiler.process(explained.rows, **how)


def _guessed(rows: Select[Any]) -> float:
    plan = db.session.execute(_Explained(rows)).scalar_one()[0]["Plan"]
    while "Gather" in plan["Node Type"]:  # what puts several processes together
        plan = plan["Plans"][0]
    return plan["Plan Rows"]


def _share_of_latest(wanted: Wanted) -> float:
    """Of the latest `LATEST` tickets, whoever may see them."""
    newest = select(Ticket.id).order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    latest = newest.limit(LATEST).subquery()
    there = select(true()).where(SearchText.home_id == latest.c.id, matches(SearchText.words, wanted.query))
    found = select(func.count()).select_from(latest).where(there.correlate(latest).exists())
    return (db.session.scalar(found) or 0) / LATEST
