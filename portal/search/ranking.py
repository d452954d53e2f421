"""Which tickets a search finds: by relevance while they are few, and otherwise the newest first.

PostgreSQL's index of words knows no order. What few texts hold is looked up there; where many
do, tickets are asked from the newest on until a page is full. People who ask see few tickets:
with a word that is common, those are asked.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    cast,
    column,
    func,
    select,
    true,
    union_all,
)

from portal.accounts.models import User
from portal.accounts.reader import Reader
from portal.desk.queues import Desk, selection
from portal.extensions import db
from portal.filters import And, Word, where, without, words
from portal.gateways.database import KEEPS_PLAN, constant
from portal.organizations.models import Membership, Organization, Shares
from portal.tickets.filtering import word_fields
from portal.tickets.finding import TEXTS, expected, rank_of, says, wanted_by
from portal.tickets.lists import asks_for_merged
from portal.tickets.models import Ticket, TicketPerson
from portal.tickets.selections import NOTHING, Selection, rows_by_id
from portal.tickets.texts import SearchText
from portal.tickets.vocabulary import shut_projects, vocabulary
from portal.tickets.wording import Wanted, WantedLater
from portal.web.paging import PAGE, Order, Page, Place

MOST = 2000  # texts; of more, it would take long to tell which fits best
COMMON = 3 * MOST  # texts: what more hold is not looked up, but met on the way
FEW = 300  # tickets of somebody who asks, of all of which it is told how well they fit
FEW_ENOUGH = 5000  # tickets of theirs that are asked one after the other
FINE = 1_000_000  # a rank as a whole number, which an address can hold
_ID: Any = column("id", BigInteger)
_SCORE: Any = column("score", BigInteger)
BY_SCORE, BY_ID = Order(_SCORE, _ID), Order(_ID, _ID)  # as cursors are read


@dataclass(frozen=True)
class Found:
    """A page of tickets. `total` is how many there are in all, where that is known."""

    page: Page
    by_relevance: bool
    total: int | None = None


def find(reader: User, tree: And, *, newest: bool, cursor: str | None) -> Found:
    """The tickets that the reader sees and the filter, which holds words, asks for.

    By relevance unless the `newest` are asked for, or too many texts match.
    """
    search = Search(reader, tree)
    ranked = None if newest or search.are_many else search.ranked(cursor)
    return ranked or search.newest(cursor if newest else None)


class Search:
    """What one reader asks for. With `goes_on` the last word may be the beginning of one, unless many texts
    have it as it is: whoever searches for it has typed it to its end.

    The statements are made once for many searches: of what they are made, `_lasts` tells.
    """

    def __init__(self, reader: User, tree: And, *, goes_on: bool = True) -> None:
        self.reader, self.tree = reader, tree
        self.rest = without(tree, lambda part: isinstance(part, Word))
        asked = words(tree)
        goes_on = goes_on and expected(Wanted.of(asked[-1:])) <= COMMON
        self.wanted = wanted_by(reader, asked, goes_on=goes_on)
        self.later = WantedLater(self.wanted.has_tags)
        self.is_common = expected(self.wanted.untagged) > COMMON
        self.selection = self._selection()

    @property
    def are_many(self) -> bool:
        """Whether it is known beforehand that they are too many to be put in order of relevance."""
        if asks_for_merged(self.tree) or not self.is_common:
            return asks_for_merged(self.tree)
        return self.sees > FEW

    def ranked(self, cursor: str | None) -> Found | None:
        """None where more than `MOST` texts match."""
        place = Place.of(cursor, BY_SCORE)

        def make(reader: Reader) -> Select[Any]:
            best: Any = self._scores(reader).subquery()
            found = select(best.c.id, best.c.score, best.c.texts, best.c.tickets)
            return place.select(found, Order(best.c.score, best.c.id), PAGE)

        rows = self._execute(("ranked", place.is_first, place.backwards, MOST), make, place.values)
        page = place.page(rows, size=PAGE, of=("score", "id"))
        if page.rows and page.rows[0].texts > MOST:
            return None
        total = page.rows[0].tickets if page.rows else 0
        return Found(self._shown(page), by_relevance=True, total=total)

    def newest(self, cursor: str | None) -> Found:
        place = Place.of(cursor, BY_ID)

        def make(reader: Reader) -> Select[Any]:
            found: Any = self._newest(reader).subquery()
            return place.select(select(found), Order(found.c.id, found.c.tie), PAGE)

        rows = self._execute(("newest", place.is_first, place.backwards, self._way), make, place.values)
        return Found(self._shown(place.page(rows, size=PAGE, of=("id", "tie"))), by_relevance=False)

    def is_there(self) -> bool:
        """Whether there is anything at all."""
        return bool(self._execute(("any", self._way), lambda reader: self._newest(reader).limit(1)))

    def _execute(
        self, what: Hashable, make: Callable[[Reader], Select], values: Mapping[str, Any] = NOTHING
    ) -> Sequence[Row]:
        return self.selection.execute((what, *self._lasts), make, {**self.wanted.given, **values})

    @cached_property
    def _lasts(self) -> tuple[Hashable, ...]:
        """What `says` and `rank_of` are made of: they name the reader where a project is shut to them."""
        shut = shut_projects(vocabulary(), self.reader)
        return self.later.has_tags, self.is_common, shut, self.reader.id if shut else None

    def _selection(self) -> Selection:
        """Of the tickets that the reader sees, those that fit the rest of the filter."""
        if self.reader.is_staff:
            return selection(Desk.of(self.reader), self.rest)

        def conditions(_reader: Reader) -> list[ColumnElement[bool]]:
            return [where(self.rest, Ticket.__table__.c, word_fields(self.reader))]

        return Selection(Reader.of(self.reader), conditions, lasts=None if self.rest.parts else ())

    def _scores(self, reader: Reader) -> Select[Any]:
        """Of each ticket the score of its best text, of no more texts than tell that they are too many."""
        texts = self._texts_of_few(reader) if self.is_common else self._texts(reader)
        rank = rank_of(self.later, self.reader, texts.c.words)
        return select(
            texts.c.id,
            func.max(cast(rank * FINE, BigInteger)).label("score"),
            func.sum(func.count()).over().label("texts"),
            func.count().over().label("tickets"),
        ).group_by(texts.c.id)

    def _texts(self, reader: Reader, *, every: bool = False) -> Any:
        """Looked up by their words, before anybody asks whose tickets they are."""
        held = select(TEXTS.home_id, TEXTS.words).where(says(self.later, self.reader))
        hits = held.cte("hits").prefix_with("MATERIALIZED")
        seen = select(Ticket.id, hits.c.words).join(hits, hits.c.home_id == Ticket.id)
        limit = None if every else constant(MOST + 1)
        return seen.where(*self.selection.seen_by(reader)).limit(limit).subquery()

    def _texts_of_few(self, reader: Reader) -> Any:
        """Those of each ticket that somebody sees who sees few."""
        theirs = self._theirs(reader).cte("theirs").prefix_with("MATERIALIZED")
        its = texts_of(theirs.c.id)
        held = select(theirs.c.id, its.c.words).join(its, true())
        return held.where(says(self.later, self.reader, its.c)).limit(constant(MOST + 1)).subquery()

    @property
    def _way(self) -> tuple[bool, bool]:
        """In which of its ways `_newest` finds them."""
        return self.is_common, self.is_common and self.sees > FEW_ENOUGH

    def _newest(self, reader: Reader) -> Any:
        """`tie` is the id again: pages of lists begin behind two values."""
        is_common, sees_many = self._way
        if not is_common:
            texts = self._texts(reader, every=True)
            return select(texts.c.id, texts.c.id.label("tie")).distinct()
        if sees_many:
            seen = self.selection.seen_by(reader)
            return select(Ticket.id, Ticket.id.label("tie")).where(*seen, self._is_held_by(Ticket.id))
        parts: Any = _parts_of(reader).subquery()
        ids = select(parts.c.id).distinct().order_by(parts.c.id.desc())
        first = ids.cte("theirs").prefix_with("MATERIALIZED")
        return select(first.c.id, first.c.id.label("tie")).where(
            self._is_seen(first.c.id, reader), self._is_held_by(first.c.id)
        )

    def _is_seen(self, ticket_id: Any, reader: Reader) -> ColumnElement[bool]:
        """Asked of one ticket after the other, which ends with the page: of all at once, it took 8 ms instead
        of 2 for somebody with 1,500."""
        seen = select(true()).where(Ticket.id == ticket_id, *self.selection.seen_by(reader))
        return seen.offset(constant(0)).correlate_except(Ticket).exists()

    def _is_held_by(self, ticket_id: Any) -> ColumnElement[bool]:
        its = texts_of(ticket_id)
        return select(true()).select_from(its).where(says(self.later, self.reader, its.c)).exists()

    def _theirs(self, reader: Reader) -> Select[int]:
        """What somebody sees who asks, beginning with that in which they have a part."""
        return select(Ticket.id).where(Ticket.id.in_(_parts_of(reader)), *self.selection.seen_by(reader))

    @cached_property
    def sees(self) -> int:
        """Of how many tickets somebody who asks may see some, as far as it matters; the desk sees all."""
        if self.reader.is_staff:
            return FEW_ENOUGH + 1
        reader = Reader.of(self.reader)
        number = _number_of_parts(reader.anybody, FEW_ENOUGH + 1)
        return db.session.scalar(number, reader.given, execution_options=KEEPS_PLAN) or 0

    def _shown(self, page: Page) -> Page:
        """The same page with the rows as lists show them."""
        return Page(rows_by_id(self.selection, [row.id for row in page.rows]), page.older, page.newer)


def _parts_of(reader: Reader) -> CompoundSelect:
    """The ids of tickets that somebody takes part in or that their organizations share; of these no more
    than tell that they are many. PostgreSQL cannot know that they are few, and would call for help."""
    shared = (
        select(Membership.organization_id)
        .join(Organization)
        .where(Membership.user_id == reader.id, Organization.shares != Shares.OWN)
    )
    own = select(TicketPerson.ticket_id.label("id")).where(TicketPerson.user_id == reader.id)
    of_house = select(Ticket.id).where(Ticket.organization_id.in_(shared)).limit(constant(FEW_ENOUGH + 1))
    return union_all(own.correlate(None), select(of_house.correlate(None).subquery()))


@cache
def _number_of_parts(reader: Reader, most: int) -> Select[int]:
    some = _parts_of(reader).limit(constant(most)).subquery()
    return select(func.count()).select_from(some)


def texts_of(ticket_id: Any) -> Any:
    """The texts of the ticket of a row beside it. Looked up by their ticket and never by their words,
    which PostgreSQL would do again for each of the tickets."""
    its = select(*TEXTS).where(TEXTS.home_id == ticket_id).offset(constant(0))
    return its.correlate_except(SearchText).lateral("its")
