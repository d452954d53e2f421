"""Measure the pages beside the floor: python -m bench.run, or bin/bench.

The data is generated where it is missing. Both servers run with the same
settings and are asked in turns, so that what else the machine does meets both.
"""

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.generate import generate, is_generated
from bench.load import Connection
from bench.pages import Page, Visitors
from embedded.ports import choose
from portal import create_app

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
# How many times the floor a page may take at most: by the first word of its name, lists else.
LISTS, LIMITS = 8, {"ticket": 12, "search": 15, "create": 12, "reply": 12, "status": 12, "assignment": 12}
HEADS = {
    "requests/s": 11, "ms": 8, "p95": 8, "floor/s": 9, "x floor": 9, "x p95": 7, "limit": 7, "SQL": 5, "KB": 6
}  # fmt: skip
ADDRESSES = ("DATABASE_URL", "MAINTENANCE_DATABASE_URL")  # the second is the owner's, where that is another
FLOOR_TABLE = """
    DROP TABLE IF EXISTS bench_floor;
    CREATE TABLE bench_floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text, token text)
"""


@dataclass
class Result:
    """What came of one page: rates and times of all rounds, and what it asked the database."""

    status: int
    size: int
    statements: int = 0
    scans: str = ""
    rates: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    floor_times: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def ratio(self) -> float:
        """How many times the floor's time it takes: the middle one of the rounds."""
        return statistics.median(f / r for f, r in zip(self.floors, self.rates, strict=True))

    @property
    def late_ratio(self) -> float:
        """The same of the answers that only one in twenty is slower than."""
        return _late(self.times) / _late(self.floor_times)


def _late(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def limit_of(page: str) -> int:
    return LIMITS.get(page.partition(",")[0], LISTS)


def main() -> int:
    options = _options()
    application, owner = (on_database(options.database, os.environ.get(name, "")) for name in ADDRESSES)
    url = owner or application
    port, floor_port = choose(18_000), choose(18_001)
    os.environ |= dict(zip(ADDRESSES, (application, owner), strict=True))
    os.environ |= {"PUBLIC_URL": f"http://{HOST}:{port}", "LOG_LEVEL": "WARNING"}
    if options.anew or not is_generated(url, scale=options.scale):
        print(f"Generating a desk of scale {options.scale}:")
        generate(url, scale=options.scale)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FLOOR_TABLE)
    app = create_app()
    with (
        served("bench.watch:make_app()", port),
        served("bench.floor:make_floor()", floor_port),
        app.app_context(),
    ):
        visitors = Visitors(app, f"{HOST}:{port}")
        over = 0
        for connections in options.connections:
            results = _measure(visitors, connections, (port, floor_port), options)
            over |= _report(results, connections, options)
    _tidy(url)
    return over


def on_database(database: str, address: str) -> str:
    return re.sub(r"/[^/?]+(\?|$)", rf"/{database}\1", address, count=1)


def _measure(
    visitors: Visitors, connections: int, ports: tuple[int, int], options: argparse.Namespace
) -> dict[str, Result]:
    port, floor_port = ports
    results = {}
    for page in visitors.pages():
        if options.only and not any(word in page.name for word in options.only):
            continue
        print(f"  {page.name} …", file=sys.stderr, flush=True)
        requests = page.requests()
        results[page.name] = result = _look(page, next(requests), port)
        if result.status >= 400 or (result.status != 200 and not page.writes):
            continue
        for _ in range(options.rounds):
            floor = _load(_floor_requests(page, floor_port), floor_port, connections, options)
            result.floors.append(len(floor["times"]) / floor["seconds"])
            result.floor_times += floor["times"]
            own = _load(requests, port, connections, options)
            result.rates.append(len(own["times"]) / own["seconds"])
            result.times += own["times"]
            result.refused += sum(n for status, n in own["statuses"].items() if int(status) >= 400)
    return results


def _look(page: Page, request: str, port: int) -> Result:
    """Ask once, to see what the page is and how PostgreSQL runs its statements."""
    explained = request.replace("\r\n", "\r\nX-Explain: 1\r\n", 1)
    status, head = Connection(HOST, port).ask(explained.encode())
    told = dict(re.findall(r"^([\w-]+): *(.*?)\r?$", head.decode(), re.MULTILINE))
    return Result(
        status,
        int(told.get("Content-Length", 0)),
        int(told.get("X-Statements", 0)),
        told.get("X-Scans", ""),
    )


def _floor_requests(page: Page, port: int) -> Iterator[str]:
    if not page.writes:
        return itertools.repeat(f"GET / HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n")
    body = "title=Printer+is+out+of+paper&description=On+the+second+floor"
    form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}"
    return itertools.repeat(f"POST / HTTP/1.1\r\nHost: {HOST}:{port}\r\n{form}\r\n\r\n{body}")


def _load(requests: Iterator[str], port: int, connections: int, options: argparse.Namespace) -> dict:
    """By a process of its own. It gets no more requests than it can send, and none twice."""
    order = {
        "host": HOST,
        "port": port,
        "connections": connections,
        "seconds": options.seconds,
        "requests": list(itertools.islice(requests, int(options.seconds * options.most))),
        "once": True,
    }
    load = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(load, input=json.dumps(order), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@contextmanager
def served(application: str, port: int) -> Iterator[subprocess.Popen]:
    """gunicorn, as it runs in production; ended with all its workers."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "gunicorn.conf.py",
        "--log-level",
        "warning",
        application,
    ]
    environment = os.environ | {"PORT": str(port), "WEB_BIND": f"{HOST}:{port}"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for(port)
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            Connection(HOST, port).ask(f"GET /ping HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _tidy(url: str) -> None:
    """Nobody works off what was due; leave the desk as one where somebody had."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE deliveries SET state = 'done' WHERE state = 'due'")
        connection.execute("DELETE FROM sessions")


def _report(results: dict[str, Result], connections: int, options: argparse.Namespace) -> int:
    print(
        f"\nScale {options.scale}, {connections} at a time, {options.rounds} rounds of {options.seconds} s\n"
    )
    print(f"{'':<22}{''.join(f'{head:>{width}}' for head, width in HEADS.items())}")
    for name, result in results.items():
        print(f"{name:<22}{_figures(name, result)}")
    slow = [name for name, r in results.items() if r.rates and r.ratio > limit_of(name)]
    print(f"\nOver the limit: {', '.join(slow) or 'none'}.")
    return 1 if slow else 0


def _figures(name: str, result: Result) -> str:
    if not result.rates:
        return f"  answered {result.status}"
    row = (
        f"{statistics.median(result.rates):>11.0f}{statistics.median(result.times) * 1000:>8.1f}"
        f"{_late(result.times) * 1000:>8.1f}{statistics.median(result.floors):>9.0f}"
        f"{result.ratio:>9.1f}{result.late_ratio:>7.1f}{limit_of(name):>7}{result.statements:>5}"
        f"{result.size / 1024:>6.1f}"
    )
    notes = [f"reads all of {result.scans}"] if result.scans else []
    notes += [f"{result.refused} refused"] if result.refused else []
    return f"{row}  {'; '.join(notes)}".rstrip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million tickets")
    parser.add_argument("--database", default="bench", help="its name, beside that of DATABASE_URL")
    parser.add_argument("--anew", action="store_true", help="generate the data again")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each server in each round")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8], help="at a time, in turn")
    parser.add_argument("--most", type=int, default=3000, help="requests prepared for a second")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="pages whose name has it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
