"""A worker that is really killed while it takes somebody's name out of everything."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.privacy import work
from portal import clock
from portal.accounts import people
from portal.extensions import db
from portal.privacy import actions
from portal.privacy.models import PersonJobState
from portal.privacy.work import LEASE
from portal.tickets.models import Ticket
from tests import factories as make

ROOT = Path(__file__).parent.parent.parent
WORK = """
import os, signal
from portal import create_app
from portal.privacy import anonymizing
import jobs.privacy
real = anonymizing.sweep_part
def die(connection, step, job, traces):
    changed = real(connection, step, job, traces)
    if step.table.name == "tickets":
        os.kill(os.getpid(), signal.SIGKILL)
    return changed
anonymizing.sweep_part = die
with create_app().app_context():
    jobs.privacy.work()
"""


@pytest.mark.faults
def test_killed_before_a_part_was_kept_the_next_worker_does_it_again(shared_app, settings):
    boss, ann = make.admin(), make.employee(name="Ann Quillfeather")
    ticket = make.ticket(ann, title="Ann Quillfeather needs a chair")
    people.deactivate(ann, actor=boss)
    begun = actions.anonymize(ann, actor=boss)
    db.session.commit()
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "MAINTENANCE_DATABASE_URL": settings.maintenance_database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "ENVIRONMENT": "test",
    }

    killed = subprocess.run([sys.executable, "-c", WORK], env=environment, cwd=ROOT, check=False, timeout=60)

    assert killed.returncode == -9
    db.session.expire_all()
    assert (begun.state, begun.step) == (PersonJobState.RUNNING, "tickets")
    assert db.session.get_one(Ticket, ticket.id).title == "Ann Quillfeather needs a chair"
    with clock.travelling_to(clock.now() + LEASE + timedelta(seconds=1)):
        work()
    db.session.expire_all()
    assert begun.state is PersonJobState.DONE
    assert db.session.get_one(Ticket, ticket.id).title == f"Former user {ann.id} needs a chair"
