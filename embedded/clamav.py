import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from embedded.ports import HOST
from embedded.problems import Problem
from embedded.server import Server

OFFICIAL = Path("/var/lib/clamav")
LEAST, MOST = 512, 2047  # MB: ClamAV reads no larger files
LONGEST_SOCKET = 100  # letters of its path (unix(7): 108)
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*")


@dataclass
class ClamAV(Server):
    """Debian's clamd, with the machine's signatures, or else with the one of the harmless EICAR test file."""

    name = "clamav"
    setting = "CLAMAV_HOST"
    other_setting = "CLAMAV_SOCKET"

    @property
    def has_official_signatures(self) -> bool:
        """With them clamd needs up to a minute until it answers; nobody should wait for that."""
        return any(OFFICIAL.glob("*.c[vl]d"))

    @property
    def socket(self) -> Path:
        """The other way to reach it, for CLAMAV_SOCKET."""
        return self.directory / "clamd.sock"

    def choose_ports(self) -> None:
        self.port = self.state.port("clamav", 13310)

    def prepare(self) -> None:
        limit = f"{limit_for(os.environ.get('UPLOAD_MAX_MB', ''))}M"
        signature = "".join(EICAR).encode().hex()
        own = self.state.directory("clamav/signatures")
        (own / "local.ndb").write_text(f"Eicar-Test-Body:0:*:{signature}\n")
        settings = {
            "Foreground": "yes",
            "TCPSocket": self.port,
            "TCPAddr": HOST,
            "DatabaseDirectory": OFFICIAL if self.has_official_signatures else own,
            "TemporaryDirectory": self.state.directory("clamav/tmp"),
            "StreamMaxLength": limit,
            "MaxFileSize": limit,
            "MaxScanSize": limit,
            "AlertExceedsMax": "yes",
            "AlertEncrypted": "yes",
        }
        if len(str(self.socket)) <= LONGEST_SOCKET:
            settings["LocalSocket"] = self.socket
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        (self.directory / "clamd.conf").write_text(text)

    def command(self) -> list:
        return [program(), "-c", self.directory / "clamd.conf"]

    def ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), 1) as connection:
                connection.sendall(b"zPING\0")
                return connection.recv(16).startswith(b"PONG")
        except OSError:
            return False

    def _becomes_ready(self, until: float) -> bool:
        if self.has_official_signatures and not self.fast:
            return self.is_running()
        return super()._becomes_ready(until)

    def environment(self) -> dict[str, str]:
        return {"CLAMAV_HOST": HOST, "CLAMAV_PORT": str(self.port)}


def limit_for(upload_max_mb: str) -> int:
    """In MB, above any upload the portal takes: what exceeds a limit of clamd would pass unread."""
    largest = int(upload_max_mb) if upload_max_mb.isdecimal() else 0
    return min(max(largest + largest // 4, LEAST), MOST)


def program() -> str:
    """Where clamd is; raises Problem where it is not installed."""
    found = shutil.which("clamd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        raise Problem(
            "clamd is not installed (Debian: apt install clamav-daemon): uploads stay unchecked and locked."
        )
    return found
