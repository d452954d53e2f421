"""A file above 16 MB comes in parts; who asks for the rest learns what has arrived, whatever went wrong."""

from datetime import timedelta
from hashlib import sha256

import pytest

from portal import clock
from portal.attachments import actions
from portal.attachments.models import Reason, State
from portal.attachments.queries import sent_today
from portal.extensions import db
from portal.gateways.storage import storage
from tests import factories as make
from tests.attachments.store import announce, fetch, put, row

PART = 5 * 2**20
CONTENT = b"0123456789abcdef" * (6 * 2**16)
WHOLE = {"arrived": [1, 2], "missing": [], "sha256": None}
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


def named(content, *numbers):
    """What a script says of those parts: their SHA-256, each in its place."""
    sums = [sha256(content[at : at + PART]).hexdigest() for at in range(0, len(content), PART)]
    return {"sha256": ",".join(known if number in numbers else "" for number, known in enumerate(sums, 1))}


@pytest.fixture
def begun(client):
    """A file of which the first part is in the store, named, and the second not."""
    begun = announce(client, content=CONTENT).json
    first = client.post(begun["parts_url"], data=named(CONTENT, 1)).json["missing"][0]
    assert put(first, CONTENT[:PART]).status == 200
    return begun


def go_on(client, told, content):
    """As a page does that was loaded anew: what is missing is sent, and all of it said to be there."""
    for number in (1, 2):
        answer = client.post(told["parts_url"], data=named(content, *range(1, number + 1))).json
        for part in answer["missing"][:1]:
            at = (part["number"] - 1) * PART
            put(part, content[at : at + part["size"]])
    return client.post(told["complete_url"], data=named(content, 1, 2))


def test_the_same_file_goes_on_with_the_parts_that_are_missing(client, begun, queue):
    answer = client.post(begun["parts_url"], data=named(CONTENT, 1, 2)).json
    assert (answer["arrived"], [part["number"] for part in answer["missing"]]) == ([1], [2])
    assert answer["sha256"] == named(CONTENT, 1, 2)["sha256"].split(",")

    assert go_on(client, begun, CONTENT).status_code == 200
    queue.run()
    assert fetch(client, begun["id"]).data == CONTENT
    assert client.post(begun["complete_url"], data=named(CONTENT, 1, 2)).status_code == 200


@pytest.mark.parametrize("at", [0, PART])
def test_another_file_of_the_same_length_is_none_to_go_on_with(client, begun, queue, at):
    client.post(begun["parts_url"], data=named(CONTENT, 2))
    other = CONTENT[:at] + b"X" + CONTENT[at + 1 :]

    for answer in (
        client.post(begun["parts_url"], data=named(other, 1, 2)),
        client.post(begun["complete_url"], data=named(other, 1, 2)),
    ):
        assert (answer.status_code, answer.json["error_code"]) == (409, "E_ANOTHER_FILE")
        assert "not the file that has arrived in part" in answer.json["message"]

    assert go_on(client, begun, CONTENT).status_code == 200
    queue.run()
    assert fetch(client, begun["id"]).data == CONTENT


def test_another_file_is_none_after_the_first_has_arrived_either(client, begun):
    go_on(client, begun, CONTENT)
    for url in (begun["parts_url"], begun["complete_url"]):
        other = client.post(url, data=named(b"X" + CONTENT[1:], 1, 2))
        assert (other.status_code, other.json["error_code"]) == (409, "E_ANOTHER_FILE")


def test_a_part_that_was_put_over_its_like_is_found_before_it_is_served(client, begun, queue):
    first, second = client.post(begun["parts_url"]).json["missing"][-1], CONTENT[PART:]
    assert first["number"] == 2
    client.post(begun["parts_url"], data=named(CONTENT, 1, 2))
    put(first, b"X" + second[1:])
    assert client.post(begun["complete_url"], data=named(CONTENT, 1, 2)).status_code == 200
    queue.run()
    assert (row(begun["id"]).state, row(begun["id"]).reason) == (State.EXPIRED, Reason.DAMAGED)
    assert client.get(f"/attachments/{begun['id']}/download").status_code == 409


