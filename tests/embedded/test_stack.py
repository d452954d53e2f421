"""The real servers: what they keep, whom they let in, and that nothing they survive is lost."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import clamd
import psycopg
import pytest
import redis
from minio import Minio
from minio.error import S3Error

from embedded import ports, processes
from embedded.clamav import EICAR
from embedded.stack import Stack
from embedded.state import State

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the servers are built for Linux")
needs_clamd = pytest.mark.skipif(
    not shutil.which("clamd", path="/usr/sbin:/usr/bin"), reason="clamd is not installed"
)

ORIGIN = "http://127.0.0.1:8000"
START = """
import json, sys, time
from pathlib import Path
from types import SimpleNamespace
from embedded.stack import Stack
from embedded.state import State
state = State(Path(sys.argv[1]))
state.hold()
stack = Stack(state, given={})
stack.start()
print(json.dumps(stack.environment()), flush=True)
time.sleep(100)
"""


def start(path, **options):
    state = State(path)
    state.hold()
    stack = Stack(state, given={}, **options)
    stack.start()
    return stack


def stop(stack):
    stack.stop()
    stack.state.release()


@pytest.fixture(scope="module")
def stack(place):
    stack = start(place / "shared", fast=True, origins=ORIGIN)
    yield stack
    stop(stack)


def database(stack, who="MAINTENANCE_DATABASE_URL"):
    return psycopg.connect(stack.environment()[who])


def store(stack, **instead):
    given = stack.environment()
    address = given["S3_ENDPOINT"].removeprefix("http://")
    keys = {"access_key": given["S3_ACCESS_KEY"], "secret_key": given["S3_SECRET_KEY"]} | instead
    return Minio(address, secure=False, region="us-east-1", **keys)


def write_everywhere(stack):
    with database(stack) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    redis.Redis.from_url(stack.environment()["REDIS_URL"]).set("kept", "yes")
    store(stack).make_bucket("kept")
    store(stack).put_object("kept", "file", io.BytesIO(b"x" * 100_000), 100_000)


def assert_everything_is_there(stack):
    with database(stack) as connection:
        assert connection.execute("SELECT sum(number) FROM kept").fetchone() == (500_500,)
    assert redis.Redis.from_url(stack.environment()["REDIS_URL"]).get("kept") == b"yes"
    with store(stack).get_object("kept", "file") as answer:
        assert answer.read() == b"x" * 100_000


def kill_all(stack):
    for server in stack.servers:
        os.kill(server.process.pid, signal.SIGKILL)


# --- what they are ---


def test_postgres_has_what_the_portal_needs(stack):
    with database(stack) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")

        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.info.server_version >= 150000


def test_the_application_owns_nothing(stack):
    with database(stack, "DATABASE_URL") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE its_own (one int)")


def test_a_cluster_of_an_older_release_gets_the_applications_role(state):
    first = start(state, fast=False)
    with database(first) as connection:
        connection.execute("DROP ROLE desk")
    stop(first)

    again = start(state, fast=False)

    with database(again, "DATABASE_URL") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("desk",)
    stop(again)


def test_nobody_gets_in_without_the_password(stack):
    given = stack.environment()

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(given["DATABASE_URL"].replace(stack.state.secret("postgres desk"), "guess"))
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(given["REDIS_URL"].replace(stack.state.secret("valkey"), "")).ping()
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        store(stack, secret_key="guess").list_buckets()


def test_an_object_is_served_to_nobody_without_a_signature_on_any_port(stack):
    store(stack).make_bucket("secret")
    store(stack).put_object("secret", "file", io.BytesIO(b"for my eyes"), 11)
    server = next(server for server in stack.servers if server.name == "s3")

    for port in server.ports.values():
        for path in ("/secret/file", "/buckets/secret/file"):
            assert b"for my eyes" not in get(f"http://127.0.0.1:{port}{path}")


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()
    except (OSError, ValueError):  # it speaks no HTTP there
        return b""


@pytest.mark.parametrize(("origin", "may"), [(ORIGIN, True), ("http://127.0.0.1:8001", False)])
def test_only_the_portals_pages_may_speak_with_the_store(stack, origin, may):
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    question = urllib.request.Request(
        f"{stack.environment()['S3_ENDPOINT']}/kept/file", method="OPTIONS", headers=headers
    )
    try:
        allowed = urllib.request.urlopen(question, timeout=20).headers["Access-Control-Allow-Origin"]
    except urllib.error.HTTPError as error:
        allowed = error.headers["Access-Control-Allow-Origin"]

    assert (allowed == origin) is may


def test_everything_listens_on_loopback_alone(stack):
    """Read from the kernel: /proc/net/tcp has address and port in hexadecimal, state 0A is listening."""
    ours = {
        port
        for server in stack.servers
        for port in getattr(server, "ports", {"": getattr(server, "port", 0)}).values()
    }
    until = time.monotonic() + 60  # a server answers before the last of its ports is open
    while set(listening := _addresses_of(ours)) != ours and time.monotonic() < until:
        time.sleep(0.1)

    assert set(listening) == ours
    assert set.union(*listening.values()) == {"0100007F"}


def _addresses_of(ports):
    listening = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, how, *_ = line.split()
            address, _, port = local.rpartition(":")
            if how == "0A" and int(port, 16) in ports:
                listening.setdefault(int(port, 16), set()).add(address)
    return listening


@needs_clamd
def test_clamd_finds_the_test_signature_and_lets_nothing_pass_unread(stack):
    given = stack.environment()
    scanner = clamd.ClamdNetworkSocket(given["CLAMAV_HOST"], int(given["CLAMAV_PORT"]), timeout=20)
    infected = "".join(EICAR).encode()

    assert scanner.instream(io.BytesIO(b"harmless")) == {"stream": ("OK", None)}
    assert scanner.instream(io.BytesIO(infected))["stream"][0] == "FOUND"
    assert scanner.instream(io.BytesIO(b"x" * 30_000_000 + infected))["stream"][0] == "FOUND"


def test_passwords_are_in_no_command_line(stack):
    for server in stack.servers:
        command = Path(f"/proc/{server.process.pid}/cmdline").read_text()
        assert not any(
            word in command for word in (stack.state.secret("valkey"), stack.state.secret("s3 secret key"))
        )


def test_a_server_that_is_given_is_not_started(tmp_path):
    given = {
        "DATABASE_URL": "postgresql://elsewhere/desk",
        "S3_ENDPOINT": "http://elsewhere",
        "CLAMAV_HOST": "elsewhere",
    }

    stack = Stack(State(tmp_path), given=given)

    assert [server.name for server in stack.servers] == ["valkey"]
    assert "DATABASE_URL" not in stack.environment()


def test_without_clamd_everything_else_starts_and_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    said = []

    stack = Stack(State(tmp_path), given={}, say=said.append)

    assert [server.name for server in stack.servers] == ["postgres", "valkey", "s3"]
    assert "clamav-daemon" in said[0]
    assert "CLAMAV_HOST" not in stack.environment()


# --- what they survive ---


@pytest.mark.faults
def test_a_second_start_finds_data_passwords_and_ports_of_the_first(state):
    first = start(state)
    write_everywhere(first)
    before = first.environment()
    stop(first)

    second = start(state)

    assert second.environment() == before
    assert_everything_is_there(second)
    stop(second)


@pytest.mark.faults
def test_nothing_is_lost_when_all_servers_are_killed(state):
    """They stay zombies here, as in a container whose first process reaps nobody."""
    first = start(state)
    write_everywhere(first)
    kill_all(first)
    first.state.release()

    second = start(state)

    assert_everything_is_there(second)
    stop(second)


@pytest.mark.faults
def test_servers_that_outlived_their_starter_are_ended_and_nothing_is_lost(state):
    starter = subprocess.Popen([sys.executable, "-c", START, state], stdout=subprocess.PIPE, text=True)
    settings = json.loads(starter.stdout.readline())
    write_everywhere(SimpleNamespace(environment=lambda: settings))
    starter.kill()
    starter.communicate()

    fresh = State(state)
    left = fresh.hold()
    second = Stack(fresh, given={})
    second.start()

    assert left == {server.name for server in second.servers}
    assert_everything_is_there(second)
    stop(second)


@pytest.mark.faults
def test_a_killed_server_starts_again_in_its_place(state):
    stack = start(state)
    write_everywhere(stack)
    before = stack.environment()

    for server in stack.servers:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.popen.wait()
        assert not server.is_running()
        server.start()

    assert stack.environment() == before
    assert_everything_is_there(stack)
    stop(stack)


@pytest.mark.faults
def test_a_long_statement_of_a_killed_postmaster_does_not_hold_up_the_next(state):
    first = start(state)
    busy = psycopg.connect(first.environment()["DATABASE_URL"])
    busy.pgconn.send_query(b"SELECT pg_sleep(60)")
    kill_all(first)
    first.state.release()

    second = start(state)

    with database(second) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    stop(second)


@pytest.mark.faults
def test_ports_in_use_are_avoided(state):
    first = start(state)
    before = next(server for server in first.servers if server.name == "postgres").port
    stop(first)

    with ports.listen(before) as listener:
        assert listener.getsockname()[1] == before
        second = start(state)

        assert f":{before}/" not in second.environment()["DATABASE_URL"]
        with database(second) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        stop(second)


@pytest.mark.faults
def test_two_checkouts_do_not_disturb_each_other(state):
    one, other = start(state / "one"), start(state / "other")
    write_everywhere(one)
    stop(other)

    assert all(server.is_running() for server in one.servers)
    assert_everything_is_there(one)
    stop(one)
    for place in ("one", "other"):
        assert processes.end_leftovers(state / place) == set()


@pytest.mark.faults
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step aside")
def test_below_a_home_that_only_root_may_enter_postgres_keeps_its_data_elsewhere(state):
    closed = state / "home"
    closed.mkdir(mode=0o700)
    first = start(closed / "state")
    elsewhere = Path((closed / "state/postgres/is-elsewhere").read_text().strip())
    write_everywhere(first)
    stop(first)

    try:
        second = start(closed / "state")
        assert_everything_is_there(second)
        assert elsewhere.stat().st_mode & 0o777 == 0o700
        stop(second)
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.faults
def test_a_first_start_that_was_killed_half_way_is_begun_anew(state):
    half = state / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    stack = start(state)

    with database(stack) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    stop(stack)
