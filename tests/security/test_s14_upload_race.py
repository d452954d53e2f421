"""S14: the address to put a file stays good after the scan, so another file may be put there."""

import random
import time
from collections import Counter
from functools import partial
from hashlib import sha256

import pytest

from jobs import files
from portal.accounts.actions import open_session
from portal.attachments.models import Discarded, State
from portal.extensions import db
from portal.gateways.storage import Area, storage
from tests import factories as make
from tests.attachments.store import EICAR, announce, browser, browser_with, put, row
from tests.parallel import at_once

ROUNDS = [pytest.param(20, id="20 rounds"), pytest.param(200, id="200 rounds", marks=pytest.mark.long)]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_is_served_is_always_what_was_scanned(shared_app, rounds):
    """A second put at a random moment, two that complete and two that scan, all at once."""
    make.desk()
    clean, chance = b"a" * len(EICAR), random.Random(14)
    longest = 0.15 if rounds == 20 else 3.0
    came = Counter()
    for _round in range(rounds):
        _, cookie = open_session(make.employee())  # another each time: nobody may have so many in hand
        db.session.commit()
        client = browser_with(shared_app, cookie)
        told = announce(client, content=clean).json
        assert put(told, clean).status == 200
        put_late = partial(_put_late, told, chance.random() * longest)
        finish = partial(_complete_and_scan, shared_app, cookie, told)
        at_once(shared_app, put_late, finish, finish)
        came[_judge(browser_with(shared_app, cookie), told["id"], clean)] += 1
    assert set(came) <= {State.CLEAN, State.INFECTED}
    assert came[State.CLEAN]


def _put_late(told, pause):
    time.sleep(pause)  # the moment is what is tried
    assert put(told, EICAR).status == 200


def _complete_and_scan(app, cookie, told):
    browser_with(app, cookie).post(told["complete_url"])
    files.scan_one(row(told["id"]).id)


def _judge(client, public_id, clean):
    """What became of it: nothing but what was scanned is ever handed out."""
    attachment = row(public_id)
    answer = client.get(f"/attachments/{public_id}/download")
    if attachment.state is not State.CLEAN:
        assert answer.status_code == 409
        return attachment.state
    served = browser.request("GET", answer.location).data
    assert served == clean
    assert sha256(served).hexdigest() == attachment.sha256
    return attachment.state


def test_what_was_infected_stays_so(app, client_for, world, queue):
    ann = make.employee()
    db.session.commit()
    client = client_for(ann)
    told = announce(client, content=EICAR).json
    put(told, EICAR)
    client.post(told["complete_url"])
    queue.run()
    assert row(told["id"]).state is State.INFECTED

    put(told, b"a" * len(EICAR))
    client.post(told["complete_url"])
    files.scan_one(row(told["id"]).id)
    files.scan_waiting()

    assert row(told["id"]).state is State.INFECTED


@pytest.mark.parametrize("when", ["before the scan", "while it is scanned"])
def test_a_deleted_file_never_becomes_clean(app, client_for, world, queue, monkeypatch, when):
    ann = make.employee()
    db.session.commit()
    client = client_for(ann)
    told = announce(client).json
    put(told, b"Hello, desk.")
    client.post(told["complete_url"])
    attachment_id, kept = row(told["id"]).id, []
    keep = files.storage().keep
    monkeypatch.setattr(
        files.storage(), "keep", lambda key, *a, **more: kept.append(key) or keep(key, *a, **more)
    )
    if when == "before the scan":
        client.post(f"/attachments/{told['id']}/removal")
    else:
        looking = files.antivirus.look_at

        def delete_meanwhile(file, **more):
            client.post(f"/attachments/{told['id']}/removal")
            return looking(file, **more)

        monkeypatch.setattr(files.antivirus, "look_at", delete_meanwhile)

    files.scan_one(attachment_id)
    queue.run()

    assert row(told["id"]) is None
    assert client.get(f"/attachments/{told['id']}/download").status_code == 404
    assert db.session.query(Discarded).count() == 0
    assert kept == [] or all(storage().size_of(Area.CLEAN, key) is None for key in kept)
