"""The scanner and the store as processes of the test's own, killed with signal 9 and started again."""

import signal
from datetime import timedelta

import pytest

from embedded.clamav import ClamAV
from embedded.seaweedfs import SeaweedFS
from embedded.state import State as Servers
from jobs import files
from portal import clock
from portal.attachments.models import State
from portal.extensions import db
from tests import factories as make
from tests.attachments.store import announce, browser_of, fetch, long_to_scan, put, row, send
from tests.faults.workers import kill as kill_worker
from tests.faults.workers import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


@pytest.fixture
def own_servers(tmp_path):
    """Makes a server that only this test uses, and ends it afterwards."""
    made = []

    def begin(kind):
        server = kind(Servers(tmp_path / kind.name), fast=True)
        made.append(server)
        server.start()
        return server

    yield begin
    for server in made:
        server.stop()


def kill(server):
    server.process.popen.send_signal(signal.SIGKILL)
    server.process.popen.wait()


def test_f07_clamd_killed_while_it_scans_and_back(shared_app, redis, start, own_servers, monkeypatch):
    clamd = own_servers(ClamAV)
    reached_at = {name.lower(): value for name, value in clamd.environment().items()}
    settings = shared_app.config["DESK"].model_copy(update=reached_at)
    monkeypatch.setitem(shared_app.config, "DESK", settings)
    make.desk()
    ann = browser_of(shared_app, make.employee())
    content = long_to_scan()
    worker = start("worker", **clamd.environment())
    sent = send(ann, "long.rtf", content, "application/rtf")

    wait_until(lambda: row(sent.public_id).state is State.SCANNING, seconds=60)
    kill(clamd)
    wait_until(lambda: row(sent.public_id).state is State.UPLOADED, seconds=60)
    assert fetch(ann, sent.public_id).status_code == 409
    kill_worker(worker)

    clamd.start()
    with clock.travelling_to(clock.now() + timedelta(minutes=1)):
        files.scan_waiting()
    assert fetch(ann, sent.public_id).data == content


@pytest.fixture
def own_store(app, own_servers, monkeypatch):
    """The store of the desk, which the test may kill."""
    store = own_servers(SeaweedFS)
    address = {name.lower(): value for name, value in store.environment().items()}
    settings = app.config["DESK"].model_copy(update=address | {"s3_public_base_url": address["s3_endpoint"]})
    desk_store = type(app.extensions["storage"])(settings)
    monkeypatch.setitem(app.extensions, "storage", desk_store)
    monkeypatch.setitem(app.config, "DESK", settings)
    desk_store.prepare()
    return store


def test_f05_the_store_killed_and_back_has_lost_nothing(world, client_for, queue, own_store):
    person = make.employee()
    db.session.commit()
    ann = client_for(person)
    clean = send(ann, "clean.txt", b"Looked at before.")
    queue.run()
    waiting = send(ann, "waiting.txt", b"Came before.")
    announced = announce(ann, "announced.txt", b"Comes later.").json

    kill(own_store)
    files.scan_one(waiting.id)
    assert (row(waiting.public_id).state, row(waiting.public_id).attempts) == (State.UPLOADED, 0)
    assert fetch(ann, clean.public_id).status_code == 503
    assert ann.post(announced["complete_url"]).status_code == 503

    own_store.start()
    assert put(announced, b"Comes later.").status == 200
    assert ann.post(announced["complete_url"]).status_code == 200
    files.scan_waiting()
    queue.run()
    for sent, content in (
        (clean.public_id, b"Looked at before."),
        (waiting.public_id, b"Came before."),
        (announced["id"], b"Comes later."),
    ):
        assert row(sent).state is State.CLEAN
        assert fetch(ann, sent).data == content
