"""bin/dev without its set-up: the whole desk, from its first start to the next after kill -9."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from embedded import ports, processes
from embedded.state import State

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PATIENCE = 100  # seconds; with other tests beside it, a start may take half of them
GIVEN = (
    "DATABASE_URL", "MAINTENANCE_DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "CLAMAV_HOST", "SECRET_KEY",
    "ENVIRONMENT", "PUBLIC_URL",
)  # fmt: skip
ADDRESS = re.compile(r"runs at +(http://\S+)")


class Desk:
    """A running `python -m embedded.dev` whose log can be waited for."""

    def __init__(self, place, *options):
        environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
        self.lines, self.changed, self.is_silent = [], threading.Condition(), False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "embedded.dev", *options],
            cwd=place,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._note(line)
        with self.changed:
            self.is_silent = True
            self.changed.notify_all()

    def _note(self, line):
        with self.changed:
            self.lines.append(line)
            self.changed.notify_all()

    def wait_for(self, words, seconds=PATIENCE):
        pattern = re.compile(words)

        def found():
            return next((match for line in self.lines if (match := pattern.search(line))), None)

        with self.changed:
            self.changed.wait_for(lambda: found() or self.is_silent, seconds)
            assert found(), "".join(self.lines)
            return found()

    def address(self):
        return self.wait_for(ADDRESS.pattern)[1]

    def answers(self, path):
        """Whether that page comes in the end: what was killed takes its time to load on a busy machine."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(self.address() + path, timeout=10) as answer:
                    return answer.status == 200
            except (OSError, HTTPException) as error:  # refused, cut off, too late, or a 503
                self._note(f"{path}: {error!r}\n")
                time.sleep(0.2)
        raise AssertionError("".join(self.lines))

    def end(self, number=signal.SIGINT):
        """Its exit code, and how many seconds it took."""
        asked = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        return code, time.monotonic() - asked


@pytest.fixture
def start(state):
    """Starts the desk of a checkout whose var/ is below the state."""
    (state / "gunicorn.conf.py").symlink_to(ROOT / "gunicorn.conf.py")
    desks = []

    def run(*options):
        desks.append(Desk(state, *options))
        return desks[-1]

    yield run
    for desk in desks:
        desk.process.kill()
        desk.process.wait()
    processes.end_leftovers(state / "var", grace=0)
    for desk in desks:
        desk.reader.join()


def pid_of(state, name):
    """The process that leads its session; the others are its children, and may be gone at any moment."""
    for pid, known in processes._marked(f"{state}/var:"):
        with suppress(ProcessLookupError):
            if known == name and os.getsid(pid) == pid:
                return pid
    raise AssertionError(f"{name} does not run.")


def test_the_desk_runs_until_ctrl_c_and_then_nothing_is_left(start, state):
    desk = start()
    assert desk.answers("/healthz")
    desk.wait_for("demo-demo-demo")

    again = start()
    assert again.process.wait(PATIENCE) == 1
    assert desk.address() in again.wait_for("already runs at.*")[0]

    code, seconds = desk.end()
    assert code == 0
    assert seconds < 20
    assert processes.end_leftovers(state / "var") == set()


def test_it_recovers_from_the_death_of_any_of_its_processes(start, state):
    desk = start()
    desk.address()

    for name in ("web", "worker", "timetable"):
        os.kill(pid_of(state, name), signal.SIGKILL)
        desk.wait_for(f"{name} ended")
    for name in ("postgres", "valkey", "s3"):
        os.kill(pid_of(state, name), signal.SIGKILL)
        desk.wait_for(f"{name} is back")

    assert desk.answers("/healthz")
    assert desk.answers("/readyz")


def test_a_start_after_kill_9_takes_over(start, state):
    port = str(ports.choose())  # the usual one may be somebody else's at one start and free at the next
    desk = start("--port", port)
    address = desk.address()
    desk.process.kill()
    desk.process.wait()

    after = start("--port", port)

    after.wait_for("Ended what an earlier run had left running: .*postgres.*web")
    assert after.address() == address
    assert after.answers("/healthz")
    assert after.end(signal.SIGTERM)[0] == 0


def test_a_preparation_that_outlives_a_kill_does_not_meddle_with_the_next(start, state):
    desk = start()
    desk.wait_for("Starting the servers")
    desk.process.kill()  # in the midst of it
    desk.process.wait()

    after = start()

    assert after.answers("/healthz")
    assert not [line for line in after.lines if "failed" in line]


def test_another_port_is_taken_and_said_where_the_usual_one_is_in_use(start):
    with ports.listen(8000):  # or somebody else has it already
        desk = start("--no-seed")

        desk.wait_for("Port 8000 is in use")
        assert desk.answers("/healthz")
        desk.wait_for("An empty desk begins with the page that makes its first admin.")
        assert not [line for line in desk.lines if "demo-demo-demo" in line]


def test_a_port_that_is_lost_in_the_last_moment_is_replaced_for_everybody(start, state):
    """While the database is being made, somebody takes the port it was to have."""
    port, var = ports.choose(), state / "var"
    State(var)._write("ports.json", {"postgres": port})
    desk = start("--no-seed")
    while not (var / "postgres" / "data.new").exists():
        assert desk.process.poll() is None
        time.sleep(0.005)

    with ports.listen(port) as taken:
        assert taken.getsockname()[1] == port
        assert desk.answers("/readyz")


def test_a_port_that_was_asked_for_and_is_in_use_stops_the_start(start):
    with ports.listen() as taken:
        desk = start("--port", str(taken.getsockname()[1]))

        assert desk.process.wait(PATIENCE) == 1
        desk.wait_for("is in use")
