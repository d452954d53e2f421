"""Starting processes and ending them, and only those that were started here.

Each process carries a mark in its environment: the state directory and its
name. The mark is inherited, cannot be met by chance, and survives kill -9 of
whoever started it, so a later run finds what an earlier one left behind.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "EMBEDDED_PROCESS"
GRACE = 5.0  # seconds between the polite signal and SIGKILL


@dataclass
class Process:
    """A running process, leader of a session of its own: Ctrl-C at the terminal is not its concern."""

    popen: subprocess.Popen
    mark: str

    @property
    def pid(self) -> int:
        return self.popen.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.popen.poll()

    def stop(self, *signals: signal.Signals, grace: float = GRACE) -> None:
        """Send the signals one by one, each with its time to work, then SIGKILL to all that is left."""
        for number in signals or (signal.SIGTERM,):
            self.popen.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace)
                break
        end(_marked(self.mark), grace=0)
        self.popen.wait()


def start(
    command: Sequence[str | Path],
    *,
    state: Path,
    name: str,
    environment: Mapping[str, str],
    output: int | Path,
    directory: Path | None = None,
    keep_open: Sequence[int] = (),
) -> Process:
    """Start it in its own session, marked, with its output in a file (or a file descriptor)."""
    mark = mark_for(state, name)
    log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if isinstance(output, Path) else None
    try:
        popen = subprocess.Popen(
            [str(part) for part in command],
            env={**environment, MARK: mark},
            cwd=directory,
            pass_fds=keep_open,
            stdin=subprocess.DEVNULL,
            stdout=output if log is None else log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        if log is not None:
            os.close(log)
    return Process(popen, mark)


def mark_for(state: Path, name: str) -> str:
    """What stands in the environment, under MARK, of all that is started there by that name."""
    return f"{state}:{name}"


def plain_environment(home: Path) -> dict[str, str]:
    """What a server needs to know; nothing of the person's own settings changes how it runs."""
    return {"PATH": os.defpath + ":/usr/sbin:/sbin", "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}


def end_leftovers(state: Path, *, grace: float = GRACE) -> set[str]:
    """End what an earlier run of this state left running; the names of what that was."""
    left = list(_marked(f"{state}:"))
    end(left, grace=grace)
    end(_marked(f"{state}:"), grace=0)
    return {name for _, name in left}


def working_in(directory: Path) -> list[int]:
    """The living processes whose working directory that is. A zombie has none."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == directory:
                found.append(int(entry.name))
    return found


def end(processes: Iterator[tuple[int, str]] | list[tuple[int, str]], *, grace: float) -> None:
    """Ask each to stop, wait for all of them together, kill the rest.

    Each is held by a file descriptor before it is looked at again, so that a
    pid that has meanwhile gone to somebody else is never signalled.
    """
    held = [(handle, name) for pid, name in processes if (handle := _hold(pid)) is not None]
    if grace:
        for handle, name in held:
            _signal(handle, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    until = time.monotonic() + grace
    for handle, _ in held:
        if not _has_ended(handle, until - time.monotonic()):
            _signal(handle, signal.SIGKILL)
            _has_ended(handle, 5)
        os.close(handle)


def _marked(prefix: str) -> Iterator[tuple[int, str]]:
    """Pid and name of each living process whose mark begins so."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (mark := _mark_of(int(entry.name))) and mark.startswith(prefix):
            yield int(entry.name), mark.rpartition(":")[2]


def _mark_of(pid: int) -> str | None:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone, or not ours to look at
        return None
    for variable in environment.split(b"\0"):
        if variable.startswith(MARK.encode() + b"="):
            return os.fsdecode(variable.partition(b"=")[2])
    return None


def _hold(pid: int) -> int | None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _mark_of(pid) is None:
        os.close(handle)
        return None
    return handle


def _signal(handle: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, number)


def _has_ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(max(seconds, 0) * 1000))
