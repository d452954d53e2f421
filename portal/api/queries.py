"""What the API lists: the same tickets as the pages do, with the names that programs know things by."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.models import User
from portal.extensions import db
from portal.filters import And, where
from portal.tickets.family import comments_of as written_on
from portal.tickets.family import family_of
from portal.tickets.filtering import fields_for
from portal.tickets.lists import LATEST, USUAL, Sort
from portal.tickets.models import Comment, Ticket
from portal.tickets.policy import visible_in_parts, works_on
from portal.tickets.selections import Selection, Slice, page_of
from portal.web.paging import Page

SHOWN = USUAL | {"type", "project_id"}
COMMENTS = 100  # of one answer


@dataclass(frozen=True)
class Comments:
    """Some of a ticket's, the oldest first, and whether there are earlier ones."""

    rows: list[Comment]
    has_earlier: bool


def ticket_page(user: User, tree: And, *, cursor: str | None) -> Page:
    """The tickets that this user may see and the filter asks for, the last changed first."""
    conditions = [where(tree, Ticket.__table__.c, fields_for(user)), *_begin_with_theirs(user)]
    return page_of(Selection.once(user, *conditions, tree=tree), Slice(sort(), cursor, shown=SHOWN))


def sort() -> Sort:
    return Sort.typed(LATEST)


def _begin_with_theirs(user: User) -> list[ColumnElement[bool]]:
    """People who ask see few tickets: those are looked up, not found among all there are. Asked for a page of
    each part by itself (`parts` of `page_of`), it took six times as long."""
    if user.is_staff:
        return []
    parts = [select(Ticket.id).where(part).correlate(None) for part in visible_in_parts(user)]
    return [Ticket.id.in_(union_all(*parts))]


def comments_of(ticket: Ticket, *, seen_by: User, before: int | None = None) -> Comments:
    """The last `COMMENTS` before the one of that id, as far as this user may read them."""
    found = _readable(ticket, seen_by)
    if before is not None:
        found = found.where(Comment.id < before)
    found = found.options(joinedload(Comment.author), selectinload(Comment.mentioned))
    found = found.order_by(Comment.id.desc()).limit(COMMENTS + 1)
    rows = list(db.session.scalars(found))
    return Comments(rows[:COMMENTS][::-1], has_earlier=len(rows) > COMMENTS)


def comment_of(ticket: Ticket, public_id: str, *, seen_by: User) -> Comment | None:
    """The comment that is called so there, if this user may read it."""
    return db.session.scalar(_readable(ticket, seen_by).where(Comment.public_id == public_id))


def _readable(ticket: Ticket, user: User) -> Select[Comment]:
    """Internal notes are for who works on the ticket."""
    return written_on(family_of(ticket, reader=user, works=works_on(user, ticket)))