def test_whoever_names_parts_is_told_of_none_that_was_sent_without_a_name(client, told):
    answer = client.post(told["parts_url"], data=named(CONTENT, 1)).json
    assert (answer["arrived"], [part["number"] for part in answer["missing"]]) == ([1], [2])


def test_whoever_named_some_parts_names_all_of_them(client, begun):
    part = client.post(begun["parts_url"]).json["missing"][-1]
    put(part, CONTENT[PART:])
    assert client.post(begun["complete_url"]).json["error_code"] == "E_ANOTHER_FILE"


@pytest.mark.parametrize("said", ["no hash,", "ab,", "0" * 64])
def test_what_names_no_parts_of_the_file_is_not_taken(client, begun, said):
    answer = client.post(begun["parts_url"], data={"sha256": said})
    assert answer.status_code == (409 if said == "0" * 64 else 422)
    assert answer.json["message"]


def test_what_has_arrived_in_part_is_said_and_kept_for_a_day(client, begun, queue):
    page = client.get("/tickets/new").text
    assert "data-ways" in page
    assert "The file has not arrived yet." in page

    client.post(begun["parts_url"], data=named(CONTENT, 1))

    assert "Arrived in part: 5.2\xa0MB of 6.3\xa0MB." in client.get("/tickets/new").text
    with clock.travelling_to(clock.now() + timedelta(hours=23)):
        queue.enqueue("jobs.files.expire_announced", queue="slow")
        queue.run()
    assert go_on(client, begun, CONTENT).json["state"] == "UPLOADED"


def test_after_a_day_it_is_given_up_and_that_is_said(client, begun, queue):
    client.post(begun["parts_url"], data=named(CONTENT, 1))
    with clock.travelling_to(clock.now() + timedelta(hours=25)):
        queue.enqueue("jobs.files.expire_announced", queue="slow")
        queue.run()

    answer = client.post(begun["parts_url"], data=named(CONTENT, 1))

    assert (answer.status_code, answer.json["error_code"]) == (404, "E_GIVEN_UP")
    assert "starts from the beginning" in answer.json["message"]
    assert client.post(begun["complete_url"]).json["error_code"] == "E_GIVEN_UP"
    assert "Arrived in part" not in client.get("/tickets/new").text


def test_a_file_that_goes_on_is_counted_once(client, begun, ann):
    go_on(client, begun, CONTENT)
    assert sent_today(ann) == (1, len(CONTENT))


def test_a_row_is_drawn_anew_when_more_of_its_file_has_arrived(client, begun):
    shown = f"/attachments/{begun['id']}?shown=PENDING:0"
    assert client.get(shown, headers={"HX-Request": "true"}).status_code == 204
    client.post(begun["parts_url"], data=named(CONTENT, 1))
    assert "Arrived in part" in client.get(shown, headers={"HX-Request": "true"}).text


def test_nobody_else_goes_on_with_it(begun, client_for):
    stranger = client_for(make.employee())
    for url in (begun["parts_url"], begun["complete_url"]):
        answer = stranger.post(url, data=named(CONTENT, 1, 2))
        assert (answer.status_code, answer.is_json) == (404, True)
        assert answer.json["message"] == "That does not exist, or not any more."


def test_what_was_announced_for_a_ticket_itself_is_not_kept_for_a_day(client, ann):
    ticket = make.ticket(requester=ann)
    db.session.commit()
    told = client.post(
        f"/tickets/{ticket.key}/attachments/presign",
        data={"original_filename": "notes.txt", "mime": "text/plain", "size": len(CONTENT)},
    ).json
    put(client.post(told["parts_url"], data=named(CONTENT, 1)).json["missing"][0], CONTENT[:PART])
    client.post(told["parts_url"], data=named(CONTENT, 1))
    assert row(told["id"]).expires_at < clock.now() + timedelta(minutes=11)
