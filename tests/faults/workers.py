"""Real workers, as processes of their own, and the end of them."""

import os
import signal
import time
from pathlib import Path

from portal.extensions import db


def kill(process):
    """kill -9 of the process and of the horses it has forked."""
    for child in horses_of(process):
        os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


def horses_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        return [int(pid) for pid in children.read_text().split()]
    except OSError:
        return []


def wait_until(fact, *, seconds):
    """How long it took until it was true. Fails after so many seconds."""
    started = time.monotonic()
    while not fact():
        db.session.rollback()
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - started
