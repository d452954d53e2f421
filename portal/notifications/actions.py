"""Telling people what happened. Nothing here commits."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, any_, bindparam, false, select, update
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.accounts.notices import MENTIONED, OCCASIONS, wants
from portal.events.kinds import WITH_CONSEQUENCES, Kind
from portal.events.models import Event
from portal.extensions import affected, db
from portal.gateways.database import KEEPS_PLAN
from portal.gateways.live import publish_after_commit
from portal.notifications.models import Notification
from portal.permissions import STAFF
from portal.projects.policy import works_in
from portal.tickets.models import TicketPerson

BY_NAME = frozenset({Kind.PEOPLE_TOLD, Kind.RULE_PAUSED})  # told to whom the event names, and nobody else


def notify_people(event: Event) -> None:
    """Put the event into the bell of everyone concerned but whoever did it, or wants none; twice is once.

    What is internal is told to the desk alone, and that somebody takes part to nobody but them.
    Whoever it mentions takes part by that, and is told even where others are not.
    """
    if event.ticket is None or event.kind not in OCCASIONS:
        return
    mentioned = event.data.get("mentions", [])
    if _is_consequence(event) and not mentioned:
        return
    usual = false() if _is_consequence(event) else wants(event.kind)
    if event.kind in BY_NAME:
        _notify(event, set(db.session.scalars(_told_by_name(event))))
        return
    concerned = (
        select(TicketPerson.user_id)
        .join(User, User.id == TicketPerson.user_id)
        .where(
            TicketPerson.ticket_id == event.ticket_id,
            User.is_active.is_(True),
            usual | (User.id.in_(mentioned) & wants(MENTIONED)),
        )
        .distinct()
    )
    if not event.is_public:
        concerned = concerned.where(User.role.in_(STAFF), works_in(event.ticket.project))
    if event.kind == Kind.PARTICIPANT_ADDED:
        concerned = concerned.where(User.id == event.data["user_id"])
    _notify(event, set(db.session.scalars(concerned)) - {event.actor_id})


def _told_by_name(event: Event) -> Select[int]:
    """Those whom the event names, whether they take part or not; what they may not see is not shown."""
    return select(User.id).where(
        User.id.in_(event.data["told"]), User.is_active.is_(True), User.role.in_(STAFF), wants(event.kind)
    )


def _notify(event: Event, concerned: set[int]) -> None:
    people = sorted(concerned)
    if not people:
        return
    rows = [
        {
            "recipient_id": user_id,
            "event_id": event.id,
            "ticket_id": event.ticket_id,
            "created_at": clock.now(),
        }
        for user_id in people
    ]
    db.session.execute(insert(Notification).on_conflict_do_nothing(), rows)
    for user_id in people:
        publish_after_commit(f"user:{user_id}")


def _is_consequence(event: Event) -> bool:
    """That it was merged is told, and not again that this closed it."""
    return event.cause is not None and event.cause.kind in WITH_CONSEQUENCES


def read_of_ticket(user: User, *ticket_ids: int) -> bool:
    """Whoever looks at a ticket has read what the bell says of it, and of those that were merged into it.
    Whether there was anything. It is asked at every look, and mostly not: writing needs a transaction."""
    asked = {"user_id": user.id, "ticket_ids": list(ticket_ids)}
    if not db.session.scalar(_UNREAD, asked, execution_options=KEEPS_PLAN):
        return False
    return _read(user, Notification.ticket_id.in_(ticket_ids))


_UNREAD = select(
    select(Notification.id)
    .where(
        Notification.recipient_id == bindparam("user_id"),
        Notification.read_at.is_(None),
        Notification.ticket_id == any_(bindparam("ticket_ids", type_=ARRAY(BigInteger))),
    )
    .exists()
)


def read_all(user: User) -> None:
    _read(user)


def _read(user: User, *which: ColumnElement[bool]) -> bool:
    unread = update(Notification).where(
        Notification.recipient_id == user.id, Notification.read_at.is_(None), *which
    )
    how = {"synchronize_session": False}
    was_any = affected(db.session.execute(unread.values(read_at=clock.now()), execution_options=how)) > 0
    if was_any:
        publish_after_commit(f"user:{user.id}")
    return was_any
