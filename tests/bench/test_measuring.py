"""The instruments: the load, the floor, and what is told of each answer."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from bench import load
from bench.floor import make_floor
from bench.run import FLOOR_TABLE, Result, _figures
from bench.watch import _scanned, watch
from portal import create_app
from portal.extensions import db
from tests import factories as make

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def server():
    """A server that counts what it is asked, and closes each third connection."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        asked = []

        def do_GET(self):
            self.asked.append(self.path)
            body = b"x" * 100_000
            self.send_response(404 if self.path == "/missing" else 200)
            self.send_header("Content-Length", str(len(body)))
            if len(self.asked) % 3 == 0:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nothing to the terminal."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    http.asked = Answer.asked
    yield http
    http.shutdown()
    http.server_close()


def order(server, *paths, **options):
    requests = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths]
    address = {"host": "127.0.0.1", "port": server.server_port, "requests": requests}
    return address | {"connections": 3, "seconds": 10} | options


def test_each_request_is_sent_once_where_that_is_asked_for(server):
    paths = [f"/{number}" for number in range(20)]

    done = load.run(order(server, *paths, once=True))

    assert sorted(server.asked) == sorted(paths)
    assert (len(done["times"]), done["statuses"]) == (20, {200: 20})


def test_it_ends_when_its_time_is_over(server):
    done = load.run(order(server, "/", "/missing", seconds=0.3))

    assert 0.3 <= done["seconds"] < 2
    assert len(done["times"]) == len(server.asked) > 10
    assert set(done["statuses"]) == {200, 404}


def test_it_runs_as_a_process_of_its_own(server):
    said = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(order(server, "/a", "/b", once=True)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(said.stdout)["statuses"] == {"200": 2}


def test_the_floor_is_a_page_of_25_rows_and_a_form(shared_app, owner_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", owner_url)
    for _ in range(30):
        make.ticket()
    db.session.commit()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(FLOOR_TABLE)
        floor = make_floor()
        page = floor.test_client().get("/")
        sent = floor.test_client().post("/", data={"title": "Printer on fire"})
        floor.extensions["pool"].close()

        assert page.text.count("<tr id=") == 25
        assert 15_000 < len(page.data) < 25_000
        assert (sent.status_code, sent.location) == (303, "/")
        assert connection.execute("SELECT title FROM bench_floor").fetchall() == [("Printer on fire",)]
        connection.execute("DROP TABLE bench_floor")


def test_an_answer_tells_its_statements_and_what_it_reads_from_end_to_end(shared_app, settings):
    app = watch(create_app(settings))

    @app.get("/scanning")
    def scanning():
        db.session.execute(db.text("SELECT count(*) FROM tickets WHERE title = :title"), {"title": "x"})
        db.session.execute(db.text("SELECT 1"))
        return ""

    client = app.test_client()
    plain = client.get("/scanning", base_url=settings.public_url)
    explained = client.get("/scanning", base_url=settings.public_url, headers={"X-Explain": "1"})
    with app.app_context():
        db.engine.dispose()

    assert plain.headers["X-Statements"] == explained.headers["X-Statements"] == "2"
    assert "X-Scans" not in plain.headers
    assert explained.headers["X-Scans"] == "tickets"


def test_a_scan_is_found_wherever_it_stands_in_the_plan():
    plan = {
        "Node Type": "Limit",
        "Plans": [
            {"Node Type": "Index Scan", "Relation Name": "tickets"},
            {"Node Type": "Hash", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "comments"}]},
            {"Node Type": "Seq Scan", "Relation Name": "statuses"},
        ],
    }

    assert _scanned(plan) == {"comments"}


def test_the_ratio_is_the_middle_one_of_the_rounds():
    result = Result(200, 20_480, 7, "tickets", rates=[100, 50, 10], floors=[400, 400, 400], times=[0.01] * 9)
    result.floor_times = [0.002] * 9

    assert result.ratio == 8
    assert _figures("queue", result).endswith("8.0    5.0      8    7  20.0  reads all of tickets")


def test_a_page_that_is_not_there_is_told():
    assert "answered 404" in _figures("queue", Result(404, 0))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_everything_is_measured_in_one_run(owner_url):
    own = owner_url.rpartition("/")[2].partition("?")[0]
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "--database", f"{own}_bench_run", "--scale", "0.0005",
         "--rounds", "1", "--seconds", "0.3", "--connections", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{own}_bench_run" WITH (FORCE)')

    assert "x floor" in done.stdout, done.stderr
    for page in ("queue", "queue, next page", "triage", "board", "counts of 20 views", "search, two words",
                 "my requests, 3", "ticket", "create", "reply", "status", "assignment"):  # fmt: skip
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"{page} "))
        assert "answered" not in line
        assert "refused" not in line or page == "status"  # of so few tickets, whose steps overtake each other
