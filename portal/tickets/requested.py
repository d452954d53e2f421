"""What somebody asked for or takes part in, and what their colleagues asked for: the lists of an employee,
and an agent's own wishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Row, Select, func, select, true, union_all

from portal.accounts.models import User
from portal.accounts.reader import Anybody, Reader
from portal.extensions import db
from portal.filters import And, where
from portal.lifecycles.models import Category
from portal.organizations.models import Membership, Shares
from portal.tickets.filtering import word_fields
from portal.tickets.lists import LATEST, Sort, is_open, tickets_seen_by
from portal.tickets.models import Part, Ticket, TicketPerson, WaitingFor
from portal.tickets.policy import visible_to
from portal.tickets.selections import Selection, Slice, page_of
from portal.web.paging import Page, first_of_each_part

SHOWS = ("open", "turn", "done", "all")
MANY = 100  # requests; from here on a count says "99+"


@dataclass(frozen=True)
class Counts:
    """How many are open, and how many of those wait for this person; counted up to `MANY`."""

    open: int
    turn: int

    @staticmethod
    def told(number: int) -> str:
        return f"{MANY - 1}+" if number >= MANY else str(number)


def request_page(user: User, show: str, words: And, *, cursor: str | None) -> Page:
    """A page of their requests with these words, the last changed first."""
    return page_of(_requests(user, show, words), Slice(Sort.typed(LATEST), cursor), parts=_parts_of)


def shared_page(user: User, membership: Membership, show: str, words: And, *, cursor: str | None) -> Page:
    """A page of what colleagues asked for, as far as the organization shares it, the last changed first."""
    shared = _requests(user, show, words, _shared_by(membership))
    return page_of(shared, Slice(Sort.typed(LATEST), cursor))


def _requests(user: User, show: str, words: And, shared: Sequence[ColumnElement[bool]] = ()) -> Selection:
    """Of all that they may see, or of what is shared by colleagues alone."""

    def conditions(reader: Reader) -> list[ColumnElement[bool]]:
        of_others = [*shared, Ticket.requester_id != reader.id] if shared else []
        return [*of_others, _shown(reader, show), where(words, Ticket.__table__.c, word_fields(user))]

    lasts = None if words.parts or shared else ("requests", show)
    return Selection(Reader.of(user), conditions, lasts=lasts)


def open_requests(user: User, *, limit: int) -> list[Row]:
    """The few to begin with: those that wait for this person, then the last changed."""
    reader = Reader.of(user)
    return list(db.session.execute(_first_open(reader.anybody, limit), reader.given))


def counts(user: User) -> Counts:
    reader = Reader.of(user)
    return Counts(*db.session.execute(_counted(reader.anybody), reader.given).one())


# Made once for all who see by the same rules: everybody's first page asks for both.
@cache
def _first_open(reader: Reader, limit: int) -> Select:
    order = (is_turn_of(reader).desc(), Ticket.updated_at.desc(), Ticket.id.desc())
    found = tickets_seen_by(reader, is_open())
    first = first_of_each_part(found, _parts_of(reader), Ticket.id, order, limit)
    return found.where(Ticket.id.in_(first)).order_by(*order).limit(limit)


@cache
def _counted(reader: Reader) -> Select:
    asked_for, takes_part = _parts_of(reader)
    theirs = select(is_turn_of(reader).label("turn")).where(visible_to(reader), is_open())
    asked = theirs.where(asked_for).order_by(is_turn_of(reader).desc()).limit(MANY)
    others = theirs.where(takes_part, ~asked_for).limit(MANY)
    both = union_all(*(select(part.subquery()) for part in (asked, others))).subquery()
    turns_first = select(both).order_by(both.c.turn.desc()).limit(MANY).subquery()
    return select(func.count(), func.count().filter(turns_first.c.turn)).select_from(turns_first)


def is_turn_of(user: Anybody) -> ColumnElement[bool]:
    """The desk waits for this user's answer."""
    waits = func.coalesce(Ticket.waiting_for == WaitingFor.REQUESTER, False)
    return waits & (Ticket.requester_id == user.id)


def _parts_of(user: Anybody) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What they asked for, in the order of its index, for it may be thousands; and what else is theirs:
    of an employee all that they have a part in, of the desk, which sees far more, what they may answer."""
    others = [Part.PARTICIPANT] if user.is_staff else [part for part in Part if part is not Part.REQUESTER]
    parts = select(TicketPerson.ticket_id).where(
        TicketPerson.user_id == user.id, TicketPerson.part.in_(others)
    )
    return Ticket.requester_id == user.id, Ticket.id.in_(parts.correlate(None))


def _shared_by(membership: Membership) -> list[ColumnElement[bool]]:
    """Where the list begins, so that it has an index; who may see what is in it, `visible_to` says."""
    of = [Ticket.organization_id == membership.organization_id]
    if membership.organization.shares is Shares.DEPARTMENT:
        of.append(Ticket.department_id == membership.department_id)
    return [*of, ~Ticket.is_confidential]


def _shown(user: Anybody, show: str) -> ColumnElement[bool]:
    return {
        "open": is_open(),
        "turn": is_open() & is_turn_of(user),
        "done": Ticket.status_category == Category.DONE,
        "all": true(),
    }[show]
