"""What is remembered between two runs: data, ports, passwords."""

import fcntl
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from embedded import ports, processes
from embedded.problems import Problem

KEEP_LOG = 2_000_000  # bytes


class InUse(Exception):
    """Another run holds this state; its message is what that run said of itself."""


@dataclass
class State:
    """A directory that one run at a time owns."""

    path: Path
    _given: dict[str, int] = field(default_factory=dict)
    _lock: IO[str] | None = None
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)  # servers start in parallel

    def __post_init__(self) -> None:
        self.path = self.path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        if self.path.stat().st_uid != os.geteuid():
            owner = _owner(self.path)
            raise Problem(f"{self.path} belongs to another user: run this as {owner}, or remove it.")
        self.path.chmod(0o711)  # what PostgreSQL runs as has to pass through

    def hold(self) -> set[str]:
        """Own this state until release() or until this process is gone, however it ends; raises InUse.

        What an owner that was killed has left running is ended; its names are returned.
        """
        self._lock = (self.path / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            raise InUse(self._lock.read().strip()) from None
        self.say_where("")
        return processes.end_leftovers(self.path)

    def say_where(self, address: str) -> None:
        """Leave the address for a second run that finds this state held."""
        self._lock.truncate(0)
        self._lock.write(address)
        self._lock.flush()

    def release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    def directory(self, name: str) -> Path:
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        """The log file of that name; one that has grown large is put aside once."""
        path = self.directory("log") / f"{name}.log"
        if path.exists() and path.stat().st_size > KEEP_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def port(self, name: str, preferred: int | None = None) -> int:
        """The port this server had last time where that is free, else the preferred one, else another."""
        with self._one_at_a_time:
            remembered = self._read("ports.json")
            others = {port for known, port in self._given.items() if known != name}
            port = self._given[name] = ports.choose(remembered.get(name), preferred, besides=others)
            if remembered.get(name) != port:
                self._write("ports.json", {**remembered, name: port})
            return port

    def secret(self, name: str) -> str:
        """A random password, made at the first call and the same ever after."""
        with self._one_at_a_time:
            known = self._read("secrets.json")
            if name not in known:
                known[name] = secrets.token_urlsafe(24)
                self._write("secrets.json", known)
            return known[name]

    def _read(self, name: str) -> dict:
        try:
            return json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}

    def _write(self, name: str, content: dict) -> None:
        """Whole or not at all, and for nobody else to read."""
        write_private(self.path / f"{name}.new", json.dumps(content, indent=1))
        (self.path / f"{name}.new").replace(self.path / name)


def write_private(path: Path, text: str) -> None:
    """A file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"the user with the id {path.stat().st_uid}"
