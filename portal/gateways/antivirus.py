"""The virus scanner, as far as the desk asks it yet: whether it is there, and how old it is."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app

PATIENCE = 5  # seconds


class ScannerAway(Exception):
    """No scanner is set, or it does not answer."""


@dataclass(frozen=True)
class ScannerVersion:
    engine: str
    signatures: str | None
    signed_at: datetime | None


def version() -> ScannerVersion:
    """What clamd says to VERSION. Raises ScannerAway.

    Over a plain socket: the clamd package waits without limit while it connects.
    """
    settings = current_app.config["DESK"]
    if not settings.clamav_host:
        raise ScannerAway("CLAMAV_HOST is not set.")
    address = (settings.clamav_host, settings.clamav_port)
    try:
        with socket.create_connection(address, PATIENCE) as line:
            line.settimeout(PATIENCE)
            line.sendall(b"zVERSION\0")
            answer = line.recv(512).rstrip(b"\0").decode(errors="replace")
    except OSError as error:
        raise ScannerAway(str(error)) from error
    return _parse(answer)


def _parse(answer: str) -> ScannerVersion:
    """`ClamAV 1.4.6/27812/Fri Nov 20 09:35:24 2026`; without signatures the first part alone."""
    engine, _, rest = answer.partition("/")
    signatures, _, built = rest.partition("/")
    try:
        signed_at = datetime.strptime(built, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        signed_at = None
    return ScannerVersion(engine, signatures or None, signed_at)
