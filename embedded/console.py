"""What bin/dev says at the terminal."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

COLOURS = {"web": 36, "worker": 35, "timetable": 33, "desk": 32}


class _Terminal:
    """Whole lines, never mixed with those of another thread, and steps that end where they began."""

    def __init__(self) -> None:
        self.one_at_a_time = threading.Lock()
        self.unfinished = ""  # the step that waits at the end of the last line for its duration

    def line(self, text: str) -> None:
        with self.one_at_a_time:
            self._write(f"\n{text}\n" if self.unfinished else f"{text}\n")
            self.unfinished = ""

    def begin(self, step: str) -> None:
        with self.one_at_a_time:
            self._write(step)
            self.unfinished = step

    def end(self, step: str, how: str) -> None:
        """Behind its beginning, or in a line of its own where others have spoken since."""
        with self.one_at_a_time:
            self._write(f"{how}\n" if self.unfinished == step else f"{step}{how}\n")
            self.unfinished = ""

    def _write(self, text: str) -> None:
        with suppress(OSError, UnicodeEncodeError):  # a terminal that is gone is no reason to stop
            sys.stdout.write(text)
            sys.stdout.flush()


_terminal = _Terminal()


def say(line: str, *, by: str = "desk") -> None:
    """One line of the log, with the name of the process that speaks before it."""
    prefix = f"{by:<9} │"
    if _has_colours() and by in COLOURS:
        prefix = f"\033[{COLOURS[by]}m{prefix}\033[0m"
    _terminal.line(f"{prefix} {line}")


@contextmanager
def step(what: str) -> Iterator[None]:
    """A line that ends with how long the step took, as bin/setup prints them."""
    started, beginning = time.monotonic(), f"  {what} … "
    _terminal.begin(beginning)
    try:
        yield
    except BaseException:
        _terminal.end(beginning, "failed")
        raise
    _terminal.end(beginning, f"{time.monotonic() - started:.1f} s")


def box(lines: Sequence[str]) -> None:
    width = max(map(len, lines))
    rule = "─" * (width + 2)
    body = "".join(f"│ {line:<{width}} │\n" for line in lines)
    _terminal.line(f"\n┌{rule}┐\n{body}└{rule}┘\n")


def _has_colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
