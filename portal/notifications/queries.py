"""What the bell tells: only of tickets that its owner may still see, and only what they may read."""

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from portal.accounts.models import HUES, User
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.models import Notification
from portal.tickets.models import Ticket
from portal.tickets.policy import events_for, visible_to
from portal.web.paging import Order, Page, keyset

MANY = 100  # the bell says "99+" from here on
_actor = aliased(User)


def unread_count(user: User) -> int:
    """How many notifications wait, counted up to `MANY`."""
    waiting = _of(user, Notification.id).where(Notification.read_at.is_(None)).limit(MANY).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting))


def notification_page(user: User, *, cursor: str | None) -> Page:
    """A page of what they have been told, the latest first, read or not."""
    told = _of(
        user,
        Notification.id,
        Notification.read_at,
        Notification.created_at,
        Event.kind,
        Event.data,
        Ticket.key,
        Ticket.title,
        _actor.name.label("actor_name"),
        (_actor.id % HUES + 1).label("actor_hue"),
    ).outerjoin(_actor, Event.actor_id == _actor.id)
    latest = Order(Notification.id, Notification.id)
    return keyset(told, latest, cursor=cursor, of=("id", "id"), fetch=db.session.execute)


def _of(user: User, *columns: ColumnElement) -> Select:
    return (
        select(*columns)
        .select_from(Notification)
        .join(Event, Notification.event_id == Event.id)
        .join(Ticket, Notification.ticket_id == Ticket.id)
        .where(Notification.recipient_id == user.id, events_for(user), visible_to(user))
    )
