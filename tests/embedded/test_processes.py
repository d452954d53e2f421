import os
import signal
import subprocess
import sys
import time

import pytest

from embedded import processes

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
WITH_A_CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"


@pytest.fixture
def start(tmp_path):
    """Starts Python with that text below tmp_path, and ends all of it afterwards."""
    started = []

    def run(*text, state=tmp_path, name="server"):
        process = processes.start(
            [sys.executable, "-c", *text],
            state=state,
            name=name,
            environment=os.environ,
            output=tmp_path / "log",
        )
        started.append((process, state))
        return process

    yield run
    for process, state in started:
        processes.end_leftovers(state, grace=0)
        process.popen.wait()


@pytest.fixture
def has_said_up(tmp_path):
    def wait():
        while b"up" not in (tmp_path / "log").read_bytes():
            time.sleep(0.01)

    return wait


def test_a_process_gets_a_session_of_its_own(start):
    process = start("import time; time.sleep(60)")

    assert os.getsid(process.pid) == process.pid


def test_stopping_is_asked_for_politely(start):
    process = start("import time; time.sleep(60)")

    process.stop()

    assert process.exit_code() == -signal.SIGTERM


def test_one_that_does_not_listen_is_killed_with_its_children(start, tmp_path, has_said_up):
    process = start(WITH_A_CHILD, STUBBORN)
    has_said_up()

    process.stop(grace=0.1)

    assert process.exit_code() == -signal.SIGTERM
    assert processes.end_leftovers(tmp_path) == set()


def test_what_an_earlier_run_left_is_found_by_its_mark_and_ended(start, tmp_path, has_said_up):
    left = start(STUBBORN, name="postgres")
    has_said_up()

    assert processes.end_leftovers(tmp_path, grace=0.1) == {"postgres"}
    assert left.popen.wait() < 0


def test_a_child_of_a_killed_process_is_found_too(start, tmp_path, has_said_up):
    parent = start(WITH_A_CHILD, STUBBORN, name="worker")
    has_said_up()
    parent.popen.kill()
    parent.popen.wait()

    assert processes.end_leftovers(tmp_path, grace=0.1) == {"worker"}
    assert processes.end_leftovers(tmp_path) == set()


def test_processes_of_others_are_left_alone(start, tmp_path):
    neighbour = start("import time; time.sleep(60)", state=tmp_path / "neighbour")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path)])

    try:
        assert processes.end_leftovers(tmp_path) == set()
        assert neighbour.exit_code() is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_is_found_by_where_it_works(tmp_path):
    process = subprocess.Popen(["sleep", "60"], cwd=tmp_path)

    try:
        assert processes.working_in(tmp_path) == [process.pid]
    finally:
        process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert processes.working_in(tmp_path) == []
    process.wait()
