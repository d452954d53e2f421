"""Run one command with the settings and servers of bin/dev: python -m embedded.join COMMAND ...

Where bin/dev runs, its servers are used as they are; where it does not, they
are started for as long as the command takes.
"""

import os
import sys
from pathlib import Path

from embedded.dev import DEFAULTS
from embedded.problems import Problem
from embedded.run import run_command
from embedded.stack import Stack
from embedded.state import InUse, State

STATE = Path("var")


class Remembered(State):
    """The state of a run that goes on: its ports are taken, and by whom one wants to talk to."""

    def port(self, name: str, preferred: int | None = None) -> int:
        return self._read("ports.json").get(name, preferred)


def main() -> int:
    command = sys.argv[1:]
    state = State(STATE)
    try:
        state.hold()
    except InUse as other:
        return run_command(command, _with(_settings_of_the_run_at(str(other))))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    return _run_with_servers(command, state)


def _settings_of_the_run_at(address: str) -> dict[str, str]:
    stack = Stack(Remembered(STATE))
    for server in stack.servers:
        server.choose_ports()
    return stack.environment() | ({"PUBLIC_URL": address} if address else {})


def _run_with_servers(command: list[str], state: State) -> int:
    stack = Stack(state, say=lambda line: print(line, file=sys.stderr))
    try:
        stack.start()
        return run_command(command, _with(stack.environment()))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    finally:
        stack.stop()
        state.release()


def _with(settings: dict[str, str]) -> dict[str, str]:
    return {**DEFAULTS, **os.environ, **settings}


if __name__ == "__main__":
    sys.exit(main())
