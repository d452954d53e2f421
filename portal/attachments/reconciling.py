"""Whether the store has what the desk says, and nothing else. For jobs and commands: it may take hours.

No transaction is held open while the store is asked, so the reading ones are ended here:
whoever changes something commits before going on.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import islice

from sqlalchemy import func, or_, select, union_all, update

from portal import clock
from portal.attachments.actions import discard_object, discard_upload
from portal.attachments.models import Attachment, Discarded, State
from portal.extensions import db
from portal.gateways.storage import Area, Found, NoSuchObject, Unfinished, storage
from portal.settings.cache import site

BATCH = 500
SETTLED = timedelta(hours=1)  # younger objects may be on their way
LEFT = timedelta(days=1)  # younger uploads may still be noted
# Exports of what is known of somebody stand in the same area, under a name of their own.
BELOW = {Area.QUARANTINE: "", Area.CLEAN: "c/"}
MOST_LOST = 1_000  # that are looked for
_OPEN = (State.PENDING, State.UPLOADED, State.SCANNING, State.UNSCANNABLE, State.FAILED)


def orphans(area: Area) -> Iterator[list[Found]]:
    """Objects that have been there for an hour and that no row speaks of, some at a time."""
    for batch in _batches(area):
        settled = [each for each in batch if each.changed_at < clock.now() - SETTLED]
        known = _spoken_of(area, [each.key for each in settled])
        db.session.rollback()
        if unknown := [each for each in settled if each.key not in known]:
            yield unknown


def _batches(area: Area) -> Iterator[list[Found]]:
    objects = storage().objects(area, prefix=BELOW[area])
    while batch := list(islice(objects, BATCH)):
        yield batch


def remove(area: Area, found: Iterable[Found], *, after: timedelta = timedelta(0)) -> None:
    """Have them removed, after the commit and then so long; what waits for that already waits no longer."""
    keys, due = [each.key for each in found], clock.now() + after
    waits = (Discarded.area == area.value, Discarded.key.in_(keys), Discarded.upload_id.is_(None))
    sooner = update(Discarded).where(*waits).values(available_at=func.least(Discarded.available_at, due))
    waiting = set(db.session.scalars(sooner.returning(Discarded.key)))
    for key in keys:
        if key not in waiting:
            discard_object(area, key, due)


def unfinished(area: Area) -> Iterator[list[Unfinished]]:
    """Uploads in parts that were begun a day ago and that no row speaks of, some at a time.

    Whoever began them died before the store's id of them was noted, or while a file was put.
    """
    begun = storage().unfinished(area)
    while batch := list(islice(begun, BATCH)):
        left = [each for each in batch if each.begun_at < clock.now() - LEFT]
        known = _noted([each.upload for each in left])
        db.session.rollback()
        if unknown := [each for each in left if each.upload not in known]:
            yield unknown


def _noted(uploads: list[str]) -> set[str]:
    rows = (select(model.upload_id).where(model.upload_id.in_(uploads)) for model in (Attachment, Discarded))
    return {str(each) for each in db.session.scalars(union_all(*rows))}


def drop(area: Area, left: Iterable[Unfinished]) -> None:
    """Have what arrived of them removed, after the commit."""
    for each in left:
        discard_upload(area, each.key, each.upload)


def _spoken_of(area: Area, keys: list[str]) -> set[str]:
    if area is Area.QUARANTINE:
        states = [*_OPEN, State.INFECTED] if site().keeps_infected else _OPEN
        rows = select(Attachment.object_key).where(Attachment.scanned_status.in_(states))
        return set(db.session.scalars(rows.where(Attachment.object_key.in_(keys))))
    columns = (Attachment.clean_key, Attachment.thumbnail_key, Attachment.preview_key)
    found = db.session.execute(select(*columns).where(or_(*(column.in_(keys) for column in columns))))
    return {key for row in found for key in row if key}


def lost() -> list[int]:
    """Files that are said to be served and whose object is not there: the first thousand."""
    seen: set[int] = set()
    for batch in _batches(Area.CLEAN):
        there = select(Attachment.id).where(Attachment.clean_key.in_([each.key for each in batch]))
        seen.update(db.session.scalars(there))
        db.session.rollback()
    missing: list[int] = []
    for number, key, _digest in served():
        if number not in seen and storage().size_of(Area.CLEAN, key) is None and _is_served(number):
            missing.append(number)
        if len(missing) == MOST_LOST:
            break
    return missing


def served() -> Iterator[tuple[int, str, str]]:
    """The id, key and SHA-256 of each file that is served, as of when it is come to."""
    last = 0
    columns = (Attachment.id, Attachment.clean_key, Attachment.sha256)
    rows = select(*columns).where(Attachment.scanned_status == State.CLEAN).order_by(Attachment.id)
    while found := db.session.execute(rows.where(Attachment.id > last).limit(BATCH)).all():
        db.session.rollback()
        for number, key, digest in found:
            yield number, str(key), str(digest)
        last = found[-1][0]
    db.session.rollback()


def is_whole(key: str, digest: str) -> bool:
    """Whether the store hands out what was scanned, read to its end. Raises StorageAway."""
    read = sha256()
    try:
        for chunk in storage().read(Area.CLEAN, key):
            read.update(chunk)
    except NoSuchObject:
        return False
    return read.hexdigest() == digest


def _is_served(number: int) -> bool:
    """It may have been deleted while the store was asked."""
    state = db.session.scalar(select(Attachment.scanned_status).where(Attachment.id == number))
    db.session.rollback()
    return state is State.CLEAN
