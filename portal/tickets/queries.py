from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Row,
    Select,
    any_,
    bindparam,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased, contains_eager, joinedload, undefer
from sqlalchemy.orm.attributes import set_committed_value
from werkzeug.exceptions import NotFound

from portal.accounts.models import User
from portal.accounts.queries import WITH_DEPUTY, people_by_id
from portal.accounts.reader import Reader
from portal.errors import DomainError, NotAllowed
from portal.events.kinds import CHANGES, Kind
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.tickets.family import WITH_RELATIVES, Family, events_of, events_of_one
from portal.tickets.models import Comment, Part, Ticket, TicketKey, TicketPerson
from portal.tickets.policy import reachable_by, refuse_spam, visible_to, works_on
from portal.tickets.senders import WITH_MARKS

OF_MANY = {Kind.BULK_BEGAN, Kind.BULK_UNDO_BEGAN}  # causes of what happened to many tickets at once
SHOWN = 100  # events of a timeline; the earlier ones come when asked for
NEWER_SHOWN = 5  # replies that came while somebody wrote theirs
OF_LINKS = {Kind.TICKET_LINKED, Kind.TICKET_UNLINKED}
# Under which name their data have another ticket.
NAMES_OTHER: Mapping[Any, str] = dict.fromkeys(OF_LINKS, "other") | {
    Kind.TICKET_MERGED: "into",
    Kind.TICKET_UNMERGED: "into",
    Kind.TICKET_ABSORBED: "merged",
    Kind.TICKET_RELEASED: "merged",
}


@dataclass(frozen=True)
class Entry:
    """One line of a timeline: the event, what was written where something was, the merged ticket from
    which it comes, and the present key of the other ticket that it is about, if the reader may see that."""

    event: Event
    comment: Comment | None
    source: Ticket | None = None
    other: str | None = None

    @property
    def template(self) -> str:
        return f"tickets/events/{self.event.kind}.html"


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    earlier_than: int | None  # the event before which there are more


@dataclass(frozen=True)
class FieldChange:
    """What a field was before somebody changed it, what it became, by whom and when."""

    old: dict[str, Any]
    new: dict[str, Any]
    actor: User | None
    at: datetime


