"""All that is known of somebody, as a ZIP of JSON files.

What others wrote about them inside the desk, and what lets somebody in, is not
in it: internal notes of others, digests, sealed secrets.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import RowMapping, Select, or_, select

from portal import clock
from portal.accounts.models import Picture, User
from portal.events.models import AUDITED, Event
from portal.extensions import db
from portal.organizations.models import Department, Membership, Organization, Team, TeamMember
from portal.outbox_mail.models import Mail
from portal.privacy import attached
from portal.privacy.anonymizing import belongings
from portal.sso.models import ExternalIdentity, IdentityProvider
from portal.tickets.models import Comment, Part, Ticket, TicketPerson

BATCH = 500  # rows read at once
SECRET = re.compile(r"digest|secret|token|sealed|hash|password|credential|public_key|(^|_)key$")
ASKED = (Part.REQUESTER, Part.PARTICIPANT)
ABOUT = """What the service desk knows of {name}, {email}, as of {now:%Y-%m-%d %H:%M} UTC.

account.json        the account, its teams, organizations and identities
tickets.json        requests they asked or take part in, with all public replies
work.json           requests they were given or watch: keys and titles
comments.json       what they wrote, internal notes of their own included
events.json         log-ins, changes of their account, and what they changed of the desk
mails.json          mails to them; links that let somebody in are left out
picture.webp        the picture beside their name, if there is one
files.json          files they sent, and those of their requests; the files themselves are in files/
belongings/         sessions, notifications, drafts and the like, a table each

Not in here: internal notes that others wrote, and whatever lets somebody in. Times are UTC.
"""

Progress = Callable[[int], None]


def length(person: User) -> int:
    """About how many rows there are to write."""
    counted = (_tickets(person), _comments(person), _events(person))
    return sum(
        db.session.scalar(select(db.func.count()).select_from(rows.subquery())) or 0 for rows in counted
    )


def write(person: User, file: BinaryIO, *, progress: Progress) -> None:
    """Fill the file. `progress` is told of each part how many rows it had, and may raise to end it."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        about = ABOUT.format(name=person.name, email=person.email, now=clock.now())
        archive.writestr(_entry("about.txt"), about)
        _write(archive, "account.json", iter([_account(person)]), lambda _: None)
        _write(archive, "tickets.json", _whole_tickets(person), progress)
        _write(archive, "work.json", _work(person), lambda _: None)
        _write(archive, "comments.json", _batches(_comments(person), Comment.id, _own_comment), progress)
        _write(archive, "events.json", _batches(_events(person), Event.id, _event(person)), progress)
        _write(archive, "mails.json", _batches(_mails(person), Mail.id, _mail), lambda _: None)
        for table, owner in belongings():
            rows = db.session.execute(select(table).where(owner == person.id)).mappings()
            _write(archive, f"belongings/{table.name}.json", map(_belonging, rows), lambda _: None)
        _write(archive, "files.json", map(attached.told, attached.rows_of(person)), lambda _: None)
        for row in attached.rows_of(person):
            for _piece in attached.pack(archive, row, _entry(attached.path_of(row))):
                progress(0)
            progress(0)
        if drawn := db.session.scalar(select(Picture.drawn).where(Picture.user_id == person.id)):
            archive.writestr(_entry("picture.webp"), drawn)


def _belonging(row: RowMapping) -> dict[str, Any]:
    return {
        name: value for name, value in row.items() if not SECRET.search(name) and not isinstance(value, bytes)
    }


def _write(archive: ZipFile, name: str, rows: Iterator[dict[str, Any]], progress: Progress) -> None:
    """A list of JSON objects, written as it is read."""
    with archive.open(_entry(name), "w") as file:
        file.write(b"[")
        number = 0
        for number, row in enumerate(rows, 1):
            told = json.dumps(row, ensure_ascii=False, indent=1, default=_plain)
            file.write((",\n" if number > 1 else "\n").encode() + told.encode())
            if number % BATCH == 0:
                progress(BATCH)
        file.write(b"\n]\n")
    progress(number % BATCH)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, date_time=clock.now().timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else str(value)


