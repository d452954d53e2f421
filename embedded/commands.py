"""Run several commands of the application in one process: loading it costs more than most of them.

python -m embedded.commands "WHAT IS SAID: ops migrate --wait 60" ...

It loads at once and begins when it gets a line, so that the servers can start meanwhile.
"""

import io
import shlex
import sys
from contextlib import redirect_stdout
from importlib import import_module

import click
from flask import Flask
from flask.cli import ScriptInfo

from embedded.console import step


def main(steps: list[str]) -> int:
    try:
        app = import_module("wsgi").app
    finally:  # nor does it complain before its turn
        told_to_begin = sys.stdin.readline()
    if not told_to_begin:
        return 1
    for each in steps:
        what, _, command = each.partition(": ")
        try:
            with step(what):
                _run(app, shlex.split(command))
        except click.ClickException as problem:
            print(f"\nflask {command}: {problem.format_message()}", file=sys.stderr)
            return 1
    return 0


def _run(app: Flask, command: list[str]) -> None:
    """Quietly; raises ClickException with the reason where it fails."""
    said = io.StringIO()
    with redirect_stdout(said):
        try:
            code = app.cli.main(command, standalone_mode=False, obj=ScriptInfo(create_app=lambda: app))
        except SystemExit as stop:
            code = stop.code
    if code:
        raise click.ClickException(said.getvalue())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
