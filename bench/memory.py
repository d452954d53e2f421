"""How much memory processes take."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def most(pid: int) -> Iterator[list[int]]:
    """The most memory in MB that the process and those it started have taken meanwhile."""
    most, stop = [0], threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            most[0] = max(most[0], memory(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        stop.set()
        looking.join()


def memory(pid: int) -> int:
    """What is its own, in MB, of the process and of those it started (PSS: what they share is shared out)."""
    return sum(_pss(each) for each in [pid, *_children(pid)]) // 1024


def _pss(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) if found else 0


def _children(pid: int) -> list[int]:
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in own for each in (int(child), *_children(int(child)))]
