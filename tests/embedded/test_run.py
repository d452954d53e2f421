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
