import os
import signal
import sys
import threading
from socket import socket

import pytest

from embedded import children, dev, processes
from embedded.children import Child

SAYS_WHO = "import os, time; print('I am', os.getpid(), os.environ['NUMBER'], flush=True); time.sleep(60)"


class Said(list):
    """What was said, for whoever waits for a sentence."""

    def __init__(self):
        super().__init__()
        self.changed = threading.Condition()

    def __call__(self, line, *, by="desk"):
        with self.changed:
            self.append(line)
            self.changed.notify_all()

    def wait_for(self, words, times=1):
        with self.changed:
            assert self.changed.wait_for(lambda: sum(words in line for line in self) >= times, 60), self
            return [line for line in self if words in line][-1]


@pytest.fixture
def said(monkeypatch):
    said = Said()
    monkeypatch.setattr(children, "say", said)
    return said


@pytest.fixture
def child(tmp_path, said):
    numbers = iter(range(1, 100))
    child = Child(
        "worker",
        [sys.executable, "-c", SAYS_WHO],
        tmp_path,
        lambda: {**os.environ, "NUMBER": str(next(numbers))},
    )
    yield child
    child.stop()
    assert processes.end_leftovers(tmp_path) == set()


def test_what_answers_the_network_is_not_told_the_owner_of_the_database(tmp_path):
    given = {"DATABASE_URL": "the application's", "MAINTENANCE_DATABASE_URL": "the owner's"}
    with socket() as listener:
        children = dev._children(tmp_path, lambda: given, listener, reload=False)
    told = {child.name for child in children if "MAINTENANCE_DATABASE_URL" in child.environment()}

    assert told == {"worker"}


def test_what_a_child_says_is_repeated(child, said):
    child.start()

    assert said.wait_for("I am").split()[-1] == "1"


def test_a_child_that_dies_is_mentioned_and_started_again_with_the_settings_of_then(child, said):
    child.start()
    said.wait_for("I am")

    os.kill(child.process.pid, signal.SIGKILL)

    assert "by signal 9" in said.wait_for("worker ended")
    assert said.wait_for("I am", times=2).split()[-1] == "2"


def test_one_that_keeps_dying_is_started_ever_more_slowly(child, said):
    child.command = [sys.executable, "-c", "raise SystemExit(3)"]
    child.start()

    assert said.wait_for("worker ended", times=1).endswith("exit code 3); starting it again in 1 s.")
    assert said.wait_for("worker ended", times=2).endswith("in 2 s.")


def test_a_child_that_was_stopped_stays_so(child, said):
    child.start()
    said.wait_for("I am")

    child.stop()

    assert child.process.exit_code() is not None
    assert not any("ended" in line for line in said)
