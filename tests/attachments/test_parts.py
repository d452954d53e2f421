"""A file above 16 MB comes in parts; who asks for the rest learns what has arrived, whatever went wrong."""

import pytest

from portal.attachments import actions
from portal.attachments.models import State
from portal.extensions import db
from portal.gateways.storage import storage
from tests.attachments.store import announce, put, row

PART = 5 * 2**20
CONTENT = b"0123456789abcdef" * (6 * 2**16)
WHOLE = {"arrived": [1, 2], "missing": []}
MB = 2**20


@pytest.fixture
def client(client_for, ann, monkeypatch):
    monkeypatch.setattr("portal.attachments.models.IN_PARTS", PART)
    monkeypatch.setattr("portal.attachments.models.PART_SIZE", PART)
    return client_for(ann)


@pytest.fixture
def told(client):
    """A file of which both parts are in the store."""
    told = announce(client, content=CONTENT).json
    for part in client.post(told["parts_url"]).json["missing"]:
        at = (part["number"] - 1) * PART
        assert put(part, CONTENT[at : at + part["size"]]).status == 200
    return told


def become(public_id, state):
    row(public_id).scanned_status = state
    db.session.commit()


def test_above_one_part_a_file_comes_in_parts_so_that_a_slow_line_has_time_for_each(client_for, ann):
    client = client_for(ann)
    sizes = {"size": 16 * MB, "original_filename": "a.txt", "mime": "text/plain", "draft": "ticket:new"}
    assert client.post("/attachments/presign", data=sizes).json["part_sizes"] == [16 * MB]
    in_parts = client.post("/attachments/presign", data=sizes | {"size": 40 * MB}).json
    assert (in_parts["part_sizes"], "parts_url" in in_parts) == ([16 * MB, 16 * MB, 8 * MB], True)


@pytest.mark.parametrize(("size", "queue_of_it"), [(64 * MB, "urgent"), (64 * MB + 1, "slow")])
def test_what_takes_long_to_scan_waits_behind_its_like(ann, queue, monkeypatch, size, queue_of_it):
    asked = []
    monkeypatch.setattr(queue, "enqueue", lambda job, *_, queue: asked.append((job, queue)))
    actions.arrived(actions.announce("a.txt", mime="text/plain", size=size, uploader=ann, draft="new"))
    db.session.commit()
    assert ("jobs.files.scan", queue_of_it) in asked


@pytest.mark.parametrize("state", [State.UPLOADED, State.SCANNING, State.INFECTED])
def test_of_a_file_that_is_there_no_part_is_missing(client, told, state):
    client.post(told["complete_url"])
    become(told["id"], state)
    assert client.post(told["parts_url"]).json == WHOLE
    assert client.post(told["complete_url"]).json["state"] == state.value


def test_of_a_file_that_was_given_up_there_is_nothing_to_go_on_with(client, told):
    become(told["id"], State.EXPIRED)
    assert client.post(told["parts_url"]).status_code == 404


def test_parts_that_were_joined_by_a_request_that_broke_then_are_not_sent_again(client, told):
    kept = row(told["id"])
    storage().join_parts(kept.object_key, kept.upload_id, storage().parts(kept.object_key, kept.upload_id))
    assert row(told["id"]).state is State.PENDING

    assert client.post(told["parts_url"]).json == WHOLE
    assert client.post(told["complete_url"]).json["state"] == "UPLOADED"


def test_parts_that_the_store_has_forgotten_are_begun_anew(client, told):
    kept = row(told["id"])
    storage().drop_parts(kept.object_key, kept.upload_id)
    assert client.post(told["parts_url"]).status_code == 404


def test_a_file_that_is_said_to_be_there_while_its_parts_are_asked_for_is_there(client, told, monkeypatch):
    store, parts = storage(), storage().parts

    def parts_after_all_was_said(key, upload):
        monkeypatch.setattr(store, "parts", parts)
        found = parts(key, upload)
        client.post(told["complete_url"])
        return found

    monkeypatch.setattr(store, "parts", parts_after_all_was_said)
    assert client.post(told["parts_url"]).json == WHOLE
