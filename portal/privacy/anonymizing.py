"""Anonymizing somebody: their own row and belongings at once, then every text of every table."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, exists, false, insert, or_, select

from portal import clock
from portal.accounts.models import User, digest, sort_key
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Invitation
from portal.outbox_mail.models import Mail
from portal.privacy import sweep
from portal.privacy.models import Mention, PersonJob, Place
from portal.privacy.traces import Traces, neutral_address, neutral_name, split
from portal.tickets.models import Comment, TicketPerson
from portal.tickets.senders import SpamNote

PLACES = {
    "tickets": {"title": Place.TITLE, "description": Place.DESCRIPTION},
    "comments": {"body": Place.COMMENT},
    "attachments": {sweep.FILE_NAME: Place.FILE},
}


def belongings() -> Iterator[tuple[Table, Column[Any]]]:
    """The tables whose rows go with their person, and the column that says whose they are."""
    users = User.__table__
    for table in db.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is users and key.ondelete == "CASCADE":
                yield table, key.parent


def take_identity(person: User) -> Traces:
    """Make the person nobody: from now on each page and each new event shows the neutral name.

    Gives all by which they were known. What they had for themselves goes: sessions,
    secrets, links, identities, memberships, notifications, drafts.
    """
    traces = Traces(person.id, (person.name,), (person.email,), tuple(filter(None, [person.phone])))
    for table, owner in belongings():
        db.session.execute(delete(table).where(owner == person.id))
    db.session.execute(db.update(User).where(User.deputy_id == person.id).values(deputy_id=None))
    person.name, person.email = neutral_name(person.id), neutral_address(person.id)
    person.sort_name = sort_key(person.name)
    person.phone = ""
    person.password_hash = person.email_verified_at = person.two_step_since = None
    person.locale = person.timezone = None
    person.picture_digest, person.quiet_about = None, []
    person.is_break_glass = person.is_limited = False
    person.absent_from = person.absent_until = person.deputy = None
    person.anonymized_at = clock.now()
    return traces


def learn(connection: Connection, traces: Traces) -> Traces:
    """With the names, addresses and numbers they had before, as the audit log tells."""
    of_person = select(Event.data).where(
        Event.ticket_id.is_(None), Event.data["user_id"].as_string() == str(traces.person_id)
    )
    found: dict[str, set[str]] = {"names": set(), "emails": set(), "phones": set()}
    for (data,) in connection.execute(of_person):
        found["names"].add(data.get("user") or "")
        found["emails"].add((data.get("email") or "").lower())
        for field, kind in (("name", "names"), ("email", "emails"), ("phone", "phones")):
            for side in data.get("changes", {}).get(field, {}).values():
                found[kind].add(str(side.get("label") or ""))
    found["names"].discard(neutral_name(traces.person_id))
    return traces.and_also(**found)


def remove_mails(connection: Connection, traces: Traces) -> int:
    """The mails that went to them, or were to go, what still invites them, and what is noted of them as
    senders of spam."""
    addresses = list(traces.emails)
    invited = delete(Invitation).where(Invitation.email.in_(addresses))
    connection.execute(invited)
    connection.execute(delete(SpamNote).where(SpamNote.address.in_(addresses)))
    to_them = or_(Mail.recipient_id == traces.person_id, Mail.to_address.in_(addresses))
    return connection.execute(delete(Mail).where(to_them)).rowcount


def sweep_part(connection: Connection, step: sweep.Step, job: PersonJob, traces: Traces) -> int:
    """One part of one table; how many of its rows named them. What may still do so is listed."""
    rows = sweep.rows_to_look_at(connection, step, traces, after=job.after)
    changed = sweep.clean(connection, step, rows, traces)
    if places := PLACES.get(step.table.name):
        theirs = _theirs(connection, step, rows, traces)
        for row in rows:
            _list_mentions(connection, row, places, job, traces, is_theirs=row.id in theirs)
    return changed


def _theirs(connection: Connection, step: sweep.Step, rows: list[Row[Any]], traces: Traces) -> set[int]:
    """Which of these texts stand on tickets that they took part in, or name a file that they sent."""
    table = step.table.c
    ticket = table.id if step.table.name == "tickets" else table.ticket_id
    sent = table.uploader_id == traces.person_id if "uploader_id" in table else false()
    took_part = exists().where(TicketPerson.ticket_id == ticket, TicketPerson.user_id == traces.person_id)
    said = Comment.__table__.alias("said")
    wrote = exists().where(said.c.ticket_id == ticket, said.c.author_id == traces.person_id)
    ids = [row.id for row in rows]
    return set(connection.scalars(select(table.id).where(table.id.in_(ids), took_part | wrote | sent)))


def _list_mentions(
    connection: Connection,
    row: Row[Any],
    places: dict[str, Place],
    job: PersonJob,
    traces: Traces,
    *,
    is_theirs: bool,
) -> None:
    for name, place in places.items():
        text = sweep.without(name, getattr(row, name), traces)
        looked_at = split(text)[0] if place is Place.FILE else text
        spans = traces.spans(looked_at, is_theirs=is_theirs)
        if spans and (owners := _owners(row, place)):
            connection.execute(
                insert(Mention).values(
                    job_id=job.id,
                    place=place,
                    **owners,
                    spans=[list(span) for span in spans],
                    text_digest=digest(text),
                )
            )


def _owners(row: Row[Any], place: Place) -> dict[str, int]:
    """Whose the text is; none of a file that nobody but its sender sees yet."""
    match place:
        case Place.COMMENT:
            return {"ticket_id": row.ticket_id, "comment_id": row.id}
        case Place.FILE:
            return {"ticket_id": row.ticket_id, "attachment_id": row.id} if row.ticket_id else {}
    return {"ticket_id": row.id}
