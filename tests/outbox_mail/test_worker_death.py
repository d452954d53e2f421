"""A worker that is killed when the server has the mail already: sent again, under the same Message-ID."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.mail import deliver
from portal import clock
from portal.extensions import db
from portal.outbox_mail.actions import queue_mail
from portal.outbox_mail.models import MailState
from portal.outbox_mail.sending import LEASE

ROOT = Path(__file__).parent.parent.parent
WORK = """
import os, signal
from portal import create_app
from portal.gateways import smtp
import jobs.mail
real = smtp.send
def die(message):
    real(message)
    os.kill(os.getpid(), signal.SIGKILL)
smtp.send = die
with create_app().app_context():
    jobs.mail.deliver()
"""


@pytest.mark.faults
def test_killed_between_the_servers_yes_and_our_note(shared_app, with_server, settings, monkeypatch):
    mail = queue_mail("closed", to="ann@example.org")
    db.session.commit()
    environment = os.environ | {
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "MAINTENANCE_DATABASE_URL": settings.maintenance_database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "ENVIRONMENT": "test",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(with_server.port),
        "SMTP_SECURITY": "none",
    }

    killed = subprocess.run([sys.executable, "-c", WORK], env=environment, cwd=ROOT, check=False, timeout=60)

    assert killed.returncode == -9
    db.session.expire_all()
    assert mail.state is MailState.SENDING
    moment = clock.now() + LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: moment)
    deliver()
    db.session.expire_all()
    assert mail.state is MailState.SENT
    assert [received["Message-ID"] for received in with_server.received] == [mail.message_id] * 2
