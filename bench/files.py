"""Measure files on their way: python -m bench.files, or bin/bench files.

Beside each figure stands what the store or the scanner alone needs for the same in the
same run. The desk is one of its own, with two workers at most.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO

import psycopg
import redis
import requests
from flask import Flask
from sqlalchemy import select

from bench.memory import memory, most
from bench.run import ROOT, served
from embedded.ports import choose
from portal import create_app, schema
from portal.accounts.actions import open_session
from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.storage import Area, storage
from portal.settings.actions import change_settings

MB = 2**20
HOST = "127.0.0.1"
SMALL = 120  # files of one MB
LARGE = 1000  # MB of one file
TICKET = "IT-30"  # one of the demo's
ADDRESSES = ("DATABASE_URL", "MAINTENANCE_DATABASE_URL")


def main() -> int:
    options = _options()
    port = choose(18_010)
    _prepare("bench_files")
    os.environ["REDIS_URL"] = _own_redis(os.environ["REDIS_URL"])
    os.environ |= {"PUBLIC_URL": f"http://{HOST}:{port}", "LOG_LEVEL": "WARNING", "UPLOAD_MAX_MB": "1100"}
    app = create_app()
    with app.app_context():
        list(schema.migrate(patience=30))
        storage().prepare()
        cookie = _somebody(app)
    with served("wsgi:app", port) as web, app.app_context():
        sender = Sender(f"http://{HOST}:{port}", cookie)
        _presigns(sender)
        _scans(sender)
        _large(sender, web.pid, options.large)
    return 0


def _prepare(database: str) -> None:
    """An empty database of that name."""
    owner = os.environ.get(ADDRESSES[1]) or os.environ[ADDRESSES[0]]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {database}")
    for name in ADDRESSES:
        if os.environ.get(name):
            os.environ[name] = re.sub(r"/[^/?]+(\?|$)", rf"/{database}\1", os.environ[name], count=1)


def _own_redis(url: str) -> str:
    """The last of its databases, emptied: the workers of another desk must not take what is measured."""
    own = re.sub(r"(/\d*)?$", "/15", url, count=1)
    redis.Redis.from_url(own).flushdb()
    return own


def _somebody(app: Flask) -> tuple[str, str]:
    """Somebody who is logged in; the cookie of their browser."""
    run = [sys.executable, "-m", "flask", "--app", "wsgi", "seed"]
    subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    change_settings(actor=None, upload_day_mb=1_000_000, upload_ticket_mb=1_000_000)
    person = db.session.scalars(select(User).where(User.email == "employee@example.org")).one()
    _, token = open_session(person)
    db.session.commit()
    client = app.test_client()
    with client.session_transaction(base_url=os.environ["PUBLIC_URL"]) as session:
        session["_user_id"] = token
    (cookie,) = client._cookies.values()  # noqa: SLF001, the test client names none
    return cookie.key, cookie.value


class Sender:
    """A browser that sends files."""

    def __init__(self, url: str, cookie: tuple[str, str]) -> None:
        self.url, self.http = url, requests.Session()
        self.http.cookies.set(*cookie, domain=HOST, path="/")
        page = self.http.get(f"{url}/tickets/new", timeout=30).text
        (token,) = set(re.findall(r'"X-CSRFToken": "([^"]+)"', page))
        self.http.headers["X-CSRFToken"] = token

    def announce(self, name: str, size: int) -> dict:
        told = {"original_filename": name, "mime": "application/zip", "size": size}
        answer = self.http.post(f"{self.url}/tickets/{TICKET}/attachments/presign", data=told, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def send(self, name: str, content: bytes) -> dict:
        told = self.announce(name, len(content))
        requests.put(told["url"], data=content, headers=told["headers"], timeout=60).raise_for_status()
        self.post(told["complete_url"])
        return told

    def post(self, path: str) -> dict:
        answer = self.http.post(self.url + path, timeout=120)
        answer.raise_for_status()
        return answer.json()


def _presigns(sender: Sender) -> None:
    until, number = time.monotonic() + 4, 0
    while time.monotonic() < until:
        sender.announce("a.zip", MB)
        number += 1
    _say("announced by one browser", f"{number / 4:.0f}/s")


def _scans(sender: Sender) -> None:
    contents = [_zip(MB) for _number in range(SMALL)]
    raw_put = _rate(lambda n: storage().send(f"bench/{n}", BytesIO(contents[n]), size=MB, kind="x/y"))
    raw_scan = _rate(lambda n: antivirus.look_at(BytesIO(contents[n])))
    _say("the store alone takes 1 MB", f"{raw_put:.1f}/s")
    _say("the scanner alone reads 1 MB", f"{raw_scan:.1f}/s")
    for workers in (1, 2):
        for number, content in enumerate(contents):
            sender.send(f"{workers}-{number}.zip", content)
        with ExitStack() as running:
            for _worker in range(workers):
                running.enter_context(_worker_process())
            _wait(partial(_has_clean, SMALL * (workers - 1) + 5))  # they have started
            began, first = time.monotonic(), _count(State.CLEAN)
            _wait(partial(_has_clean, SMALL * workers))
            rate = (SMALL * workers - first) / (time.monotonic() - began)
        _say(f"scanned by {workers} worker{'s' * (workers > 1)}", f"{rate:.1f}/s")


def _large_alone(piece: bytes, size: int) -> None:
    """The same bytes as one object for the store, and as one stream for the scanner."""
    with tempfile.TemporaryFile() as file:
        for start in range(0, size, len(piece)):
            file.write(piece[: size - start])
        file.seek(0)
        put = _seconds(lambda: storage().send("bench/large", file, size=size, kind="x/y"))
        file.seek(0)
        scan = _seconds(lambda: antivirus.look_at(file))
    storage().forget("bench/large", Area.QUARANTINE)
    _say(f"the store alone takes {size // MB} MB", f"{size / MB / put:.0f} MB/s")
    _say(f"the scanner alone reads {size // MB} MB", f"{size / MB / scan:.0f} MB/s")


def _large(sender: Sender, web: int, megabytes: int) -> None:
    piece, size = _zip(16 * MB), megabytes * MB
    _large_alone(piece, size)
    done = _count(State.CLEAN, State.UNSCANNABLE)
    with _worker_process() as worker:
        _wait(lambda: memory(worker) > 50)
        idle = memory(web), memory(worker)
        with most(web) as of_web, most(worker) as of_worker:
            told = sender.announce("large.zip", size)
            began = time.monotonic()
            for part in sender.post(told["parts_url"])["missing"]:
                requests.put(part["url"], data=piece[: part["size"]], timeout=60).raise_for_status()
            sent = time.monotonic() - began
            sender.post(told["complete_url"])
            _wait(lambda: _count(State.CLEAN, State.UNSCANNABLE) > done, seconds=900)
            took = time.monotonic() - began - sent
    _say(f"{megabytes} MB in parts to the store", f"{megabytes / sent:.0f} MB/s")
    _say(f"{megabytes} MB fetched, scanned and kept", f"{megabytes / took:.0f} MB/s")
    _say("the web server above idle", f"{of_web[0] - idle[0]} MB")
    _say("the worker above idle", f"{of_worker[0] - idle[1]} MB")


def _zip(size: int) -> bytes:
    """As long, and as much to look at, as a zip of what cannot be packed smaller."""
    head = b"PK\x03\x04\x14\0\0\0\0\0" + bytes(20)
    return head + secrets.token_bytes(size - len(head))


def _seconds(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


def _rate(do: Callable[[int], object]) -> float:
    return SMALL / _seconds(lambda: [do(number) for number in range(SMALL)])


@contextmanager
def _worker_process() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "jobs.worker"], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _has_clean(number: int) -> bool:
    return _count(State.CLEAN) >= number


def _count(*states: State) -> int:
    """Nothing is left open: the server ends a transaction in which nobody asks anything for long."""
    try:
        return db.session.query(Attachment).filter(Attachment.scanned_status.in_(states)).count()
    finally:
        db.session.rollback()


def _wait(fact: Callable[[], bool], *, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)


def _say(what: str, figure: str) -> None:
    print(f"{what:<45}{figure:>12}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench files", description=__doc__)
    parser.add_argument("--large", type=int, default=LARGE, help="MB of the large file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
