"""Keeping the words that a search corrects mistyped ones by."""

import time
from collections.abc import Callable

from portal.extensions import db
from portal.search import collecting

SHIFT = 120.0  # seconds, after which the rest waits for the next time


def collect() -> None:
    """Those of all texts that came since. Of a million tickets, many times in a row."""
    _go_on(collecting.collect)


def forget() -> None:
    """Those that stand nowhere any more."""
    _go_on(collecting.forget)


def _go_on(step: Callable[[], bool]) -> None:
    until = time.monotonic() + SHIFT
    while step() and time.monotonic() < until:
        db.session.commit()
    db.session.commit()
