"""The whole service desk on this machine until Ctrl-C: servers, web, worker, timetable. Run by bin/dev."""

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket

from embedded import ports, processes
from embedded.children import Child
from embedded.console import box, say, step
from embedded.problems import Problem
from embedded.stack import Stack
from embedded.state import InUse, State

PREFERRED = 8000
PASSWORD = "demo-demo-demo"
PEOPLE = ("admin", "manager", "agent", "employee")
DEFAULTS = {
    "ENVIRONMENT": "development",
    "DEMO_MODE": "true",
    "LOG_FORMAT": "console",
    "WEB_WORKERS": "1",  # two would load the application twice, and the start would take as much longer
    "WEB_GRACEFUL_TIMEOUT": "2",  # an open page's live stream would otherwise hold up Ctrl-C
    "PYTHONUNBUFFERED": "1",
}


class Stopped(Exception):
    """Somebody wants this to end."""


def main() -> int:
    options = _options()
    _end_on_signals()
    state = None
    try:
        state = State(Path("var"))
        if left := state.hold():
            print(f"  Ended what an earlier run had left running: {', '.join(sorted(left))}.")
        _serve(state, options)
    except InUse as other:
        where = f"already runs at {other}" if str(other) else "is just being started"
        print(f"The service desk of this checkout {where}.")
        return 1
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except Stopped:
        pass
    return 0


def _serve(state: State, options: argparse.Namespace) -> None:
    listener = _listen(options.port)
    port = listener.getsockname()[1]
    origins = f"http://127.0.0.1:{port},http://localhost:{port}"
    stack = Stack(state, origins=origins, say=lambda line: print(f"  {line}"))

    def environment() -> dict[str, str]:
        defaults = {**DEFAULTS, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        return {**defaults, **os.environ, "WEB_BIND": f"fd://{listener.fileno()}", **stack.environment()}

    web, *others = children = _children(state.path, environment, listener, reload=options.reload)
    preparation = _Preparation(state.path, environment(), seed=not options.no_seed)
    try:
        with step("Starting the servers"):
            stack.start()
        web.start()  # it loads meanwhile; nobody has been told its address yet
        preparation.run(environment())
        with step("Starting the web server"):
            _wait_until_it_answers(port)
        for child in others:  # after it: they would only compete while all of them load
            child.start()
        state.say_where(f"http://127.0.0.1:{port}")
        _introduce(environment(), stack, is_empty=options.no_seed)
        _watch(stack, children, environment)
    finally:
        preparation.stop()
        _stop(stack, children)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/dev", description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-seed", action="store_true")
    parser.add_argument("--reload", action="store_true")
    return parser.parse_args()


def _end_on_signals() -> None:
    """The first signal ends this in order, one that follows later ends it at once; the next start tidies up.

    Some callers send the same signal twice, to the process and to its group.
    """
    first: list[float] = []

    def stop(_number: int, _frame: object) -> None:
        if not first:
            first.append(time.monotonic())
            raise Stopped
        if time.monotonic() - first[0] > 1:
            os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)


def _listen(port: int | None) -> socket:
    """The web server's address, held from now on."""
    if port and not ports.is_free(port):
        raise Problem(f"Port {port} is in use.")
    listener = ports.listen(port) if port else ports.listen(*range(PREFERRED, PREFERRED + 20))
    if not port and (taken := listener.getsockname()[1]) != PREFERRED:
        print(f"  Port {PREFERRED} is in use: taking {taken}.")
    return listener


class _Preparation:
    """The commands that make database and store ready. They load while the servers start."""

    def __init__(self, state: Path, environment: dict[str, str], *, seed: bool) -> None:
        self.state, self.environment = state, environment
        self.steps = [
            "Bringing the database up to date: ops migrate --wait 60",
            "Preparing the store: storage prepare",
            *(["Seeding the demo world: seed --if-empty"] if seed else []),
        ]
        self.process = self._load()

    def run(self, environment: dict[str, str]) -> None:
        """Do it; raises Problem where a command fails, which has then said why."""
        if environment != self.environment:
            self.stop()
            self.environment = environment
            self.process = self._load()
        self.process.communicate("now\n")
        if self.process.returncode:
            raise Problem("The service desk was not started.")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _load(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "embedded.commands", *self.steps]
        mark = {processes.MARK: processes.mark_for(self.state, "preparation")}
        return subprocess.Popen(command, env=self.environment | mark, stdin=subprocess.PIPE, text=True)


def _children(
    state: Path, environment: Callable[[], dict[str, str]], listener: socket, *, reload: bool
) -> list[Child]:
    run = [sys.executable, "-m"]
    web = [*run, "gunicorn", "-c", "gunicorn.conf.py", *(["--reload"] if reload else []), "wsgi:app"]

    def least() -> dict[str, str]:
        """What is open to the network, or need not, does not know the database's owner."""
        return {name: value for name, value in environment().items() if name != "MAINTENANCE_DATABASE_URL"}

    return [
        Child("web", web, state, least, keep_open=[listener.fileno()]),
        Child("worker", [*run, "jobs.worker"], state, environment),
        Child("timetable", [*run, "jobs.timetable"], state, least),
    ]


def _wait_until_it_answers(port: int) -> None:
    """Return when it answers; a web server that does not within half a minute is left to its restarts."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    say("The web server does not answer yet; its log above says why.")


def _introduce(environment: dict[str, str], stack: Stack, *, is_empty: bool) -> None:
    lines = [f"The service desk runs at  {environment['PUBLIC_URL']}", ""]
    if is_empty:
        lines += ["An empty desk begins with the page that makes its first admin.", ""]
    elif environment["DEMO_MODE"] == "true":
        lines += [
            f"Log in with the password {PASSWORD} as",
            *(f"    {person}@example.org" for person in PEOPLE),
            "",
        ]
    if stack.has_test_signatures_only:
        lines += ["Uploads are checked with the EICAR test signature only.", ""]
    lines += ["The servers' logs are in var/log. Ctrl-C stops everything."]
    box(lines)


def _watch(stack: Stack, children: list[Child], environment: Callable[[], dict[str, str]]) -> None:
    """Until a signal comes: start again each server that dies."""
    while True:
        time.sleep(1)
        for server in stack.servers:
            if server.is_running():
                continue
            before = environment()
            say(f"{server.name} ended; starting it again.")
            try:
                server.start()
            except Problem as problem:
                say(str(problem))
                continue
            say(f"{server.name} is back.")
            if environment() != before:  # it had to take another port
                _at_once(child.restart for child in children)


def _stop(stack: Stack, children: list[Child]) -> None:
    """First those who use the servers, then the servers. A further Ctrl-C does not wait."""
    with step("Stopping"):
        _at_once(child.stop for child in children)
        stack.stop()
        processes.end_leftovers(stack.state.path, grace=0)  # whom a signal met while it was being started


def _at_once(verbs: Iterable[Callable[[], None]]) -> None:
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(verb) for verb in verbs]:
            done.result()


if __name__ == "__main__":
    sys.exit(main())
