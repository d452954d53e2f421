"""Drawing the pictures that people have sent."""

import logging

from portal.accounts import pictures
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import ScanBroke, ScannerAway

log = logging.getLogger(__name__)


def draw(user_id: int) -> bool:
    """Whether a scanner was there; without one the picture goes on waiting, and the sweep tries again."""
    waiting = pictures.sent_by(user_id)
    db.session.commit()  # hold no transaction open while clamd reads
    if waiting is None:
        return True
    virus, is_checked = None, False
    try:
        virus, is_checked = antivirus.scan(waiting.sent), True
    except ScannerAway as error:
        log.warning("A picture waits for the virus scanner: %s", error)
        return False
    except ScanBroke as error:
        log.warning("The virus scanner fails with a picture: %s", error)
    may_be_drawn = not virus and pictures.count_try(user_id, sent_at=waiting.sent_at)
    db.session.commit()  # counted before: drawing it may end this process
    if may_be_drawn and not is_checked:
        return True  # the sweep tries again
    drawn = pictures.redrawn(waiting.sent) if may_be_drawn else None
    pictures.keep(user_id, sent_at=waiting.sent_at, virus=virus, drawn=drawn)
    db.session.commit()
    return True


def draw_waiting() -> None:
    """Those whose job was lost, or for which there was no scanner: as long as there is none, one is tried."""
    for user_id in pictures.waiting():
        if not draw(user_id):
            return
