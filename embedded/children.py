"""The application's own processes while bin/dev runs."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded import processes
from embedded.console import say

LONGEST_PAUSE = 30.0  # seconds until a child that keeps dying is started again
GRACE = 4.0


@dataclass
class Child:
    """A process that is started again when it dies, more slowly each time it does so at once."""

    name: str
    command: Sequence[str]
    state: Path
    environment: Callable[[], Mapping[str, str]]
    keep_open: Sequence[int] = ()
    process: processes.Process | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._launch()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End it for good, with all it has started."""
        self.stopping.set()
        if self.process:
            self.process.stop(grace=GRACE)

    def restart(self) -> None:
        """End this process; another takes its place with the settings of now."""
        if self.process:
            self.process.stop(grace=GRACE)

    def _launch(self) -> None:
        reading, writing = os.pipe()
        try:
            self.process = processes.start(
                self.command,
                state=self.state,
                name=self.name,
                environment=self.environment(),
                output=writing,
                keep_open=self.keep_open,
            )
        finally:
            os.close(writing)
        threading.Thread(target=self._repeat, args=[reading], daemon=True).start()

    def _repeat(self, reading: int) -> None:
        """Put what the process says into the common log."""
        with open(reading, errors="replace") as lines:
            for line in lines:
                say(line.rstrip("\n"), by=self.name)

    def _watch(self) -> None:
        pause = 0.5
        while True:
            started = time.monotonic()
            code = self.process.popen.wait()
            if self.stopping.is_set():
                return
            pause = 0.5 if time.monotonic() - started > 60 else min(pause * 2, LONGEST_PAUSE)
            say(f"{self.name} ended ({_how(code)}); starting it again in {pause:.0f} s.")
            if self.stopping.wait(pause):
                return
            self._launch()


def _how(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"
