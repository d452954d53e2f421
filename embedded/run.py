"""Run one command with servers of its own: python -m embedded.run [--fast] --state DIR -- COMMAND ..."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from embedded.problems import Problem
from embedded.stack import Stack
from embedded.state import InUse, State

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    options = _options()
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))  # not without its servers
    try:
        state = _held_state(options.state, may_take_another=options.fast)
        stack = Stack(state, fast=options.fast, say=_say)
        stack.start()
    except Problem as problem:
        _say(str(problem))
        return 2
    try:
        return run_command(options.command, {**os.environ, **stack.environment()})
    finally:
        stack.stop()
        state.release()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded.run", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="where the servers keep their data")
    parser.add_argument(
        "--fast", action="store_true", help="for tests: begin empty, do not wait for the disk"
    )
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _held_state(path: Path, *, may_take_another: bool) -> State:
    """That state, or, for tests that run beside others, the next one that nobody holds."""
    for number in range(1, 100):
        state = State(path if number == 1 else path.with_name(f"{path.name}-{number}"))
        try:
            state.hold()
        except InUse:
            if not may_take_another:
                break
        else:
            return state
    raise Problem(f"{path} is in use by another run.")


def run_command(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code. Ctrl-C reaches it by the terminal; other signals are passed on."""
    early: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in PASSED_ON:  # before it starts: it may be told to end while it does
        signal.signal(number, lambda received, _frame: early.append(received))
    child = subprocess.Popen(command, env=environment)
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    for number in early:
        child.send_signal(number)
    code = child.wait()
    return 128 - code if code < 0 else code


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
