"""What all servers have in common: start, wait until ready, stop."""

import shutil
import signal
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from embedded import processes
from embedded.problems import Problem
from embedded.state import State


@dataclass
class Server(ABC):
    """One server, its data below the state, its ports on 127.0.0.1.

    A subclass says how it is prepared and commanded, how one sees that it
    answers, and which settings lead the application to it.
    """

    state: State
    fast: bool = False  # for tests: what it holds need not survive a crash
    process: processes.Process | None = field(default=None, init=False)

    name: ClassVar[str]
    setting: ClassVar[str]  # where this is set already, the server is not started
    other_setting: ClassVar[str] = ""  # nor where this is, which leads to it in another way
    patience: ClassVar[float] = 30.0  # seconds until it has to answer
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM,)

    @cached_property
    def directory(self) -> Path:
        return self.state.directory(self.name)

    def choose_ports(self) -> None:  # noqa: B027, need not be more
        """Called before each attempt to start: what was free may not be any more."""

    def prepare(self) -> None:  # noqa: B027, need not be more
        """Make what the server needs to find; everything may be there already."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The program with its arguments."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it really answers; never raises."""

    def finish(self) -> None:  # noqa: B027, need not be more
        """What is to be done once it answers, such as making a database."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The settings that lead the application to it."""

    def start(self) -> None:
        """Return when it answers.

        A start that ends early is tried again: a port may be lost to another
        server in the last moment, and PostgreSQL refuses as long as remains of
        a killed predecessor are still on their way out.
        """
        until = time.monotonic() + self.patience
        for pause in (0.3, 1, 2, 4, None):
            self.choose_ports()
            self.prepare()
            self.process = self._spawn()
            if self._becomes_ready(until):
                self.finish()
                return
            if pause is None or time.monotonic() + pause > until:
                break
            time.sleep(pause)
        self.stop()
        raise Problem(f"{self.name} does not start. Its log, {self._log}, ends with:\n{self._last_words()}")

    def forget(self) -> None:
        """Remove all its data."""
        for entry in self.directory.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def is_running(self) -> bool:
        return self.process is not None and self.process.exit_code() is None

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop(*self.stop_signals, grace=0.3 if self.fast else processes.GRACE)
            self.process = None

    @property
    def _log(self) -> Path:
        return self.state.log(self.name)

    def _spawn(self) -> processes.Process:
        try:
            return processes.start(
                self.command(),
                state=self.state.path,
                name=self.name,
                environment=processes.plain_environment(self.directory),
                output=self._log,
                directory=self.directory,
            )
        except OSError as error:  # made for another kind of machine, for example
            raise Problem(f"{self.name} cannot be run: {error}") from error

    def _becomes_ready(self, until: float) -> bool:
        while time.monotonic() < until and self.is_running():
            if self.ready():
                return True
            time.sleep(0.03)
        return False

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-8:])
