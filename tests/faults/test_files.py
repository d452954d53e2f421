"""Store, scanner and worker go away while files are on their way: nothing is lost or served unscanned."""

import errno
import time
from datetime import timedelta

import pytest

from jobs import files
from portal import clock
from portal.attachments import scanning
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways import antivirus
from tests import factories as make
from tests.attachments.store import announce, browser_of, fetch, put, row, send
from tests.faults.proxy import Line
from tests.faults.workers import kill, wait_until

pytestmark = pytest.mark.faults


@pytest.fixture
def ann(world, client_for):
    person = make.employee()
    db.session.commit()
    return client_for(person)


@pytest.fixture
def scanner_line(app, monkeypatch):
    """The way to the scanner, which the test can cut and hold."""
    settings = app.config["DESK"]
    line = Line(settings.clamav_host, settings.clamav_port)
    by_line = settings.model_copy(update={"clamav_host": "127.0.0.1", "clamav_port": line.port})
    monkeypatch.setitem(app.config, "DESK", by_line)
    monkeypatch.setattr(antivirus, "PATIENCE", 1)
    monkeypatch.setattr(antivirus, "SCAN_PATIENCE", 2)
    yield line
    line.close()


@pytest.fixture
def store_line(app, monkeypatch):
    """The way of the desk to the store; browsers have their own."""
    settings = app.config["DESK"]
    line = Line.to(settings.s3_endpoint)
    by_line = settings.model_copy(update={"s3_endpoint": line.instead_of(settings.s3_endpoint)})
    monkeypatch.setitem(app.extensions, "storage", type(app.extensions["storage"])(by_line))
    yield line
    line.close()


@pytest.mark.parametrize("fault", ["cut", "hold"])
def test_f07_without_a_scanner_a_file_waits_and_costs_no_try(ann, queue, scanner_line, fault):
    getattr(scanner_line, fault)()
    sent = send(ann)
    for _turn in range(7):
        files.scan_one(sent.id)

    waiting = row(sent.public_id)
    assert (waiting.state, waiting.attempts, waiting.clean_key) == (State.UPLOADED, 0, None)
    assert fetch(ann, sent.public_id).status_code == 409
    assert "Checking for viruses" in ann.get(f"/attachments/{sent.public_id}").text

    scanner_line.through()
    queue.jobs.clear()
    files.scan_waiting()
    assert row(sent.public_id).state is State.CLEAN


def test_f07_a_scanner_that_dies_in_the_middle_has_said_nothing(ann, queue, scanner_line, monkeypatch):
    content = b"line of a log\n" * 400_000
    sent = send(ann, "long.log", content)
    looking = antivirus._Scanner.instream

    def die(scanner, file, meanwhile):
        file.read(1_000_000)
        scanner_line.cut()
        return looking(scanner, file, meanwhile)

    monkeypatch.setattr(antivirus._Scanner, "instream", die)
    files.scan_one(sent.id)
    assert (row(sent.public_id).state, row(sent.public_id).attempts) == (State.UPLOADED, 1)

    monkeypatch.setattr(antivirus._Scanner, "instream", looking)
    scanner_line.through()
    with clock.travelling_to(clock.now() + timedelta(minutes=1)):
        files.scan_waiting()
    assert fetch(ann, sent.public_id).data == content


@pytest.mark.parametrize(
    "answer", [None, {"stream": ("ERROR", "x")}, {"stream": ("OK", "x")}, {}, {"a": ("OK", None)}]
)
def test_f07_nothing_but_an_explicit_ok_is_clean(ann, queue, monkeypatch, answer):
    monkeypatch.setattr(antivirus._Scanner, "instream", lambda *_: answer)
    sent = send(ann)
    queue.run()
    assert row(sent.public_id).state is State.UPLOADED


def test_without_the_makers_signatures_nothing_is_clean_where_it_counts(app, ann, queue, monkeypatch):
    settings = app.config["DESK"]
    for environment, is_demo, state in (
        ("production", False, State.UPLOADED),
        ("development", False, State.UPLOADED),
        ("development", True, State.CLEAN),
    ):
        desk = settings.model_copy(update={"environment": environment, "demo_mode": is_demo})
        monkeypatch.setitem(app.config, "DESK", desk)
        sent = send(ann)
        queue.run()
        assert row(sent.public_id).state is state


@pytest.mark.timeout(300)
def test_f09_a_file_whose_worker_was_killed_is_scanned_by_another_within_two_minutes(
    shared_app, redis, start
):
    """The scanner is silent when worker and horse die."""
    line = Line(shared_app.config["DESK"].clamav_host, shared_app.config["DESK"].clamav_port)
    make.desk()
    ann = browser_of(shared_app, make.employee())
    line.hold()
    first = start("worker", CLAMAV_HOST="127.0.0.1", CLAMAV_PORT=str(line.port))
    sent = send(ann)
    wait_until(lambda: row(sent.public_id).state is State.SCANNING, seconds=60)
    kill(first)
    line.close()

    start("worker")
    start("timetable")
    took = wait_until(lambda: row(sent.public_id).state is State.CLEAN, seconds=120)

    assert took <= 120
    assert row(sent.public_id).attempts == 2
    assert fetch(ann, sent.public_id).data == b"Hello, desk."


