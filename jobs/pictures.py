"""Drawing the pictures that people have sent."""

import logging

from portal.accounts import pictures
from portal.extensions import db
from portal.gateways.antivirus import ScannerAway

log = logging.getLogger(__name__)


def draw(user_id: int) -> None:
    """Without a scanner it goes on waiting; the sweep tries again."""
    try:
        pictures.draw(user_id)
    except ScannerAway as error:
        db.session.rollback()
        log.warning("A picture waits for the virus scanner: %s", error)
    db.session.commit()


def draw_waiting() -> None:
    """Those whose job was lost, or for which there was no scanner."""
    for user_id in pictures.waiting():
        draw(user_id)
