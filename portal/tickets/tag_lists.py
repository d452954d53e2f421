"""What is asked about tags: those of a ticket, those that begin so, all of them with their use."""

from collections.abc import Iterable

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from portal.extensions import db
from portal.tickets.models import Ticket
from portal.tickets.tagging import living
from portal.tickets.tags import Tag, plain

FEW = 10  # that are suggested
USES = 1000  # tickets; counting goes no further


def names_of(ticket: Ticket) -> list[str]:
    """The names of its tags, in their order."""
    return sorted(living(ticket.tag_ids).values())


def names_like(typed: str) -> list[str]:
    """A few whose name begins so; nothing is suggested before there is a letter."""
    begun = plain(typed)
    if not begun:
        return []
    like = select(Tag.name).where(Tag.merged_into_id.is_(None), Tag.name.startswith(begun, autoescape=True))
    return list(db.session.scalars(like.order_by(Tag.name).limit(FEW)))


def tags_called(words: str) -> Select:
    """The tags whose name, or one that was merged into it, holds these words."""
    alias = aliased(Tag)
    tags = select(Tag.id, Tag.name, Tag.created_at).where(Tag.merged_into_id.is_(None))
    holding = plain(words)
    if not holding:
        return tags
    former = select(alias.merged_into_id).where(alias.name.contains(holding, autoescape=True))
    return tags.where(or_(Tag.name.contains(holding, autoescape=True), Tag.id.in_(former)))


def former_names(ids: Iterable[int]) -> dict[int | None, list[str]]:
    """The names that were merged into each of these tags."""
    found: dict[int | None, list[str]] = {}
    merged = select(Tag.merged_into_id, Tag.name).where(Tag.merged_into_id.in_(list(ids)))
    for tag_id, name in db.session.execute(merged.order_by(Tag.name)):
        found.setdefault(tag_id, []).append(name)
    return found


def uses_of(ids: Iterable[int]) -> dict[int, int]:
    """On how many tickets each of these tags is, counted up to `USES`: one statement for a page of them."""
    alias = aliased(Tag)
    family = select(func.array_agg(alias.id)).where(or_(alias.id == Tag.id, alias.merged_into_id == Tag.id))
    tagged = select(Ticket.id).where(Ticket.tag_ids.overlap(family.correlate(Tag).scalar_subquery()))
    some = tagged.correlate(Tag).limit(USES).subquery()
    counted = select(Tag.id, select(func.count()).select_from(some).correlate(Tag).scalar_subquery())
    return dict(db.session.execute(counted.where(Tag.id.in_(list(ids)))).all())


def tag_or_404(tag_id: int, *, to_change: bool = False) -> Tag:
    """One that was not merged into another."""
    found = select(Tag).where(Tag.id == tag_id, Tag.merged_into_id.is_(None))
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.one_or_404(found)


def tag_called(name: str, *, to_change: bool = False) -> Tag | None:
    """The tag of that name, or the one into which that was merged."""
    meant = select(func.coalesce(Tag.merged_into_id, Tag.id)).where(Tag.name == name).scalar_subquery()
    found = select(Tag).where(Tag.id == meant)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(found)
