"""A real mail server on this machine, of the mood a test wants."""

import email
from email import policy

import pytest
from aiosmtpd.controller import Controller

from embedded import ports
from portal.config import SmtpSecurity


class Mood:
    """Answers as it is told: fine, refuses, busy, hangs up after it has read the mail."""

    def __init__(self):
        self.mood, self.received = "fine", []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mood == "refuses" or address.startswith("unknown"):
            return "550 5.1.1 No such mailbox"
        if self.mood == "busy":
            return "451 4.7.1 Come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(email.message_from_bytes(envelope.content, policy=policy.default))
        if self.mood == "hangs up":
            server.transport.abort()
        return "554 5.6.0 Not such words" if self.mood == "refuses the words" else "250 OK"


@pytest.fixture
def server():
    mood = Mood()
    controller = Controller(mood, hostname="127.0.0.1", port=ports.choose())
    controller.start()
    mood.port, mood.stop = controller.port, controller.stop
    yield mood
    if controller._thread is not None:
        controller.stop()


@pytest.fixture
def with_server(_app, server, monkeypatch):
    """The desk as it is with that mail server in its settings."""
    desk = _app.config["DESK"].model_copy(
        update={"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": SmtpSecurity.NONE}
    )
    monkeypatch.setitem(_app.config, "DESK", desk)
    return server
