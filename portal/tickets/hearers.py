"""Who may be meant by an "@" in what somebody writes on a ticket: those alone who may read it there."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, Row, func, or_, select, union_all

from portal.accounts.absence import is_there
from portal.accounts.models import HUES, User, sort_key
from portal.extensions import db
from portal.permissions import STAFF
from portal.projects.policy import works_in
from portal.tickets.audience import reasons
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.policy import works_on

FEW = 8  # people who are suggested
NAMED = (Part.REQUESTER, Part.PARTICIPANT, Part.ASSIGNEE)  # on the page of who follows a ticket


@dataclass(frozen=True)
class Saying:
    """What somebody says, or is about to say, on a ticket: to everyone who sees it, or to the desk alone."""

    ticket: Ticket
    writer: User
    internal: bool = False

    @cached_property
    def is_of_desk(self) -> bool:
        """Whether the writer works on the ticket, and does not only follow it."""
        return self.internal or works_on(self.writer, self.ticket)


def hears(saying: Saying) -> ColumnElement[bool]:
    """The people who may be meant: by an internal note those of the desk who work on the ticket.

    For whoever only follows it there are no others than those whom their page names.
    """
    ticket, others = saying.ticket, User.id != saying.writer.id
    if not saying.is_of_desk:
        return _any([takes_part(ticket, TicketPerson.part.in_(NAMED))]) & others
    # Colleagues of the requester may read it, too; nobody on the ticket knows of them.
    of_work = [why for name, why in reasons(ticket).items() if name not in {*Part, "colleagues"}]
    seen = _any([takes_part(ticket), *of_work]) & others
    return seen & User.role.in_(STAFF) & works_in(ticket.project) if saying.internal else seen


def takes_part(ticket: Ticket, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """The people who have a part in the ticket; such a one, where it is said which."""
    return User.id.in_(select(TicketPerson.user_id).where(TicketPerson.ticket_id == ticket.id, *which))


def suggestions(saying: Saying, typed: str) -> list[Row]:
    """The first few whose name, from any of its words on, or address begins so; who has a part comes first.

    Each as it is to be written: by name, and of the same name by address. That is told by the desk alone.
    """
    namesakes = func.count().over(partition_by=User.sort_name)
    known = (
        select(
            User.id,
            User.name,
            User.sort_name,
            User.email,
            User.picture_digest,
            (User.id % HUES + 1).label("hue"),
            takes_part(saying.ticket).label("takes_part"),
            namesakes.label("namesakes"),
        )
        .where(hears(saying), User.is_active.is_(True), is_there())
        .subquery()
    )
    words, address = sort_key(typed), typed.lower()
    begins = (" " + known.c.sort_name).contains(f" {words}", autoescape=True)
    found = select(known).where(or_(begins, known.c.email.startswith(address, autoescape=True)))
    if not saying.is_of_desk:
        found = select(known).where(begins, known.c.namesakes == 1)
    order = (known.c.takes_part.desc(), known.c.sort_name, known.c.id)
    return list(db.session.execute(found.order_by(*order).limit(FEW)))


def _any(why: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whom one of these conditions is true of. Each has an index, their "or" has none."""
    return User.id.in_(union_all(*(select(User.id).where(each).correlate(None) for each in why)))
