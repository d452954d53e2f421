"""The virus scanner: whether it is there, how old it is, and what it finds."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import clamd
from flask import current_app

PATIENCE = 5  # seconds
SCAN_PATIENCE = 60  # seconds without a sign of life


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


def scan(content: bytes) -> str | None:
    """The name of what was found in it, None where clamd said in so many words that nothing was.

    Raises ScannerAway for every other answer, and for none: the clamd package
    gives back errors as if they were verdicts, and None where the line broke.
    """
    settings = current_app.config["DESK"]
    version()  # answers within PATIENCE, which the package's own connecting need not
    client = clamd.ClamdNetworkSocket(settings.clamav_host, settings.clamav_port, timeout=SCAN_PATIENCE)
    try:
        answer = client.instream(BytesIO(content))
    except (clamd.ClamdError, OSError) as error:
        raise ScannerAway(str(error) or type(error).__name__) from error
    match answer:
        case {"stream": ("OK", None)}:
            return None
        case {"stream": ("FOUND", str(name))}:
            return name
    raise ScannerAway(f"It answered {answer!r}.")


def _parse(answer: str) -> ScannerVersion:
    """`ClamAV 1.4.6/27812/Fri Nov 20 09:35:24 2026`; without signatures the first part alone."""
    engine, _, rest = answer.partition("/")
    signatures, _, built = rest.partition("/")
    try:
        signed_at = datetime.strptime(built, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        signed_at = None
    return ScannerVersion(engine, signatures or None, signed_at)
