"""Keeping the store and the desk in step: what belongs to nothing goes, and what is missing is said."""

import logging
from datetime import timedelta

from portal.attachments import reconciling, upkeep
from portal.extensions import db
from portal.gateways.storage import Area, StorageAway

log = logging.getLogger(__name__)

BATCH = 200
# What was served and is a stranger now may be known to another backup than the one that was brought back.
GRACE = {Area.QUARANTINE: timedelta(0), Area.CLEAN: timedelta(days=14)}


def tidy_quarantine() -> None:
    """Remove what came too late, was sent once more after it was checked, or was begun and left."""
    _remove_orphans(Area.QUARANTINE)


def compare() -> None:
    """By night: drafts' files that were left alone go, and objects of nothing; lost ones raise an alarm."""
    _delete_abandoned()
    for area in Area:
        _remove_orphans(area)
    try:
        found = upkeep.write_report(reconciling.lost())
    except StorageAway as error:
        log.warning("Store and desk are compared later: %s", error)
        return
    db.session.commit()
    if found.lost_count:
        log.error("Files are said to be served and are not in the store: %s", found.lost)


def _delete_abandoned() -> None:
    while files := upkeep.abandoned(BATCH):
        upkeep.delete_abandoned(files)
        db.session.commit()


def _remove_orphans(area: Area) -> None:
    try:
        for found in reconciling.orphans(area):
            reconciling.remove(area, found, after=GRACE[area])
            db.session.commit()
        for left in reconciling.unfinished(area):
            reconciling.drop(area, left)
            db.session.commit()
    except StorageAway as error:
        log.warning("Objects of nothing are removed later: %s", error)
