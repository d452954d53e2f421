"""What the admin area asks that belongs to no feature alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload

from portal.accounts.models import User, sort_key
from portal.accounts.queries import PEOPLE_STATES
from portal.events.kinds import Kind
from portal.events.models import AUDIT_WORDS, AUDITED, Delivery, DeliveryState, Event
from portal.extensions import db
from portal.organizations.models import Team
from portal.outbox_mail.models import Mail, MailState
from portal.projects.models import Project
from portal.settings.models import Tick
from portal.web.paging import Order, Page, keyset

MANY = 1000  # counts say "999+" from here on
NAMED = 50  # people that a filter by name looks for


def figures() -> dict[str, int]:
    """What there is and what waits, each counted up to `MANY`, in one statement."""
    counted = {
        "people": select(User.id).where(PEOPLE_STATES["active"]),
        "waiting": select(User.id).where(PEOPLE_STATES["waiting"]),
        "projects": select(Project.id).where(Project.archived_at.is_(None)),
        "teams": select(Team.id),
        "mails_queued": select(Mail.id).where(Mail.state == MailState.QUEUED),
        "mails_failed": select(Mail.id).where(Mail.state == MailState.FAILED),
        "work_failed": select(Delivery.event_id).where(Delivery.state == DeliveryState.FAILED),
    }
    each = [
        select(
            literal(name, Text),
            select(func.count()).select_from(rows.limit(MANY).subquery()).scalar_subquery(),
        )
        for name, rows in counted.items()
    ]
    found: dict[str, int] = dict(db.session.execute(union_all(*each)).all())
    return found | {"failed": found["mails_failed"] + found["work_failed"]}


def failed_page(*, cursor: str | None) -> Page:
    """What failed, with its events and tickets: each reaction's together, the oldest first.

    Where nothing is left behind the cursor, because it was set going again, the first page.
    """
    failed = select(Delivery).where(Delivery.state == DeliveryState.FAILED)
    failed = failed.options(joinedload(Delivery.event).joinedload(Event.ticket))
    order, of = Order(Delivery.reaction, Delivery.event_id, descending=False), ("reaction", "event_id")
    page = keyset(failed, order, cursor=cursor, of=of, fetch=db.session.scalars)
    return page if page.rows or not cursor else failed_page(cursor=None)


def delivery_or_404(event_id: int, reaction: str) -> Delivery:
    """Locked, for whoever sets it going again."""
    found = select(Delivery).where(Delivery.event_id == event_id, Delivery.reaction == reaction)
    return db.one_or_404(found.with_for_update(of=Delivery).execution_options(populate_existing=True))


def last_tick() -> datetime | None:
    """When the timetable last started something."""
    return db.session.scalar(select(Tick.claimed_at).order_by(Tick.id.desc()).limit(1))


def oldest_due() -> datetime | None:
    """Since when the delivery that has waited longest is due."""
    due = select(Delivery.available_at).where(Delivery.state == DeliveryState.DUE)
    return db.session.scalar(due.order_by(Delivery.event_id, Delivery.reaction).limit(1))


@dataclass(frozen=True)
class AuditFilter:
    """Which of the audited events to show; what is None does not matter."""

    kind: Kind | None = None
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None
    address: str = ""  # the beginning of one is enough
    words: str = ""  # all of them, or their beginnings


AUDIT_ORDER = Order(Event.created_at, Event.id)
SIMPLE: ColumnElement[str] = literal_column("'simple'")


def audit(wanted: AuditFilter) -> Select[Event]:
    """The events that an auditor reads, as a select for a list."""
    listed = select(Event).where(AUDITED).options(joinedload(Event.actor), joinedload(Event.ticket))
    if wanted.kind:
        listed = listed.where(Event.kind == wanted.kind)
    if wanted.since:
        listed = listed.where(Event.created_at >= wanted.since)
    if wanted.until:
        listed = listed.where(Event.created_at < wanted.until)
    if wanted.person:
        listed = listed.where(_concerns(wanted.person))
    if wanted.address:
        listed = listed.where(Event.address.startswith(wanted.address, autoescape=True))
    if wanted.words:
        listed = listed.where(_tells_of(wanted.words.split()))
    return listed


def audit_rows(wanted: AuditFilter, *, at_once: int = 500) -> Iterator[Event]:
    """Those events, the latest first, read a part at a time: there may be millions."""
    part = audit(wanted).order_by(*AUDIT_ORDER.clauses()).limit(at_once)
    found = list(db.session.scalars(part))
    yield from found
    while len(found) == at_once:
        last = found[-1]
        found = list(db.session.scalars(part.where(AUDIT_ORDER.after(last.created_at, last.id))))
        yield from found


def _concerns(person: str) -> ColumnElement[bool]:
    """Done by, done to, or tried in the name of somebody whose name or address holds these words.

    Each of the three has an index; the number of a person is one of the words of what was done to them.
    """
    in_name = User.sort_name.contains(sort_key(person), autoescape=True)
    in_address = User.email.contains(person.lower(), autoescape=True)
    ids = list(db.session.scalars(select(User.id).where(or_(in_name, in_address)).limit(NAMED)))
    done_to = _tells(" | ".join(map(str, ids))) & Event.data["user_id"].as_integer().in_(ids)
    tried = _tells(_all_of([person])) & Event.data["email"].as_string().contains(
        person.lower(), autoescape=True
    )
    return _looked_up(Event.actor_id.in_(ids), done_to, tried)


def _tells_of(words: list[str]) -> ColumnElement[bool]:
    """Whether the event's data has words that begin like all of these."""
    return _looked_up(_tells(_all_of(words)))


def _looked_up(*reasons: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether any of them holds, each found by its index: led by the page's length, PostgreSQL would
    read the log from its end until it has met enough, and what is rare it meets late."""
    found = union_all(*(select(Event.id).where(AUDITED, reason) for reason in reasons))
    return Event.id == any_(func.array(found.scalar_subquery()))


def _all_of(words: list[str]) -> str:
    """As `to_tsquery` reads it; quoted, no sign in a word is an operator of its."""
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return " & ".join(f"'{word}':*" for word in quoted)


def _tells(query: str) -> ColumnElement[bool]:
    return AUDIT_WORDS.op("@@", is_comparison=True)(func.to_tsquery(SIMPLE, query))
