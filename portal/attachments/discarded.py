"""Objects that are to be removed, and who is at it. Nothing here commits."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Row, delete, exists, or_, select, update

from portal import clock
from portal.attachments.models import Attachment, Discarded
from portal.extensions import db
from portal.gateways.storage import Area

IN_HAND = timedelta(minutes=5)  # of a worker, which may die with it
Item = Row[int, str, str, str | None]


def take(limit: int) -> Sequence[Item]:
    """What is to be removed now, as id, area, key, upload_id; for a while it is nobody else's.

    Commit before asking the store. What a file speaks of after all, such as after another
    backup was brought back, is let go of.
    """
    now = clock.now()
    _let_go_of_known()
    due = select(Discarded.id).where(Discarded.available_at <= now).order_by(Discarded.id).limit(limit)
    in_hand = update(Discarded).where(Discarded.id.in_(due.with_for_update(skip_locked=True)))
    columns = (Discarded.id, Discarded.area, Discarded.key, Discarded.upload_id)
    return db.session.execute(in_hand.values(available_at=now + IN_HAND).returning(*columns)).all()


def _let_go_of_known() -> None:
    keys = (Attachment.clean_key, Attachment.thumbnail_key, Attachment.preview_key)
    is_known = exists().where(or_(*(key == Discarded.key for key in keys)))
    is_due = (Discarded.area == Area.CLEAN.value) & (Discarded.available_at <= clock.now())
    db.session.execute(delete(Discarded).where(is_due, is_known).execution_options(synchronize_session=False))


def done(item: Item) -> None:
    db.session.execute(delete(Discarded).where(Discarded.id == item.id))
