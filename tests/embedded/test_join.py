"""bin/flask: a command with the settings of the bin/dev that runs, or with servers of its own for a while."""

import pytest

from embedded import join
from embedded.problems import Problem
from embedded.stack import Stack
from embedded.state import State


@pytest.fixture
def run(monkeypatch, state):
    """Run a command by way of `join` on that state; what it would have been given."""
    monkeypatch.setattr(join, "STATE", state)
    for name in ("DATABASE_URL", "MAINTENANCE_DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "CLAMAV_HOST",
                 "PUBLIC_URL", "DEMO_MODE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    given = []

    def pretend(command, environment):
        given.append((command, environment))
        return 7

    monkeypatch.setattr(join, "run_command", pretend)
    monkeypatch.setattr("sys.argv", ["join", "flask", "doctor"])

    def run():
        code = join.main()
        return code, given

    return run


def test_a_run_that_goes_on_is_joined(run, state):
    other = State(state)
    other.hold()
    other.say_where("http://127.0.0.1:8123")
    port = other.port("postgres", 15432)

    code, [(command, environment)] = run()

    assert (code, command) == (7, ["flask", "doctor"])
    assert f"@127.0.0.1:{port}/app" in environment["DATABASE_URL"]
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert environment["DEMO_MODE"] == "true"
    other.release()


def test_without_one_servers_are_started_for_the_command_and_stopped_after_it(run, state, monkeypatch):
    steps = []
    monkeypatch.setattr(Stack, "start", lambda _: steps.append("start"))
    monkeypatch.setattr(Stack, "stop", lambda _: steps.append("stop"))
    monkeypatch.setattr(Stack, "environment", lambda _: steps.append("run") or {"DATABASE_URL": "x"})

    code, [(_, environment)] = run()

    assert (code, steps) == (7, ["start", "run", "stop"])
    assert environment["DATABASE_URL"] == "x"
    after = State(state)
    assert after.hold() == set()  # nobody holds it any more
    after.release()


def test_servers_that_do_not_start_are_told_in_a_sentence(run, monkeypatch, capsys):
    def fail(_):
        raise Problem("postgres does not start.")

    monkeypatch.setattr(Stack, "start", fail)

    code, given = run()

    assert (code, given) == (2, [])
    assert "postgres does not start." in capsys.readouterr().err
