"""Which tickets a search finds: by relevance while they are few, and otherwise the newest first.

PostgreSQL's index of words knows no order. What few texts hold is looked up there; where many
do, tickets are asked from the newest on until a page is full. People who ask see few tickets:
with a word that is common, those are asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, cast, func, select, true, union_all

from portal.accounts.models import User
from portal.desk.queues import Desk, condition
from portal.extensions import db
from portal.filters import And, Word, where, without, words
from portal.gateways.database import constant
from portal.organizations.models import Membership, Organization, Shares
from portal.tickets.filtering import word_fields
from portal.tickets.finding import TEXTS, expected, rank_of, says, wanted_by
from portal.tickets.lists import asks_for_merged, listed_for, tickets_seen_by
from portal.tickets.models import Ticket, TicketPerson
from portal.tickets.texts import SearchText
from portal.tickets.wording import Wanted
from portal.web.paging import Order, Page, keyset

MOST = 2000  # texts; of more, it would take long to tell which fits best
COMMON = 3 * MOST  # texts: what more hold is not looked up, but met on the way
FEW = 300  # tickets of somebody who asks, of all of which it is told how well they fit
FEW_ENOUGH = 5000  # tickets of theirs that are asked one after the other
FINE = 1_000_000  # a rank as a whole number, which an address can hold


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
    have it as it is: whoever searches for it has typed it to its end."""

    def __init__(self, reader: User, tree: And, *, goes_on: bool = True) -> None:
        self.reader, self.tree = reader, tree
        self.rest = without(tree, lambda part: isinstance(part, Word))
        asked = words(tree)
        goes_on = goes_on and expected(Wanted.of(asked[-1:])) <= COMMON
        self.wanted = wanted_by(reader, asked, goes_on=goes_on)
        self.is_common = expected(self.wanted.untagged) > COMMON

    @property
    def are_many(self) -> bool:
        """Whether it is known beforehand that they are too many to be put in order of relevance."""
        if asks_for_merged(self.tree) or not self.is_common:
            return asks_for_merged(self.tree)
        return self.sees > FEW

    def ranked(self, cursor: str | None) -> Found | None:
        """None where more than `MOST` texts match."""
        best: Any = self._scores().subquery()
        page = keyset(
            select(best.c.id, best.c.score, best.c.texts, best.c.tickets),
            Order(best.c.score, best.c.id),
            cursor=cursor,
            of=("score", "id"),
            fetch=db.session.execute,
        )
        if page.rows and page.rows[0].texts > MOST:
            return None
        total = page.rows[0].tickets if page.rows else 0
        return Found(self._shown(page), by_relevance=True, total=total)

    def newest(self, cursor: str | None) -> Found:
        found: Any = self._newest().subquery()
        order = Order(found.c.id, found.c.tie)
        page = keyset(select(found), order, cursor=cursor, of=("id", "tie"), fetch=db.session.execute)
        return Found(self._shown(page), by_relevance=False)

    def is_there(self) -> bool:
        """Whether there is anything at all."""
        return db.session.scalar(self._newest().limit(1)) is not None

    def _scores(self) -> Select[Any]:
        """Of each ticket the score of its best text, of no more texts than tell that they are too many."""
        texts = self._texts_of_few() if self.is_common else self._texts()
        rank = rank_of(self.wanted, self.reader, texts.c.words)
        return select(
            texts.c.id,
            func.max(cast(rank * FINE, BigInteger)).label("score"),
            func.sum(func.count()).over().label("texts"),
            func.count().over().label("tickets"),
        ).group_by(texts.c.id)

    def _texts(self, limit: int | None = MOST + 1) -> Any:
        """Looked up by their words, before anybody asks whose tickets they are."""
        held = select(TEXTS.home_id, TEXTS.words).where(says(self.wanted, self.reader))
        hits = held.cte("hits").prefix_with("MATERIALIZED")
        seen = select(Ticket.id, hits.c.words).join(hits, hits.c.home_id == Ticket.id)
        return seen.where(*self._seen()).limit(limit and constant(limit)).subquery()

    def _texts_of_few(self) -> Any:
        """Those of each ticket that somebody sees who sees few."""
        theirs = self._theirs().cte("theirs").prefix_with("MATERIALIZED")
        its = texts_of(theirs.c.id)
        held = select(theirs.c.id, its.c.words).join(its, true())
        return held.where(says(self.wanted, self.reader, its.c)).limit(constant(MOST + 1)).subquery()

    def _newest(self) -> Any:
        """`tie` is the id again: pages of lists begin behind two values."""
        if not self.is_common:
            texts = self._texts(limit=None)
            return select(texts.c.id, texts.c.id.label("tie")).distinct()
        if self.sees > FEW_ENOUGH:
            return select(Ticket.id, Ticket.id.label("tie")).where(*self._seen(), self._is_held_by(Ticket.id))
        first = self._theirs().order_by(Ticket.id.desc()).cte("theirs").prefix_with("MATERIALIZED")
        return select(first.c.id, first.c.id.label("tie")).where(self._is_held_by(first.c.id))

    def _is_held_by(self, ticket_id: Any) -> ColumnElement[bool]:
        its = texts_of(ticket_id)
        return select(true()).select_from(its).where(says(self.wanted, self.reader, its.c)).exists()

    def _seen(self) -> list[ColumnElement[bool]]:
        """Of a ticket: the reader sees it, and it fits the rest of the filter."""
        if self.reader.is_staff:
            return [*listed_for(self.reader, self.rest), condition(Desk.of(self.reader), self.rest)]
        asked = where(self.rest, Ticket.__table__.c, word_fields(self.reader))
        return [*listed_for(self.reader, None), asked]

    def _theirs(self) -> Select[int]:
        """The same, beginning with what somebody takes part in or their organizations share."""
        shared = (
            select(Membership.organization_id)
            .join(Organization)
            .where(Membership.user_id == self.reader.id, Organization.shares != Shares.OWN)
        )
        own = select(TicketPerson.ticket_id).where(TicketPerson.user_id == self.reader.id)
        of_house = select(Ticket.id).where(Ticket.organization_id.in_(shared))
        ids = union_all(own.correlate(None), of_house.correlate(None))
        return select(Ticket.id).where(Ticket.id.in_(ids), *self._seen())

    @cached_property
    def sees(self) -> int:
        """How many tickets somebody sees who asks, counted as far as it matters; the desk sees all."""
        if self.reader.is_staff:
            return FEW_ENOUGH + 1
        some = self._theirs().limit(constant(FEW_ENOUGH + 1)).subquery()
        return db.session.scalar(select(func.count()).select_from(some)) or 0

    def _shown(self, page: Page) -> Page:
        """The same page with the rows as lists show them."""
        return Page(_rows(self.reader, self.rest, page.rows), page.older, page.newer)


def texts_of(ticket_id: Any) -> Any:
    """The texts of the ticket of a row beside it. Looked up by their ticket and never by their words,
    which PostgreSQL would do again for each of the tickets."""
    its = select(*TEXTS).where(TEXTS.home_id == ticket_id).offset(constant(0))
    return its.correlate_except(SearchText).lateral("its")


def _rows(reader: User, rest: And, hits: Sequence[Row]) -> list[Row]:
    if not hits:
        return []
    found = tickets_seen_by(reader, Ticket.id.in_([hit.id for hit in hits]), tree=rest)
    by_id = {row.id: row for row in db.session.execute(found)}
    return [by_id[hit.id] for hit in hits if hit.id in by_id]
