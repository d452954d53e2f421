"""Putting tags on tickets, and keeping the tags in order. Nothing here commits."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import affected, db
from portal.tickets.models import Ticket
from portal.tickets.queries import changed_since
from portal.tickets.tags import MOST, Tag

MOST_AT_ONCE = 1000  # tickets from which a deleted tag is taken; of more, it is merged into another one


def change_tags(ticket: Ticket, names: Sequence[str], *, actor: User | None, seen: int | None = None) -> None:
    """Put these tags on the ticket, and take off the others; names that nobody has used yet are made.

    `seen` is the version of the ticket on which somebody decided so: what others have put on or
    taken off since stays so. The names are as `tags.tag_names` gives them. The same tags change
    nothing. Raises DomainError where these and others' are too many.
    """
    wanted = set(tags_called(names, maker=actor))
    now = living(ticket.tag_ids)
    base = _as_seen(ticket, seen)
    _put(ticket, now, {*now} - (base - wanted) | (wanted - base), actor=actor)


def tags_called(names: Sequence[str], *, maker: User | None) -> dict[int, str]:
    """The tags of these names, by id; those that there are not yet are made. A name that was
    merged away means what it was merged into."""
    _make(sorted(names), maker)
    held = select(Tag).where(Tag.name.in_(names)).with_for_update(read=True, key_share=True)
    found = list(db.session.scalars(held.order_by(Tag.id)))
    if len(found) < len(set(names)):
        raise DomainError(_("One of these tags was just deleted. Send the form again."))
    return living(tag.id for tag in found)


def ids_called(names: Sequence[str]) -> dict[str, int]:
    """The id that each of these names means, for who takes over many tickets; they are made where they
    are missing."""
    _make(sorted(names), None)
    meant = select(Tag.name, func.coalesce(Tag.merged_into_id, Tag.id)).where(Tag.name.in_(names))
    return dict(db.session.execute(meant).all())


def living(ids: Iterable[int]) -> dict[int, str]:
    """What these ids mean now, by id: of tags that were merged, those into which; of deleted ones, none."""
    ids = list(ids)
    if not ids:
        return {}
    named = select(func.coalesce(Tag.merged_into_id, Tag.id)).where(Tag.id.in_(ids))
    return dict(
        db.session.execute(select(Tag.id, Tag.name).where(Tag.id.in_(named)).order_by(Tag.name)).all()
    )


def rename(tag: Tag, name: str, *, actor: User) -> None:
    """Give the tag another name, on all its tickets. Raises DomainError where another tag has it."""
    if name == tag.name:
        return
    old, taken = tag.name, db.session.scalar(select(Tag).where(Tag.name == name))
    if taken is None:
        tag.name = name
    elif taken.merged_into_id == tag.id:
        _swap_names(tag, taken)
    else:
        raise DomainError(_("There is a tag “%(name)s” already. Merge this one into it instead.", name=name))
    db.session.flush()
    record(Kind.TAG_RENAMED, actor=actor, tag_id=tag.id, tag=name, changes={"name": change(old, name)})


def merge(tag: Tag, into: Tag, *, actor: User) -> None:
    """Let one tag take the place of the other; both are held. No ticket is touched for it.

    Raises DomainError for a tag that is to be merged into itself.
    """
    if into.id == tag.id:
        raise DomainError(_("Choose another tag: one cannot be merged into itself."))
    db.session.execute(update(Tag).where(Tag.merged_into_id == tag.id).values(merged_into_id=into.id))
    tag.merged_into_id = into.id
    db.session.flush()
    record(Kind.TAG_MERGED, actor=actor, tag_id=tag.id, tag=tag.name, into_id=into.id, into=into.name)


def delete_tag(tag: Tag, *, actor: User) -> None:
    """Take the tag from its tickets and forget it, with the names that were merged into it.

    The tickets get no event each: whoever makes them anew of theirs leaves out tags that
    there are not. Raises DomainError where they are more than `MOST_AT_ONCE`.
    """
    ids = list(db.session.scalars(select(Tag.id).where((Tag.id == tag.id) | (Tag.merged_into_id == tag.id))))
    _refuse_many(ids)
    freed = _take_off(ids)
    record(Kind.TAG_DELETED, actor=actor, tag_id=tag.id, tag=tag.name, tickets=freed)
    db.session.execute(delete(Tag).where(Tag.merged_into_id == tag.id))
    db.session.execute(delete(Tag).where(Tag.id == tag.id))


def _put(ticket: Ticket, now: dict[int, str], ids: set[int], *, actor: User | None) -> None:
    if ids == set(now):
        return
    if len(ids) > MOST:
        raise DomainError(
            _(
                "A ticket has at most %(max)d tags; with these it would have %(count)d.",
                max=MOST,
                count=len(ids),
            )
        )
    after = living(ids)
    ticket.tag_ids = sorted(after)
    changes = {"tags": {"old": _kept(now), "new": _kept(after)}}
    record(Kind.TICKET_TAGGED, actor=actor, ticket=ticket, public=False, changes=changes)


def _kept(tags: dict[int, str]) -> dict[str, Any]:
    """Tags as an event keeps them: their ids, and their names of the moment."""
    return {"id": sorted(tags), "label": sorted(tags.values())}


def _as_seen(ticket: Ticket, seen: int | None) -> set[int]:
    """The tags it had in that version."""
    changed = changed_since(ticket, seen) if seen is not None and seen < ticket.version else {}
    then = changed["tags"].old["id"] if "tags" in changed else ticket.tag_ids
    return set(living(then))


def _make(names: list[str], maker: User | None) -> None:
    """Those that there are not yet. Two who make the same one at once have made it both."""
    known = set(db.session.scalars(select(Tag.name).where(Tag.name.in_(names))))
    for name in names:
        if name in known:
            continue
        row = {"name": name, "created_by_id": maker.id if maker else None, "created_at": clock.now()}
        made = insert(Tag).values(row).on_conflict_do_nothing().returning(Tag.id)
        if tag_id := db.session.scalar(made):
            record(Kind.TAG_CREATED, actor=maker, tag_id=tag_id, tag=name)


def _swap_names(tag: Tag, former: Tag) -> None:
    """A tag gets a name back that was merged into it; the one it has leads to it from now on."""
    old, name = tag.name, former.name
    former.name = f",{former.id}"  # nobody can type it
    db.session.flush()
    tag.name = name
    db.session.flush()
    former.name = old


def _refuse_many(ids: list[int]) -> None:
    some = select(Ticket.id).where(Ticket.tag_ids.overlap(ids)).limit(MOST_AT_ONCE + 1).subquery()
    if (db.session.scalar(select(func.count()).select_from(some)) or 0) > MOST_AT_ONCE:
        raise DomainError(
            _("More than %(max)d tickets have this tag. Merge it into another one instead.", max=MOST_AT_ONCE)
        )


def _take_off(ids: list[int]) -> int:
    """From how many tickets it was taken; they are held by ascending id first."""
    tagged = Ticket.tag_ids.overlap(ids)
    db.session.execute(select(Ticket.id).where(tagged).order_by(Ticket.id).with_for_update())
    remaining: Any = Ticket.tag_ids
    for each in ids:
        remaining = func.array_remove(remaining, each)
    freed = update(Ticket).where(tagged).values(tag_ids=remaining)
    return affected(db.session.execute(freed.execution_options(synchronize_session=False)))
