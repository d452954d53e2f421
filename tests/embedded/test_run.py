import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

WAIT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("up", flush=True)
time.sleep(60)
"""

TOLD_AT_ONCE = """
import os, signal, subprocess, sys
from embedded.run import run_command

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        os.kill(os.getpid(), signal.SIGTERM)

subprocess.Popen = Popen
sys.exit(run_command(["sleep", "60"], dict(os.environ)))
"""


def run(state, *command, **options):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "embedded.run",
            "--fast",
            "--state",
            state,
            "--",
            sys.executable,
            "-c",
            *command,
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in SETTINGS},
        **options,
    )


SETTINGS = (
    "DATABASE_URL", "MAINTENANCE_DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "CLAMAV_HOST", "SECRET_KEY",
)  # fmt: skip


def servers_of(state):
    mark = f"EMBEDDED_PROCESS={state}:".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [environment] if mark in environment.read_bytes() else []
        except OSError:
            continue
    return found


def test_the_command_gets_the_settings_and_its_exit_code_counts(state):
    process = run(
        state, "import os, sys; print(os.environ['DATABASE_URL'], os.environ['S3_ENDPOINT']); sys.exit(3)"
    )
    said, _ = process.communicate()

    assert said.startswith("postgresql://desk:")
    assert "http://127.0.0.1:" in said
    assert process.returncode == 3
    assert servers_of(state) == []


def test_a_signal_reaches_the_command_and_the_servers_are_stopped(state):
    process = run(state, WAIT)
    assert process.stdout.readline() == "up\n"
    assert servers_of(state)

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 7
    assert servers_of(state) == []


def test_a_signal_that_comes_while_the_command_starts_reaches_it():
    told = subprocess.run([sys.executable, "-c", TOLD_AT_ONCE], check=False, timeout=30)

    assert told.returncode == 128 + signal.SIGTERM


def test_a_signal_that_comes_while_the_servers_start_leaves_none(state):
    process = run(state, WAIT)
    while not servers_of(state):
        assert process.poll() is None

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 128 + signal.SIGTERM
    assert servers_of(state) == []


def test_tests_may_run_beside_each_other(state):
    first = run(state / "test", WAIT)
    assert first.stdout.readline() == "up\n"

    second = run(state / "test", "print('second')")

    assert second.communicate()[0] == "second\n"
    assert (state / "test-2").exists()
    first.send_signal(signal.SIGTERM)
    first.communicate()


def test_tests_begin_empty(state):
    insert = (
        "import os, psycopg; address = os.environ['MAINTENANCE_DATABASE_URL'];"
        "connection = psycopg.connect(address, autocommit=True);"
        "connection.execute('CREATE TABLE once (one int)')"
    )

    assert run(state, insert).wait() == 0
    assert run(state, insert).wait() == 0