@pytest.mark.parametrize("fault", ["cut", "hold"])
def test_f05_f06_without_a_store_words_and_later_all_of_it(ann, queue, store_line, fault):
    done = send(ann)
    queue.run()
    told = announce(ann).json
    put(told, b"Hello, desk.")
    getattr(store_line, fault)()

    began = time.perf_counter()
    completing = ann.post(told["complete_url"])
    assert (completing.status_code, "does not answer" in completing.json["message"]) == (503, True)
    fetching = fetch(ann, done.public_id)
    assert (fetching.status_code, "does not answer" in fetching.text) == (503, True)
    assert fetching.headers["Retry-After"]
    assert time.perf_counter() - began < 25
    assert row(told["id"]).state is State.PENDING

    store_line.through()
    assert ann.post(told["complete_url"]).status_code == 200
    queue.run()
    assert fetch(ann, told["id"]).data == b"Hello, desk."


def test_f05_a_store_that_is_away_when_it_is_scanned_costs_no_try(ann, queue, store_line):
    sent = send(ann)
    store_line.cut()
    for _turn in range(7):
        files.scan_one(sent.id)
    assert (row(sent.public_id).state, row(sent.public_id).attempts) == (State.UPLOADED, 0)
    store_line.through()
    files.scan_waiting()
    assert row(sent.public_id).state is State.CLEAN


def test_what_makes_its_scan_fail_again_and_again_is_left_to_an_admin(ann, queue, monkeypatch):
    def break_it(*_):
        raise MemoryError

    monkeypatch.setattr(files.scanning, "fetch", break_it)
    sent = send(ann)
    queue.jobs.clear()
    began, tries = clock.now(), []
    for minutes in (0, 0, 1, 1, 3, 3, 6, 6, 11, 60):
        with clock.travelling_to(began + timedelta(minutes=minutes)):
            files.scan_waiting()
        tries.append(row(sent.public_id).attempts)
    assert tries == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    failed = row(sent.public_id)
    assert (failed.state, failed.attempts) == (State.FAILED, 5)
    assert fetch(ann, sent.public_id).status_code == 409


def test_a_file_that_the_scanner_dies_of_costs_a_try_and_holds_up_no_other(ann, queue, monkeypatch):
    deadly, other = send(ann, "deadly.txt", b"deadly"), send(ann, "other.txt", b"other")
    queue.jobs.clear()
    looking = antivirus._Scanner.instream

    def die(scanner, file, meanwhile):
        content = file.read()
        if content == b"deadly":
            raise ConnectionResetError
        file.from_the_start()
        return looking(scanner, file, meanwhile)

    monkeypatch.setattr(antivirus._Scanner, "instream", die)
    files.scan_waiting()
    assert (row(deadly.public_id).state, row(deadly.public_id).attempts) == (State.UPLOADED, 1)
    assert row(other.public_id).state is State.CLEAN


def test_a_full_disk_of_the_desk_costs_no_try(ann, queue, monkeypatch):
    sent = send(ann)
    queue.jobs.clear()
    full = OSError(errno.ENOSPC, "No space left on device")

    def refuse(*_):
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(files.scanning, "fetch", refuse)
        for _turn in range(7):
            files.scan_waiting()
    assert (row(sent.public_id).state, row(sent.public_id).attempts) == (State.UPLOADED, 0)
    files.scan_waiting()
    assert row(sent.public_id).state is State.CLEAN


def test_the_lease_outlasts_the_longest_silence(app):
    longest = max(antivirus.GLANCE, antivirus.SEND_PATIENCE, antivirus.PATIENCE, 10)
    assert scanning.RENEWAL + timedelta(seconds=longest) < scanning.LEASE


def test_a_worker_lets_go_of_a_file_that_was_deleted_under_it(ann, queue, monkeypatch):
    sent = send(ann, "long.log", b"line\n" * 400_000)
    queue.jobs.clear()
    monkeypatch.setattr(scanning, "RENEWAL", timedelta(0))
    public_id, looked, looking = sent.public_id, [], antivirus.look_at
    monkeypatch.setattr(antivirus, "look_at", lambda *of, **more: looked.append(1) or looking(*of, **more))
    reading = files.storage().read

    def delete_meanwhile(*of):
        ann.post(f"/attachments/{public_id}/removal")
        return reading(*of)

    monkeypatch.setattr(files.storage(), "read", delete_meanwhile)
    assert files.scan_one(sent.id)
    assert (row(public_id), looked) == (None, [])


def test_f13_scanned_ten_times_is_scanned_once(ann, queue, monkeypatch):
    looked, looking = [], antivirus.look_at

    def look(file, **more):
        looked.append(1)
        return looking(file, **more)

    monkeypatch.setattr(antivirus, "look_at", look)
    sent = send(ann)
    queue.jobs *= 10
    queue.run()
    assert (len(looked), row(sent.public_id).state) == (1, State.CLEAN)


def test_f26_what_never_came_is_forgotten(app, ann, queue, monkeypatch):
    told = announce(ann).json
    attachment = row(told["id"])
    attachment.expires_at = attachment.created_at.replace(year=2020)
    db.session.commit()

    files.expire_announced()
    queue.run()

    assert row(told["id"]).state is State.EXPIRED
    late = ann.post(told["complete_url"])
    assert (late.status_code, "took too long" in late.json["message"]) == (409, True)
    assert db.session.query(Attachment).filter_by(scanned_status=State.CLEAN).count() == 0
