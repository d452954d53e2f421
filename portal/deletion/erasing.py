"""Erasing a deleted ticket from every table, as the owner of the database: the application's role may not
change what has happened.

All of it is one transaction: a worker that dies in the middle has changed nothing. What is in the
store is noted to be removed, as with any file that is deleted.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    any_,
    case,
    cast,
    delete,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from portal import clock
from portal.attachments.actions import objects_of
from portal.attachments.models import Attachment, Discarded
from portal.bulk.models import AT_WORK, BulkItem, BulkOperation
from portal.deletion.models import DeletedKey, TicketDeletion
from portal.events.kinds import Kind
from portal.events.models import Delivery, Event
from portal.exports.models import OPEN, ExportState, TicketExport
from portal.notifications.models import Notification
from portal.outbox_mail.models import Mail
from portal.privacy.models import PersonJob, PersonJobKind, PersonJobState
from portal.search.collecting import forget_words, hold_words, words_of_ticket
from portal.tickets.models import Comment, Ticket, TicketPerson
from portal.tickets.unsent import Draft, IdempotencyKey

PLACES = ("reply", "note")
UNNAMED = "…"  # what an event says instead of the name of a file
OF_FILES = [kind.value for kind in Kind if kind.startswith("file.")]
DELETIONS: Table = TicketDeletion.__table__  # type: ignore[assignment]  # it is one
TICKETS: Table = Ticket.__table__  # type: ignore[assignment]


def erase(connection: Connection, deletion_id: int) -> None:
    """Of a ticket that is gone already, only say that it is erased."""
    row = connection.execute(select(DELETIONS).where(DELETIONS.c.id == deletion_id)).one()
    held = select(TICKETS.c.id).where(TICKETS.c.id == row.ticket_id).with_for_update()
    if connection.scalar(held) is not None:
        _erase_ticket(connection, row.ticket_id, _keys(connection, deletion_id))
    erased = {"erased_at": clock.now(), "lease_until": None, "error": None}
    connection.execute(update(DELETIONS).where(DELETIONS.c.id == deletion_id).values(erased))


def _erase_ticket(connection: Connection, ticket_id: int, keys: list[str]) -> None:
    hold_words(connection)
    words = words_of_ticket(connection, ticket_id)
    files = _files(connection, ticket_id)
    _end_exports(connection, ticket_id)
    _erase_bulk(connection, ticket_id)
    _erase_mails(connection, ticket_id, keys, files)
    _erase_unsent(connection, ticket_id, keys)
    _erase_history(connection, ticket_id, keys, files)
    _erase_files(connection, ticket_id)
    connection.execute(delete(TicketPerson).where(TicketPerson.merged_from_id == ticket_id))
    connection.execute(delete(TICKETS).where(TICKETS.c.id == ticket_id))  # the rest goes with its row
    forget_words(connection, words)


def _keys(connection: Connection, deletion_id: int) -> list[str]:
    return list(connection.scalars(select(DeletedKey.key).where(DeletedKey.deletion_id == deletion_id)))


def _is_of(ticket_id: int) -> ColumnElement[bool]:
    """Files of the ticket, and what somebody was about to send to it."""
    return or_(
        Attachment.ticket_id == ticket_id, Attachment.draft.in_([f"{ticket_id}:{place}" for place in PLACES])
    )


def _files(connection: Connection, ticket_id: int) -> list[str]:
    """The public ids of all files it ever had, as far as there is a word of them."""
    told = select(Event.data["file_id"].as_string()).where(
        Event.ticket_id == ticket_id, Event.data.has_key("file_id")
    )
    return list(connection.scalars(union(select(Attachment.public_id).where(_is_of(ticket_id)), told)))


def _end_exports(connection: Connection, ticket_id: int) -> None:
    """Lists that were written since it was there may have it, and so may what was collected of its people:
    the files go, and what is being written begins anew."""
    now = clock.now()
    lists: Any = TicketExport.__table__
    came_at = select(Ticket.created_at).where(Ticket.id == ticket_id).scalar_subquery()
    written = lists.c.result_key.is_not(None) & (lists.c.finished_at >= came_at)
    connection.execute(update(lists).where(written).values(expires_at=now))
    anew = {"lease_until": None, "error": None}
    running = lists.c.state.in_(OPEN)
    connection.execute(update(lists).where(running).values(state=ExportState.QUEUED, **anew))
    jobs: Any = PersonJob.__table__
    theirs = jobs.c.person_id.in_(_people(ticket_id)) & (jobs.c.kind == PersonJobKind.EXPORT)
    connection.execute(update(jobs).where(theirs, jobs.c.result_key.is_not(None)).values(expires_at=now))
    collected = jobs.c.state == PersonJobState.RUNNING
    connection.execute(update(jobs).where(theirs, collected).values(state=PersonJobState.QUEUED, **anew))


def _people(ticket_id: int) -> Any:
    return union(
        select(TicketPerson.user_id).where(TicketPerson.ticket_id == ticket_id),
        select(Comment.author_id).where(Comment.ticket_id == ticket_id),
        select(Attachment.uploader_id).where(Attachment.ticket_id == ticket_id),
    )


def _erase_bulk(connection: Connection, ticket_id: int) -> None:
    """A note that was written on many tickets; one that is being written still loses it at its end."""
    operations: Any = BulkOperation.__table__
    listed = select(BulkItem.operation_id).where(BulkItem.ticket_id == ticket_id)
    over = operations.c.id.in_(listed) & operations.c.state.not_in(AT_WORK)
    connection.execute(update(operations).where(over).values(what=_less(operations.c.what, "body")))


def _erase_mails(connection: Connection, ticket_id: int, keys: list[str], files: list[str]) -> None:
    """Also those of before mails said what they are about."""
    named = cast([f"/tickets/{key}(\\D|$)" for key in keys], ARRAY(Text))
    by_file = cast([f"%:{file}:%" for file in files], ARRAY(Text))
    old = Mail.ticket_id.is_(None) & or_(Mail.body.op("~")(any_(named)), Mail.dedupe_key.like(any_(by_file)))
    connection.execute(delete(Mail).where(or_(Mail.ticket_id == ticket_id, old)))


def _erase_unsent(connection: Connection, ticket_id: int, keys: list[str]) -> None:
    written = select(Comment.public_id).where(Comment.ticket_id == ticket_id)
    made = or_(IdempotencyKey.made.in_(keys), IdempotencyKey.made.in_(written))
    connection.execute(delete(IdempotencyKey).where(made))
    scopes = [f"{key}:{place}" for key in keys for place in PLACES]
    connection.execute(delete(Draft).where(Draft.scope.in_(scopes)))


def _erase_history(connection: Connection, ticket_id: int, keys: list[str], files: list[str]) -> None:
    """Its own events with all that follows from them. Those of the audit log about its files stay, and
    do not say what they were called."""
    events: Any = Event.__table__
    own = select(events.c.id).where(events.c.ticket_id == ticket_id)
    told = or_(Notification.ticket_id == ticket_id, Notification.event_id.in_(own))
    connection.execute(delete(Notification).where(told))
    connection.execute(delete(Delivery).where(Delivery.event_id.in_(own)))
    connection.execute(update(events).where(events.c.cause_id.in_(own)).values(cause_id=None))
    connection.execute(delete(events).where(events.c.ticket_id == ticket_id))
    about_it = or_(
        events.c.data["file_id"].as_string().in_(files), events.c.data["ticket_key"].as_string().in_(keys)
    )
    of_files = events.c.ticket_id.is_(None) & events.c.kind.in_(OF_FILES) & about_it
    connection.execute(update(events).where(of_files).values(data=_without_words(events)))


def _without_words(events: Any) -> ColumnElement[Any]:
    """A reason is somebody's words where a file was not released, and a code elsewhere."""
    is_said = events.c.kind == Kind.FILE_RELEASE_REFUSED.value
    said = case((is_said, _less(events.c.data, "reason")), else_=events.c.data)
    bare = _less(_less(said, "why"), "found")
    return bare.op("||", return_type=JSONB())(literal({"file": UNNAMED}, JSONB()))


def _less(data: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    return data.op("-", return_type=JSONB())(literal(name, Text()))


def _erase_files(connection: Connection, ticket_id: int) -> None:
    """A scan that is going on finds its row gone, and discards what it has made."""
    table: Any = Attachment.__table__
    for row in connection.execute(select(table).where(_is_of(ticket_id)).with_for_update()):
        _discard(connection, objects_of(row))
    connection.execute(delete(table).where(_is_of(ticket_id)))


def _discard(connection: Connection, objects: Iterable[tuple[str, str, str | None]]) -> None:
    for area, key, upload_id in objects:
        unused = {"area": area, "key": key, "upload_id": upload_id, "available_at": clock.now()}
        connection.execute(insert(Discarded).values(unused))
