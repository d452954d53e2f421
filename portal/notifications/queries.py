from sqlalchemy import ColumnElement, ScalarSelect, func, select

from portal.accounts.models import HUES, User
from portal.accounts.reader import Anybody
from portal.events.models import Event
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.notifications.models import Notification
from portal.tickets.models import Ticket
from portal.tickets.policy import events_for, visible_to
from portal.web.paging import Order, Page, keyset

MANY = 100  # the bell says "99+" from here on


def unread_count(user: User) -> int:
    """How many notifications wait, counted up to `MANY`."""
    return db.session.scalar(select(unread(user)), execution_options=KEEPS_PLAN) or 0


def unread(user: Anybody) -> ScalarSelect[int]:
    """The same for another statement; of tickets they still may see."""
    waiting = (
        select(Notification.id)
        .join(Event, Event.id == Notification.event_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .where(Notification.read_at.is_(None), *_told_to(user))
        .limit(constant(MANY))
        .subquery()
    )
    return select(func.count()).select_from(waiting).scalar_subquery()


def notification_page(user: User, *, cursor: str | None) -> Page:
    """Some of the user's notifications, the latest first, each with what its line says."""
    rows = (
        select(
            Notification.id,
            Notification.created_at,
            Notification.read_at,
            Event.id.label("event_id"),
            Event.kind,
            Event.data,
            Ticket.key,
            Ticket.title,
            Ticket.requester_id,
            Ticket.merged_into_id,
            Event.actor_id,
            User.name.label("actor"),
            (User.id % HUES + 1).label("hue"),
        )
        .select_from(Notification)
        .join(Event, Event.id == Notification.event_id)
        .join(Ticket, Ticket.id == Notification.ticket_id)
        .outerjoin(User, User.id == Event.actor_id)
        .where(*_told_to(user))
    )
    order = Order(Notification.id, Notification.id)
    return keyset(rows, order, cursor=cursor, of=("id", "id"), fetch=db.session.execute)


def _told_to(user: Anybody) -> tuple[ColumnElement[bool], ...]:
    """Theirs, and nothing they have lost sight of since; for queries that join the event and the ticket."""
    return Notification.recipient_id == user.id, visible_to(user), events_for(user)