class Moved(Exception):
    """The ticket has another key by now, or goes on in another one, and whoever asks may know it.

    Answers 301.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def get_work_or_404(
    key: str, *, seen_by: User, to_change: bool = False, wherever: bool = False, even_spam: bool = False
) -> Ticket:
    """`get_ticket_or_404`, of one that this user works on. Raises NotAllowed for one they only follow."""
    ticket = get_ticket_or_404(
        key, seen_by=seen_by, to_change=to_change, wherever=wherever, even_spam=even_spam
    )
    if not works_on(seen_by, ticket):
        raise NotAllowed(_("You take part in this ticket, but you do not work in its project."))
    return ticket


def get_ticket_or_404(
    key: str, *, seen_by: User, to_change: bool = False, wherever: bool = False, even_spam: bool = False
) -> Ticket:
    """Find the ticket; one that this user may not see does not exist for them.

    By a key that it had before it was moved, a change finds it too, so that nothing
    that was typed is lost; whoever only looks is led to its present key: raises Moved.
    So it is with the key of a ticket that was merged into another, where `wherever` says
    that the change is as good there; else raises DomainError, for nobody closes a
    ticket that they have not seen.
    With `to_change` its row is locked until the commit, and read afresh.
    Changes to one ticket then happen one after the other, and the ids of its
    events are in the order of their commits: "after event 7" misses nothing.
    The desk looks at spam, and is refused any change but those that are made `even_spam`:
    raises DomainError. For everybody else there is none.
    """
    reader = Reader.of(seen_by)
    found = _held(reader.anybody) if to_change else _whole(reader.anybody)
    if ticket := db.session.scalar(found, reader.given | {"key": key}, execution_options=KEEPS_PLAN):
        if to_change and not even_spam:
            refuse_spam(ticket)
        return ticket
    now = _where_it_is_or_404(key, seen_by=seen_by)
    if not to_change:
        raise Moved(now.key)
    if now.is_merged and not wherever:
        raise DomainError(
            _("%(key)s was merged into %(into)s meanwhile. Nothing was changed.", key=key, into=now.key)
        )
    return get_ticket_or_404(now.key, seen_by=seen_by, to_change=True, wherever=wherever, even_spam=even_spam)


# Made once for all who see by the same rules: putting it together takes longer than following it.
@cache
def _whole(reader: Reader) -> Select[Ticket]:
    return select(Ticket).where(*_CALLED, reachable_by(reader)).options(*_WHOLE)


@cache
def _held(reader: Reader) -> Select[Ticket]:
    """With the little that most changes need, joined to the row only once it is locked.

    Joined beside the lock, PostgreSQL would keep to the status that the row had before
    whoever was waited for changed it, which is then not its status: none would be found.
    """
    locked = select(Ticket).where(*_CALLED, reachable_by(reader)).with_for_update(of=Ticket)
    held = aliased(Ticket, locked.subquery())
    little = (joinedload(held.status), joinedload(held.project))
    return select(held).options(*little).execution_options(populate_existing=True)


_CALLED = (Ticket.key == bindparam("key"), Ticket.merged_into_id.is_(None))


def _where_it_is_or_404(key: str, *, seen_by: User) -> Row:
    """The key of the ticket that is meant by a former key, or in which that of this key goes on, if this
    user may see it; and whether it was merged."""
    now = db.session.execute(_now_called([key]).where(reachable_by(seen_by))).first()
    if now is None:
        raise NotFound
    return now


def _now_called(keys: Sequence[str]) -> Select:
    """Which tickets are `asked` for by keys that may be former ones, or of merged tickets, and what they
    are called now."""
    named = union_all(
        select(Ticket.key.label("asked"), Ticket.id.label("id")).where(Ticket.key.in_(keys)),
        select(TicketKey.key, TicketKey.ticket_id).where(TicketKey.key.in_(keys)),
    ).subquery()
    meant = aliased(Ticket)
    is_merged = meant.merged_into_id.is_not(None).label("is_merged")
    found = select(named.c.asked, Ticket.id, Ticket.key, is_merged).select_from(named)
    return found.join(meant, meant.id == named.c.id).join(
        Ticket, Ticket.id == func.coalesce(meant.merged_into_id, meant.id)
    )


_WHOLE = (
    joinedload(Ticket.project),
    joinedload(Ticket.status),
    joinedload(Ticket.category),
    joinedload(Ticket.team),
    joinedload(Ticket.organization),
    joinedload(Ticket.requester),
    joinedload(Ticket.assignee).options(WITH_DEPUTY),
    undefer(Ticket.description),
    undefer(Ticket.description_html),
    *WITH_RELATIVES,
    *WITH_MARKS,
)


def held_together_or_404(key: str, other_key: str, *, seen_by: User) -> tuple[Ticket, Ticket]:
    """Two tickets that this user works on, locked until the commit with all that was merged into them.

    Both may be the same in the end. What this transaction has changed before may be lost.
    """
    one, other = _held_with_merged([key, other_key], seen_by)
    return one, other


def held_with_merged_or_404(key: str, *, seen_by: User) -> Ticket:
    """The same of one."""
    return _held_with_merged([key], seen_by)[0]


def _held_with_merged(keys: Sequence[str], seen_by: User) -> list[Ticket]:
    """Whoever takes several takes them by ascending id, so that nobody waits for each other."""
    while True:
        ids = _meant_by(keys, seen_by)
        locked = db.session.scalars(_all_of(ids).order_by(Ticket.id).with_for_update(of=Ticket)).all()
        if _meant_by(keys, seen_by) == ids and set(db.session.scalars(_all_of(ids))) <= set(locked):
            return [get_work_or_404(key, seen_by=seen_by, to_change=True, wherever=True) for key in keys]
        db.session.rollback()  # another merge was first: there is one more, and it has its place


def _meant_by(keys: Sequence[str], seen_by: User) -> list[int]:
    return [_where_it_is_or_404(key, seen_by=seen_by).id for key in keys]


def _all_of(ids: Sequence[int]) -> Select[int]:
    return select(Ticket.id).where(or_(Ticket.id.in_(ids), Ticket.merged_into_id.in_(ids)))


def timeline(family: Family, *, reader: User, works: bool, before: int | None = None) -> Timeline:
    """What happened to the ticket and to what was merged into it, as far as its reader may know, who
    works on it or follows it: the last `SHOWN` events before event `before`, the oldest first."""
    asked, has_before = {"ticket_id": family.ticket.id, "before": before}, before is not None
    events = _last(events_of(family), works, has_before) if family.merged else _last_of_one(works, has_before)
    found = list(db.session.scalars(events, asked, execution_options=KEEPS_PLAN))
    more, found = len(found) > SHOWN, found[:SHOWN][::-1]
    for event in found if works else ():
        event.is_of_many = bool(event.cause and event.cause.kind in OF_MANY)  # type: ignore[misc]
        event.tells_of_rules = True  # type: ignore[misc]
    return Timeline(_entries(found, family, reader), found[0].id if more else None)


@cache
def _last_of_one(works: bool, has_before: bool) -> Select[Event]:
    """Of a ticket in which no others go on: made once, for each page asks for them."""
    return _last(events_of_one(bindparam("ticket_id"), works=works), works, has_before)


def _last(events: Select[Event], works: bool, has_before: bool) -> Select[Event]:
    if has_before:
        events = events.where(Event.id < bindparam("before"))
    events = events.order_by(Event.id.desc()).limit(constant(SHOWN + 1))
    return events.options(joinedload(Event.cause).load_only(Event.kind)) if works else events


def _entries(events: list[Event], family: Family, reader: User) -> list[Entry]:
    """A line each; but none of a link with a ticket that the reader may not see."""
    comments, others = _comments_of(events), _others_of(events, family, reader)
    wrote = [comment.author_id for comment in comments.values()]
    people = people_by_id([*wrote, *(event.actor_id for event in events)])
    for comment in comments.values():
        set_committed_value(comment, "author", people[comment.author_id])
    for event in events:
        set_committed_value(event, "actor", people[event.actor_id] if event.actor_id else None)
        source = family.source(event.ticket_id)
        event.source_key = source.key if source else None  # type: ignore[misc]  # no column: of this reading
    return [
        Entry(
            event,
            comments.get(event.data.get("comment_id", 0)),
            family.source(event.ticket_id),
            others.get(_other_id(event)),
        )
        for event in events
        if event.kind not in OF_LINKS or _other_id(event) in others
    ]


def _others_of(events: list[Event], family: Family, reader: User) -> dict[int, str]:
    """The keys that other tickets have now, by the ids by which events name them; of those the reader
    may see."""
    known = {each.id: each.key for each in (family.ticket, *family.merged)}
    ids = {other for event in events if (other := _other_id(event))} - set(known)
    if not ids:
        return known
    meant = aliased(Ticket)
    home = Ticket.id == func.coalesce(meant.merged_into_id, meant.id)
    found = (
        select(meant.id, Ticket.key)
        .select_from(meant)
        .join(Ticket, home)
        .where(meant.id.in_(ids), visible_to(reader))
    )
    return known | dict(db.session.execute(found).all())


def _other_id(event: Event) -> int:
    name = NAMES_OTHER.get(event.kind)
    return event.data[name]["id"] if name else 0


def _comments_of(events: list[Event]) -> dict[int, Comment]:
    ids = [event.data["comment_id"] for event in events if "comment_id" in event.data]
    if not ids:
        return {}
    written = db.session.scalars(_WRITTEN, {"ids": ids}, execution_options=KEEPS_PLAN)
    return {comment.id: comment for comment in written}


_WRITTEN = select(Comment).where(Comment.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))


def replies_since(ticket: Ticket, seen: int, *, besides: User) -> list[Comment]:
    """The latest public replies that whoever saw so many has not seen, the oldest first; not their own."""
    if seen >= ticket.reply_count:
        return []
    replies = select(Comment).where(Comment.ticket_id == ticket.id, ~Comment.is_internal)
    newest = replies.order_by(Comment.id.desc()).limit(min(ticket.reply_count - seen, NEWER_SHOWN))
    found = db.session.scalars(newest.options(joinedload(Comment.author))).all()
    return [comment for comment in reversed(found) if comment.author_id != besides.id]


def changed_since(ticket: Ticket, version: int) -> dict[str, FieldChange]:
    """Which fields others have changed since that version, with what each was then and is now."""
    changed: dict[str, FieldChange] = {}
    later = (
        select(Event)
        .where(
            Event.ticket_id == ticket.id,
            Event.kind.in_(CHANGES),
            Event.data["version"].as_integer() > version,
        )
        .options(joinedload(Event.actor))
        .order_by(Event.id)
    )
    for event in db.session.scalars(later):
        for name, change in event.data["changes"].items():
            first = changed[name].old if name in changed else change["old"]
            changed[name] = FieldChange(first, change["new"], event.actor, event.created_at)
    return changed


def people_of(ticket: Ticket) -> list[TicketPerson]:
    """Who is concerned by the ticket, by name."""
    asked = {"ticket_id": ticket.id}
    return list(db.session.scalars(_CONCERNED, asked, execution_options=KEEPS_PLAN))


_CONCERNED = (
    select(TicketPerson)
    .join(TicketPerson.user)
    .where(TicketPerson.ticket_id == bindparam("ticket_id"))
    .options(contains_eager(TicketPerson.user))
    .order_by(User.sort_name, User.id)
)


def is_watching(people: list[TicketPerson], user: User) -> bool:
    return any(row.user_id == user.id and row.part == Part.WATCHER for row in people)


def ids_by_key(keys: Sequence[str], *, seen_by: User, even_spam: bool = False) -> dict[str, int]:
    """The ids of those tickets that this user may see, by key, or by the former key that was asked for;
    of a merged ticket that of the one in which it goes on."""
    if not keys:
        return {}
    seen = reachable_by(seen_by) if even_spam else visible_to(seen_by)
    present = (Ticket.key.in_(keys), Ticket.merged_into_id.is_(None))
    ids = dict(db.session.execute(select(Ticket.key, Ticket.id).where(*present, seen)).all())
    if len(ids) == len(set(keys)):
        return ids
    found = db.session.execute(_now_called(keys).where(seen))
    return {row.asked: row.id for row in found}


def last_project_id(user: User) -> int | None:
    """The project this person asked last: most people ask the same one again."""
    latest = select(Ticket.project_id).where(Ticket.requester_id == user.id)
    return db.session.scalar(latest.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(1))


def last_organization_id(user: User) -> int | None:
    """The organization this person asked for last."""
    latest = select(Ticket.organization_id).where(Ticket.requester_id == user.id)
    return db.session.scalar(latest.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(1))
