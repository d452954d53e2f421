"""What was said last on a ticket, for who only glances at it."""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.tickets.family import Family, comments_of
from portal.tickets.models import Comment


@dataclass(frozen=True)
class Latest:
    """The last `SHOWN` replies and notes, the newest first, and how many there are before them, counted
    up to `MANY`."""

    comments: list[Comment]
    earlier: int
    SHOWN: ClassVar[int] = 3
    MANY: ClassVar[int] = 100


def latest_of(family: Family) -> Latest:
    """As far as the family's reader may read them; one statement."""
    readable = comments_of(family)
    some = readable.with_only_columns(Comment.id).limit(Latest.SHOWN + Latest.MANY).subquery()
    number = select(func.count()).select_from(some).scalar_subquery()
    newest = readable.add_columns(number).order_by(Comment.id.desc()).limit(Latest.SHOWN)
    found = db.session.execute(newest.options(joinedload(Comment.author)), execution_options=KEEPS_PLAN).all()
    return Latest([comment for comment, _ in found], found[0][1] - len(found) if found else 0)
