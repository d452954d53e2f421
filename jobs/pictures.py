"""Drawing the pictures that people have sent."""

import logging

from portal.accounts import pictures
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import ScannerAway

log = logging.getLogger(__name__)


def draw(user_id: int) -> bool:
    """Whether a scanner was there; without one the picture goes on waiting, and the sweep tries again."""
    waiting = pictures.sent_by(user_id)
    db.session.commit()  # hold no transaction open while clamd reads
    if waiting is None:
        return True
    try:
        virus = antivirus.scan(waiting.sent)
    except ScannerAway as error:
        log.warning("A picture waits for the virus scanner: %s", error)
        return False
    may_be_drawn = not virus and pictures.count_try(user_id, sent_at=waiting.sent_at)
    db.session.commit()  # counted before: drawing it may end this process
    drawn = pictures.redrawn(waiting.sent) if may_be_drawn else None
    pictures.keep(user_id, sent_at=waiting.sent_at, virus=virus, drawn=drawn)
    db.session.commit()
    return True


def draw_waiting() -> None:
    """Those whose job was lost, or for which there was no scanner: as long as there is none, one is tried."""
    for user_id in pictures.waiting():
        if not draw(user_id):
            return
