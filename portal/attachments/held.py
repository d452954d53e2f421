"""Files as admins see them: those that are not served, and why; whatever ticket they belong to."""

from collections.abc import Iterable

from sqlalchemy import Select, Text, func, literal, select, union_all
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.attachments.upkeep import waits_long
from portal.extensions import db
from portal.projects.models import Project
from portal.tickets.models import Ticket
from portal.tickets.policy import visible_to

MANY = 100  # counts say "99+" from here on
LISTS = {  # by the name that stands in addresses
    State.INFECTED.value: (State.INFECTED,),
    State.UNSCANNABLE.value: (State.UNSCANNABLE,),
    State.FAILED.value: (State.FAILED,),
    "WAITING": (State.PENDING, State.UPLOADED, State.SCANNING),
}
WITH_PEOPLE = (joinedload(Attachment.uploader), joinedload(Attachment.release_asked_by))


def held(name: str) -> Select[Attachment]:
    """One of `LISTS`, as a select for a list."""
    return select(Attachment).where(Attachment.scanned_status.in_(LISTS[name])).options(*WITH_PEOPLE)


def counts() -> dict[str, int]:
    """How many there are in each of the lists, counted up to `MANY`, in one statement."""
    each = []
    for name, states in LISTS.items():
        some = select(Attachment.id).where(Attachment.scanned_status.in_(states)).limit(MANY).subquery()
        each.append(select(literal(name, Text), select(func.count()).select_from(some).scalar_subquery()))
    return dict(db.session.execute(union_all(*each)).all())


def file_or_404(public_id: str, *, to_change: bool = False) -> Attachment:
    """Whatever state it is in; locked until the commit when it is to be changed."""
    found = select(Attachment).where(Attachment.public_id == public_id)
    if to_change:
        found = found.with_for_update(of=Attachment).execution_options(populate_existing=True)
    return db.one_or_404(found)


def named(ids: list[int]) -> list[Attachment]:
    """In that order; those that are gone are left out."""
    found = db.session.scalars(select(Attachment).where(Attachment.id.in_(ids)).options(*WITH_PEOPLE))
    return sorted(found, key=lambda each: ids.index(each.id))


def keys_of(files: Iterable[Attachment], *, seen_by: User) -> dict[int, str]:
    """The keys of their tickets, by the ticket's id, as far as this user may know of those."""
    ids = {each.ticket_id for each in files if each.ticket_id}
    tickets = select(Ticket.id, Ticket.key).where(Ticket.id.in_(ids), visible_to(seen_by))
    return dict(db.session.execute(tickets).all()) if ids else {}


def names_of_projects(ids: Iterable[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Project.id, Project.name).where(Project.id.in_(ids))).all())


def long_waiting() -> int:
    """How many have waited for the scanner for too long, counted up to `MANY`."""
    some = select(Attachment.id).where(waits_long()).limit(MANY).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0
