"""Links between tickets, which the desk makes and reads. Nothing here commits."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import BigInteger, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.tickets.family import family_ids
from portal.tickets.models import Ticket
from portal.tickets.policy import visible_to, works_on
from portal.tickets.relations import LinkKind, Relation, TicketLink

NO_CIRCLES = {
    LinkKind.BLOCKS: 7_301_001,  # each with a lock of its own
    LinkKind.CHILD_OF: 7_301_002,
}


@dataclass(frozen=True)
class Linked:
    """The other ticket of a link, as whoever looks may see it, and what the one they look at is to it."""

    id: int  # of the link
    relation: Relation
    key: str
    title: str
    status: Status

    @property
    def is_open(self) -> bool:
        return self.status.category != Category.DONE


def link(
    ticket: Ticket, relation: Relation, other: Ticket, *, actor: User | None, split: bool = False
) -> TicketLink:
    """Say what the ticket is to the other one; saying it twice is saying it once.

    Both are held, for both tell it in their history. With `split` the other one was just made of a
    comment on this. Raises DomainError for a ticket and itself, and for what would block, or be a
    child of, itself in the end.
    """
    if ticket.id == other.id:
        raise DomainError(_("A ticket is not linked with itself."))
    found = _link_between(ticket, relation, other)
    if found is not None:
        return found
    first, second = _in_order(ticket, relation, other)
    _refuse_circle(first, relation.kind, second)
    made = TicketLink(
        from_id=first.id, to_id=second.id, kind=relation.kind, made_by_id=actor.id if actor else None
    )
    db.session.add(made)
    _tell(Kind.TICKET_LINKED, ticket, relation, other, actor=actor, split=split)
    db.session.flush()
    return made


def unlink(link_id: int, ticket: Ticket, other: Ticket, *, actor: User | None) -> None:
    """Take the link of these two away; one that is not there, is not there. Both are held."""
    made = db.session.get(TicketLink, link_id)
    if made is None:
        return
    is_first = made.from_id in family_ids(ticket)
    relation = Relation(made.kind) if is_first else Relation(made.kind).reversed
    db.session.delete(made)
    _tell(Kind.TICKET_UNLINKED, ticket, relation, other, actor=actor, split=False)
    db.session.flush()


def _tell(
    kind: Kind, ticket: Ticket, relation: Relation, other: Ticket, *, actor: User | None, split: bool
) -> None:
    for each, its, far, part in (
        (ticket, relation, other, "off"),
        (other, relation.reversed, ticket, "of"),
    ):
        told = {"relation": its.value, "other": {"id": far.id, "label": far.key}}
        record(kind, actor=actor, ticket=each, public=False, **told, **({"split": part} if split else {}))


def _in_order(ticket: Ticket, relation: Relation, other: Ticket) -> tuple[Ticket, Ticket]:
    if relation is Relation.RELATES_TO:
        return (ticket, other) if ticket.id < other.id else (other, ticket)
    return (ticket, other) if relation.is_first else (other, ticket)


def _link_between(ticket: Ticket, relation: Relation, other: Ticket) -> TicketLink | None:
    first, second = _in_order(ticket, relation, other)
    same = select(TicketLink).where(
        TicketLink.from_id == first.id, TicketLink.to_id == second.id, TicketLink.kind == relation.kind
    )
    return db.session.scalar(same)


def _refuse_circle(first: Ticket, kind: LinkKind, second: Ticket) -> None:
    """One such link after the other: two that are made at once could close a circle together."""
    if kind not in NO_CIRCLES:
        return
    db.session.execute(select(func.pg_advisory_xact_lock(NO_CIRCLES[kind])))
    reached = select(literal(second.id, BigInteger).label("id")).cte(recursive=True)
    further = select(TicketLink.to_id).join(reached, TicketLink.from_id == reached.c.id)
    reached = reached.union(further.where(TicketLink.kind == kind))
    if db.session.scalar(select(reached.c.id).where(reached.c.id == first.id).limit(1)) is None:
        return
    words = {"first": first.key, "second": second.key}
    if kind is LinkKind.BLOCKS:
        raise DomainError(_("%(second)s blocks %(first)s already, by itself or by others.", **words))
    raise DomainError(_("%(second)s is a child of %(first)s already, or of one of its children.", **words))


# Questions.


def links_of(ticket: Ticket, *, reader: User) -> list[Linked]:
    """The links of the ticket and of what was merged into it, with tickets that the reader may see."""
    if ticket.has_links is False:
        return []
    ids = family_ids(ticket)
    is_first = TicketLink.from_id.in_(ids).label("is_first")
    meant = aliased(Ticket)
    found = (
        select(TicketLink.id, TicketLink.kind, is_first, Ticket.key, Ticket.title, Status)
        .select_from(TicketLink)
        .join(meant, meant.id == case((is_first, TicketLink.to_id), else_=TicketLink.from_id))
        .join(Ticket, Ticket.id == func.coalesce(meant.merged_into_id, meant.id))
        .join(Status, Status.id == Ticket.status_id)
        .where(or_(is_first, TicketLink.to_id.in_(ids)), Ticket.id != ticket.id, visible_to(reader))
        .order_by(TicketLink.kind, TicketLink.from_id.in_(ids), TicketLink.id)
    )
    return [
        Linked(row.id, _seen_from(row.kind, is_first=row.is_first), row.key, row.title, row.Status)
        for row in db.session.execute(found)
    ]


def links_for(ticket: Ticket, *, reader: User) -> list[Linked]:
    """`links_of` for whoever works on the ticket; of others nobody is told what the desk makes of it."""
    return links_of(ticket, reader=reader) if works_on(reader, ticket) else []


def linked_by(link_id: int, ticket: Ticket, *, reader: User) -> Linked | None:
    """The link of that id, if it is one of this ticket that the reader may see."""
    return next((each for each in links_of(ticket, reader=reader) if each.id == link_id), None)


def _seen_from(kind: LinkKind, *, is_first: bool) -> Relation:
    relation = Relation(kind.value)
    return relation if is_first else relation.reversed