def _batches(rows: Select, key: Any, tell: Callable[[Any], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    last = 0
    while True:
        found = db.session.scalars(rows.where(key > last).order_by(key).limit(BATCH)).all()
        if not found:
            return
        last = found[-1].id
        yield from map(tell, found)
        for row in found:  # there may be many
            db.session.expunge(row)


def _account(person: User) -> dict[str, Any]:
    columns = [column.name for column in User.__table__.columns if not SECRET.search(column.name)]
    member = (
        select(Organization.name, Membership.role, Department.name)
        .join(Membership, Membership.organization_id == Organization.id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(Membership.user_id == person.id)
    )
    teams = select(Team.name).join(TeamMember, TeamMember.team_id == Team.id)
    identities = (
        select(IdentityProvider.name, ExternalIdentity.subject)
        .join(ExternalIdentity, ExternalIdentity.provider_id == IdentityProvider.id)
        .where(ExternalIdentity.user_id == person.id)
    )
    return {name: getattr(person, name) for name in columns} | {
        "has_password": person.password_hash is not None,
        "organizations": [
            {"organization": name, "role": role, "department": department}
            for name, role, department in db.session.execute(member)
        ],
        "teams": list(db.session.scalars(teams.where(TeamMember.user_id == person.id))),
        "identities": [{"provider": name, "subject": who} for name, who in db.session.execute(identities)],
    }


def _of(person: User, *, asked: bool) -> Select[int]:
    part = TicketPerson.part.in_(ASKED) if asked else TicketPerson.part.not_in(ASKED)
    return select(TicketPerson.ticket_id).where(TicketPerson.user_id == person.id, part)


def _tickets(person: User) -> Select[Ticket]:
    return select(Ticket).where(Ticket.id.in_(_of(person, asked=True)))


def _whole_tickets(person: User) -> Iterator[dict[str, Any]]:
    columns = ("key", "title", "description", "type", "priority", "created_at", "updated_at", "closed_at")
    for told in _batches(_tickets(person), Ticket.id, lambda ticket: _ticket(ticket, columns)):
        public = select(Comment.body, Comment.created_at, User.name).join(User, User.id == Comment.author_id)
        public = public.where(Comment.ticket_id == told.pop("id"), Comment.is_internal.is_(False))
        rows = db.session.execute(public.order_by(Comment.id))
        told["replies"] = [{"by": name, "at": at, "text": body} for body, at, name in rows]
        yield told


def _ticket(ticket: Ticket, columns: tuple[str, ...]) -> dict[str, Any]:
    told = {"id": ticket.id} | {name: getattr(ticket, name) for name in columns}
    return told | {"status": ticket.status.name}


def _work(person: User) -> Iterator[dict[str, Any]]:
    rows = select(Ticket).where(Ticket.id.in_(_of(person, asked=False)))
    return _batches(rows, Ticket.id, lambda ticket: {"key": ticket.key, "title": ticket.title})


def _comments(person: User) -> Select[Comment]:
    return select(Comment).where(Comment.author_id == person.id)


def _own_comment(comment: Comment) -> dict[str, Any]:
    return {
        "ticket": comment.ticket.key,
        "at": comment.created_at,
        "is_internal": comment.is_internal,
        "text": comment.body,
    }


def _events(person: User) -> Select[Event]:
    """What an auditor reads of them; what they did on tickets stands with the tickets."""
    about = Event.data["user_id"].as_string() == str(person.id)
    return select(Event).where(AUDITED, or_(Event.actor_id == person.id, about))


def _event(person: User) -> Callable[[Event], dict[str, Any]]:
    def tell(event: Event) -> dict[str, Any]:
        own = event.actor_id == person.id
        told = {"at": event.created_at, "what": event.kind, "by_themselves": own}
        return told | {"from": event.address if own else None, "data": event.data}

    return tell


def _mails(person: User) -> Select[Mail]:
    return select(Mail).where(or_(Mail.recipient_id == person.id, Mail.to_address == person.email))


def _mail(mail: Mail) -> dict[str, Any]:
    return {
        "to": mail.to_address,
        "subject": mail.subject,
        "text": mail.body_without_secrets,
        "written": mail.created_at,
        "sent": mail.sent_at,
    }
