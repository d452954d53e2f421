"""As whom PostgreSQL runs: it refuses to be root."""

import os
import pwd
import subprocess
from pathlib import Path

from embedded.problems import Problem

ACCOUNT = "nobody"


def prefix(*, needs: list[Path]) -> list[str]:
    """What to put before a command so that it does not run as root; empty for everybody else.

    Where the checkout lies in a home that only root may enter, the right to
    pass through closed doors is kept, and no other.
    """
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam(ACCOUNT)
    without_root = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    keeping_one_right = [*without_root, "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    for candidate in (without_root, keeping_one_right):
        if all(_reaches(candidate, path) for path in needs):
            return candidate
    raise Problem(
        f"PostgreSQL does not run as root, and the account {ACCOUNT} cannot reach {needs[-1]}: "
        "move the checkout to where others may read, run this as another user, or set DATABASE_URL."
    )


def hand_over(path: Path) -> None:
    """Give a file or folder to the account PostgreSQL runs as."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(path, account.pw_uid, account.pw_gid)


def _reaches(candidate: list[str], path: Path) -> bool:
    return subprocess.run([*candidate, "test", "-x", path], capture_output=True).returncode == 0
