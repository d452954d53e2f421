"""All servers together."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from embedded import clamav
from embedded.clamav import ClamAV
from embedded.postgres import Postgres
from embedded.problems import Problem
from embedded.seaweedfs import SeaweedFS
from embedded.server import Server
from embedded.state import State
from embedded.valkey import Valkey


@dataclass
class Stack:
    """The servers the application needs and nobody else provides.

    One whose address is set already (DATABASE_URL, REDIS_URL, S3_ENDPOINT,
    CLAMAV_HOST) is not started.
    """

    state: State
    fast: bool = False
    origins: str = "*"
    given: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    say: Callable[[str], None] = print

    def __post_init__(self) -> None:
        servers = [
            Postgres(self.state, self.fast),
            Valkey(self.state, self.fast),
            SeaweedFS(self.state, self.fast, self.origins),
            ClamAV(self.state, self.fast),
        ]
        self.servers = [each for each in servers if not self._leads_to(each)]
        self._do_without_clamav_where_missing()
        for server in self.servers:
            server.choose_ports()

    def _leads_to(self, server: Server) -> bool:
        """Whether the settings lead to another one already."""
        return any(self.given.get(name) for name in (server.setting, server.other_setting) if name)

    def start(self) -> None:
        """Start all at once; all or, raising Problem, none."""
        if self.fast:
            for server in self.servers:
                server.forget()
        try:
            _at_once(Server.start, self.servers)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        _at_once(Server.stop, self.servers)

    def environment(self) -> dict[str, str]:
        """The settings that lead the application to what runs here.

        They are known before the start, and seldom change with it: only where
        a port was lost to somebody else in between.
        """
        own = {"SECRET_KEY": self.given.get("SECRET_KEY") or self.state.secret("SECRET_KEY")}
        for server in self.servers:
            own |= server.environment()
        return own

    @property
    def has_test_signatures_only(self) -> bool:
        scanners = [server for server in self.servers if isinstance(server, ClamAV)]
        return any(not scanner.has_official_signatures for scanner in scanners)

    def _do_without_clamav_where_missing(self) -> None:
        if any(isinstance(server, ClamAV) for server in self.servers):
            try:
                clamav.program()
            except Problem as problem:
                self.say(str(problem))
                self.servers = [server for server in self.servers if not isinstance(server, ClamAV)]


def _at_once(verb: Callable[[Server], None], servers: Iterable[Server]) -> None:
    """Do it to all of them in parallel; when all are through, the first that failed raises."""
    with ThreadPoolExecutor() as pool:
        for outcome in [pool.submit(verb, server) for server in servers]:
            outcome.result()
