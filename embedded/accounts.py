"""As whom and where PostgreSQL runs: it refuses to be root."""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from embedded.problems import Problem
from embedded.state import State

ACCOUNT = "nobody"
ELSEWHERE = Path("/var/lib/embedded-postgres")


def prefix() -> list[str]:
    """What to put before a command so that it does not run as root; nothing for everybody else."""
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam(ACCOUNT)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def hand_over(path: Path) -> None:
    """Give a file or folder to the account PostgreSQL runs as."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(path, account.pw_uid, account.pw_gid)


def home(state: State) -> Path:
    """A private folder of that account.

    It lies below the state, or, where only root may enter (a checkout in
    /root), beside the data of the system's own servers, under a name that a
    new state does not know.
    """
    below = state.directory("postgres")
    below.chmod(0o700)
    hand_over(below)
    note = below / "is-elsewhere"
    if _reaches(below) and not note.exists():
        return below
    beside = ELSEWHERE / state.secret("postgres home")
    with suppress(OSError):
        beside.mkdir(parents=True, exist_ok=True)
        beside.chmod(0o700)
        hand_over(beside)
    if not _reaches(beside):
        raise Problem(f"PostgreSQL runs as {ACCOUNT}, who reaches neither {below} nor {beside}.")
    note.write_text(f"{beside}\n")
    return beside


def programs(package: Path, *, copied_to: Path) -> Path:
    """The folder of PostgreSQL's programs, copied where that account cannot reach the package."""
    own = package / "pginstall/bin"
    if _reaches(own / "postgres"):
        return own
    copy = copied_to / f"program-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = copied_to / "program.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (
            package,
            package.with_name(f"{package.name}.libs"),
        ):  # neighbours: the one finds the other
            shutil.copytree(part, unfinished / part.name)
        unfinished.rename(copy)
    return copy / package.name / "pginstall/bin"


def _reaches(path: Path) -> bool:
    done = subprocess.run([*prefix(), "test", "-x", path], capture_output=True, check=False)
    return done.returncode == 0
