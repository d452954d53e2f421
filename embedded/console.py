"""What bin/dev says at the terminal."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

COLOURS = {"web": 36, "worker": 35, "timetable": 33, "desk": 32}
_one_at_a_time = threading.Lock()
_unfinished = ""  # the step that waits at the end of the last line for its duration


def say(line: str, *, by: str = "desk") -> None:
    """One line of the log, with the name of the process that speaks before it."""
    prefix = f"{by:<9} │"
    if _has_colours() and by in COLOURS:
        prefix = f"\033[{COLOURS[by]}m{prefix}\033[0m"
    _write(f"{prefix} {line}\n")


@contextmanager
def step(what: str) -> Iterator[None]:
    """A line that ends with how long the step took, as bin/setup prints them."""
    started = time.monotonic()
    _write(f"  {what} … ", finished=False)
    try:
        yield
    except BaseException:
        _finish(f"  {what} … ", "failed")
        raise
    _finish(f"  {what} … ", f"{time.monotonic() - started:.1f} s")


def box(lines: Sequence[str]) -> None:
    width = max(map(len, lines))
    rule = "─" * (width + 2)
    body = "".join(f"│ {line:<{width}} │\n" for line in lines)
    _write(f"\n┌{rule}┐\n{body}└{rule}┘\n\n")


def _finish(step: str, how: str) -> None:
    """Behind its beginning, or in a line of its own where others have spoken since."""
    _write(f"{how}\n" if _unfinished == step else f"{step}{how}\n", goes_on=_unfinished == step)


def _write(text: str, *, finished: bool = True, goes_on: bool = False) -> None:
    """Whole lines, never mixed with those of another thread; a terminal that is gone is no reason to stop."""
    global _unfinished
    with _one_at_a_time:
        if _unfinished and not goes_on:
            text = f"\n{text}"
        _unfinished = "" if finished else text
        with suppress(OSError, UnicodeEncodeError):
            sys.stdout.write(text)
            sys.stdout.flush()


def _has_colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
