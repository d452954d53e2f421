"""F8: a scanner that goes on with old signatures serves on, and everybody who can mend it is told."""

import socket
import socketserver
import threading
from datetime import timedelta

import pytest

from jobs import file_checks
from portal import clock, doctor
from portal.attachments.models import State
from portal.extensions import db
from portal.gateways import antivirus
from tests import factories as make
from tests.attachments.store import row, send

pytestmark = pytest.mark.faults


class Aged(socketserver.StreamRequestHandler):
    """The real scanner, but for what it says of its signatures."""

    def handle(self):
        command = self.request.recv(10, socket.MSG_PEEK)
        if command == b"zVERSION\0":
            built = (clock.now() - self.server.age).strftime("%a %b %d %H:%M:%S %Y")
            self.wfile.write(f"ClamAV 1.4.6/{self.server.number}/{built}\0".encode())
            return
        with socket.create_connection(self.server.scanner) as scanner:
            answering = threading.Thread(target=self._answer, args=[scanner])
            answering.start()
            while sent := self.request.recv(65536):
                scanner.sendall(sent)
            answering.join()

    def _answer(self, scanner):
        while said := scanner.recv(65536):
            self.wfile.write(said)
        self.request.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def scanner(app, monkeypatch):
    settings = app.config["DESK"]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Aged) as server:
        server.scanner = (settings.clamav_host, settings.clamav_port)
        server.age, server.number = timedelta(days=1), 27000
        port = server.server_address[1]
        aged = settings.model_copy(update={"clamav_host": "127.0.0.1", "clamav_port": port})
        monkeypatch.setitem(app.config, "DESK", aged)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def boss(world, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


@pytest.mark.parametrize(
    ("age", "said", "found"),
    [
        (timedelta(days=6, hours=23), "its signatures are 6 days old", "ok"),
        (timedelta(days=8), "but its signatures are 8 days old", "warn"),
    ],
)
def test_f08_signatures_of_more_than_a_week_are_flagged(boss, scanner, age, said, found):
    scanner.age = age
    assert said in boss.get("/admin/files/scanner").text
    assert said in boss.get("/admin/health").text
    assert next(each.level for each in doctor.examine() if each.subject == "ClamAV") == found


def test_f08_what_was_looked_at_with_old_ones_is_served_and_says_by_which(boss, scanner, queue):
    scanner.age = timedelta(days=30)
    sent = send(boss)
    queue.run()
    clean = row(sent.public_id)
    assert (clean.state, clean.engine, clean.signatures) == (State.CLEAN, "ClamAV 1.4.6", "27000")
    assert "27000" in boss.get(f"/admin/files/{sent.public_id}").text


def test_f08_new_signatures_look_at_it_once_more(boss, scanner, queue, monkeypatch):
    sent = send(boss)
    queue.run()
    looked, looking = [], antivirus.look_at
    monkeypatch.setattr(antivirus, "look_at", lambda file, **more: looked.append(1) or looking(file, **more))
    file_checks.rescan()
    assert looked == []

    scanner.number = 27001
    file_checks.rescan()
    assert (len(looked), row(sent.public_id).signatures) == (1, "27001")
