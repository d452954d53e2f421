"""Which ticket somebody means who types a key, an address, or a part of its title."""

import re
from collections.abc import Sequence

from sqlalchemy import Row, func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.tickets.models import Ticket
from portal.tickets.policy import visible_to
from portal.tickets.queries import ids_by_key
from portal.tickets.texts import SearchText, TextKind
from portal.tickets.wording import SIMPLE

FEW = 8
SHORTEST = 2  # letters of a title that are worth a search
_KEY = re.compile(r"(?:.*/tickets/)?([a-z][a-z0-9]{1,9}-[1-9][0-9]{0,17})(?:[/?#].*)?", re.IGNORECASE)


def key_of(typed: str, *, by: User) -> str | None:
    """The key of the one ticket that is meant, by its key or a former one; None where it is no key, or of
    nothing that this user may see."""
    named = _KEY.fullmatch(typed)
    if named is None:
        return None
    ids = ids_by_key([named[1].upper()], seen_by=by)
    return db.session.scalar(select(Ticket.key).where(Ticket.id.in_(ids.values()))) if ids else None


def tickets_like(typed: str, *, by: User) -> Sequence[Row]:
    """A few tickets that may be meant, each with key and title; nobody else's than this user may see."""
    if named := _KEY.fullmatch(typed):
        ids = ids_by_key([named[1].upper()], seen_by=by)
        return _rows(Ticket.id.in_(ids.values()))
    words = re.findall(r"\w+", typed)
    if len("".join(words)) < SHORTEST:
        return []
    asked = func.to_tsquery(SIMPLE, " & ".join(f"'{each}':*A" for each in words))
    holds = select(SearchText.ticket_id).where(
        SearchText.kind == TextKind.TICKET, SearchText.words.op("@@", is_comparison=True)(asked)
    )
    like = Ticket.title.icontains(typed, autoescape=True)
    return _rows(Ticket.id.in_(holds), like, Ticket.merged_into_id.is_(None), visible_to(by))


def _rows(*which) -> Sequence[Row]:
    found = select(Ticket.id, Ticket.key, Ticket.title).where(*which)
    return db.session.execute(found.order_by(Ticket.id.desc()).limit(FEW)).all()
