"""The virus scanner: whether it is there, how old it is, and what it finds."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import BytesIO
from typing import BinaryIO

import clamd
from flask import current_app

PATIENCE = 5  # seconds
SCAN_PATIENCE = 150  # seconds without a word; clamd itself stops after MaxScanTime, by default 120
GLANCE = 10  # seconds, so often there is something else to do meanwhile
SEND_PATIENCE = 45  # seconds until it takes more of a file
CHUNK = 128 * 1024  # bytes sent at a time
TOO_OLD = timedelta(days=7)  # of signatures: operators and admins are warned
# What clamd finds where it did not look at everything: a lock, or more of something than it takes.
NOT_LOOKED_AT = ("Heuristics.Encrypted.", "Heuristics.Limits.Exceeded")


class ScannerAway(Exception):
    """No scanner is set, it does not answer, or it knows nothing but the test virus."""


class ScanBroke(Exception):
    """The scanner was there and gave no verdict on this file: it died, took too long, or refused it."""


@dataclass(frozen=True)
class ScannerVersion:
    """`signatures` is None where it has none of its makers', only the machine's own few."""

    engine: str
    signatures: str | None
    signed_at: datetime | None


class Finding(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"  # it could not look at all of it


@dataclass(frozen=True)
class Verdict:
    """What the scanner found, by what name, and which scanner that was."""

    finding: Finding
    name: str | None
    by: ScannerVersion


def version() -> ScannerVersion:
    """What clamd says to VERSION. Raises ScannerAway."""
    with _line() as line:
        line.settimeout(PATIENCE)
        line.sendall(b"zVERSION\0")
        answer = line.recv(512).rstrip(b"\0").decode(errors="replace")
    if not answer.startswith("ClamAV"):
        raise ScannerAway(f"To VERSION it answered {answer!r}.")
    return _parse(answer)


def look_at(file: BinaryIO, *, meanwhile: Callable[[], object] = lambda: None) -> Verdict:
    """Have the scanner read all of it, from where it stands. `meanwhile` is called while it thinks.

    Raises ScannerAway where there is none; also where it has no signatures of its
    makers', except in a demo: to find nothing then means nothing. Raises ScanBroke for
    every answer but an explicit verdict, and for none.
    """
    by = version()
    if by.signatures is None and not current_app.config["DESK"].takes_test_signatures:
        raise ScannerAway("It has no signatures but those for tests.")
    try:
        with _line() as line:
            answer = _Scanner(line).instream(file, meanwhile)
    except ScannerAway as error:
        raise ScanBroke(str(error)) from error
    match answer:
        case {"stream": ("OK", None)}:
            return Verdict(Finding.CLEAN, None, by)
        case {"stream": ("FOUND", str(name))}:
            is_partial = name.startswith(NOT_LOOKED_AT)
            return Verdict(Finding.UNSCANNABLE if is_partial else Finding.INFECTED, name, by)
    raise ScanBroke(f"It answered {answer!r}.")


def scan(content: bytes) -> str | None:
    """The name of what was found in it, None where clamd said in so many words that nothing was.

    Raises ScannerAway and ScanBroke as `look_at` does.
    """
    return look_at(BytesIO(content)).name


class _Scanner(clamd.ClamdNetworkSocket):
    """The package's words with clamd, on a line that is open already.

    Its own `instream` sends a kilobyte at a time and does not look whether all of it went out.
    """

    def __init__(self, line: socket.socket) -> None:
        self.clamd_socket = line

    def instream(self, file: BinaryIO, meanwhile: Callable[[], object]) -> dict | None:
        self._send_command("INSTREAM")
        while chunk := file.read(CHUNK):
            self.clamd_socket.sendall(struct.pack("!L", len(chunk)) + chunk)
        self.clamd_socket.sendall(struct.pack("!L", 0))
        self._wait(meanwhile)
        result = self._recv_response()
        if not result:
            return None
        path, reason, status = self._parse_response(result)
        return {path: (status, reason)}

    def _wait(self, meanwhile: Callable[[], object]) -> None:
        until = time.monotonic() + SCAN_PATIENCE
        self.clamd_socket.settimeout(min(GLANCE, SCAN_PATIENCE))
        while time.monotonic() < until:
            with suppress(TimeoutError):
                self.clamd_socket.recv(1, socket.MSG_PEEK)
                return
            meanwhile()
        raise TimeoutError(f"It said nothing for {SCAN_PATIENCE} seconds.")


@contextmanager
def _line() -> Iterator[socket.socket]:
    """Raises ScannerAway, also for what goes wrong inside.

    The clamd package would wait without limit while it connects.
    """
    settings = current_app.config["DESK"]
    if not settings.clamav_host and not settings.clamav_socket:
        raise ScannerAway("Neither CLAMAV_HOST nor CLAMAV_SOCKET is set.")
    try:
        if settings.clamav_socket:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(PATIENCE)
            line.connect(settings.clamav_socket)
        else:
            line = socket.create_connection((settings.clamav_host, settings.clamav_port), PATIENCE)
        with line:
            line.settimeout(SEND_PATIENCE)
            yield line
    except (clamd.ClamdError, OSError) as error:
        raise ScannerAway(str(error) or type(error).__name__) from error


def _parse(answer: str) -> ScannerVersion:
    """`ClamAV 1.4.6/27812/Fri Nov 20 09:35:24 2026`; without signatures the first part alone."""
    engine, _, rest = answer.partition("/")
    signatures, _, built = rest.partition("/")
    try:
        signed_at = datetime.strptime(built, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        signed_at = None
    return ScannerVersion(engine, signatures or None, signed_at)
