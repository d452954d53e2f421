from sqlalchemy import func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.notifications.models import Notification

MANY = 100  # the bell says "99+" from here on


def unread_count(user: User) -> int:
    """How many notifications wait, counted up to `MANY`."""
    waiting = (
        select(Notification.id)
        .where(Notification.recipient_id == user.id, Notification.read_at.is_(None))
        .limit(MANY)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(waiting))
