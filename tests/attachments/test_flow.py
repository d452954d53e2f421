"""A file on its way: announced, put into the store, checked, and served once it is clean."""

from datetime import timedelta

import pytest

from portal import clock
from portal.attachments import actions
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways.storage import storage
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.attachments.store import EICAR, announce, browser, fetch, put, row, send

FIT = {"original_filename": "notes.txt", "mime": "text/plain", "size": 12, "draft": "ticket:new"}


def test_what_was_sent_is_served_byte_for_byte_once_it_is_clean(client_for, ann, queue):
    client, content = client_for(ann), b"Line one\nLine two\n" * 5000
    sent = send(client, "VPN Protokoll (ä).txt", content)
    assert sent.state is State.UPLOADED
    assert fetch(client, sent.public_id).status_code == 409

    queue.run()

    clean = row(sent.public_id)
    assert (clean.state, clean.size) == (State.CLEAN, len(content))
    got = fetch(client, sent.public_id)
    assert (got.status, got.data) == (200, content)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert "filename*=UTF-8''VPN%20Protokoll%20%28%C3%A4%29.txt" in got.headers["Content-Disposition"]
    assert got.headers["Content-Disposition"].startswith("attachment")


def test_a_virus_is_blocked_and_its_object_goes(app, client_for, ann, queue):
    client = client_for(ann)
    sent = send(client, "invoice.txt", EICAR)
    queue.run()

    blocked = row(sent.public_id)
    assert blocked.state is State.INFECTED
    assert "Eicar" in blocked.found
    assert blocked.clean_key is None
    answer = fetch(client, sent.public_id)
    assert (answer.status_code, "A virus was found" in answer.text) == (409, True)
    storage = app.extensions["storage"]
    assert storage.size_of("quarantine", blocked.object_key) is None


@pytest.mark.parametrize(("content", "mime"), [(b"x" * 11, "text/plain"), (b"x" * 12, "text/html")])
def test_the_store_takes_nothing_but_what_was_announced(client_for, ann, content, mime):
    told = announce(client_for(ann), content=b"x" * 12).json
    assert put(told, content, **{"Content-Type": mime}).status == 403


def test_nothing_is_complete_that_did_not_arrive(client_for, ann, queue):
    client = client_for(ann)
    told = announce(client).json
    answer = client.post(told["complete_url"])
    assert (answer.status_code, "0 of 12 bytes" in answer.json["message"]) == (409, True)
    assert row(told["id"]).state is State.PENDING


def test_a_second_put_after_the_scan_changes_nothing_that_is_served(client_for, ann, queue):
    client, content = client_for(ann), b"a" * len(EICAR)
    told = announce(client, content=content).json
    put(told, content)
    client.post(told["complete_url"])
    queue.run()

    assert put(told, EICAR).status == 200

    client.post(told["complete_url"])
    queue.run()
    assert fetch(client, told["id"]).data == content


@pytest.mark.parametrize(
    ("name", "mime", "size", "said"),
    [
        ("run.exe", "application/x-msdownload", 10, "Files of this kind are not taken"),
        ("a.pdf.exe", "application/pdf", 10, "Files of this kind are not taken"),
        ("page.html", "text/html", 10, "Files of this kind are not taken"),
        ("drawing.svg", "image/svg+xml", 10, "Files of this kind are not taken"),
        ("noname", "text/plain", 10, "Files of this kind are not taken"),
        ("picture.png", "text/html", 10, "is something else"),
        ("big.txt", "text/plain", 101 * 1024 * 1024, "larger than 100 MB"),
        ("empty.txt", "text/plain", 0, "empty"),
        (" ", "text/plain", 10, "no name"),
        ("///", "text/plain", 10, "no name"),
    ],
)
def test_what_is_not_taken_is_refused_in_words_before_it_is_sent(client_for, ann, name, mime, size, said):
    data = {"original_filename": name, "mime": mime, "size": size, "draft": "ticket:new"}
    answer = client_for(ann).post("/attachments/presign", data=data)
    assert answer.status_code == 422
    assert said in answer.json["message"]
    assert db.session.query(Attachment).count() == 0


def test_html_under_the_name_of_a_picture_is_not_served(client_for, ann, queue):
    client = client_for(ann)
    sent = send(client, "picture.png", b"<!doctype html><script>alert(1)</script>", "image/png")
    queue.run()
    refused = row(sent.public_id)
    assert (refused.state, refused.reason) == (State.UNSCANNABLE, "mismatch")
    assert fetch(client, sent.public_id).status_code == 409


def test_others_find_nothing_of_it(client_for, ann, queue, monkeypatch):
    monkeypatch.setattr("portal.attachments.models.IN_PARTS", 5 * 2**20)
    picture = make.file(None, ann, "photo.png", draft="new").public_id
    db.session.commit()
    large = announce(client_for(ann), content=b"x" * 6 * 2**20).json["id"]
    looks = [f"/attachments/{picture}{path}" for path in ("", "/download", "/thumbnail", "/preview")]
    changes = [
        f"/attachments/{picture}/removal",
        *(f"/attachments/{large}/{end}" for end in ("parts", "complete")),
    ]

    for stranger in (make.employee(), make.agent(), make.admin()):
        db.session.commit()
        client = client_for(stranger)
        assert {path: client.get(path).status_code for path in looks} == dict.fromkeys(looks, 404)
        assert {path: client.post(path).status_code for path in changes} == dict.fromkeys(changes, 404)

    client = client_for(ann)
    assert [client.get(path).status_code for path in looks] == [200, 303, 303, 303]
    assert [client.post(path).status_code for path in changes] == [303, 200, 409]


def test_a_large_file_comes_in_parts_and_goes_on_where_it_was_cut(app, client_for, ann, queue, monkeypatch):
    monkeypatch.setattr("portal.attachments.models.IN_PARTS", 5 * 2**20)
    monkeypatch.setattr("portal.attachments.models.PART_SIZE", 5 * 2**20)
    client, content = client_for(ann), b"0123456789abcdef" * (11 * 2**16)
    told = announce(client, content=content).json
    assert told["part_sizes"] == [5 * 2**20, 5 * 2**20, 2**20]
    assert "url" not in told
    missing = client.post(told["parts_url"]).json["missing"]
    for part in (missing[0], missing[2]):
        at = (part["number"] - 1) * 5 * 2**20
        assert put(part, content[at : at + part["size"]]).status == 200
    assert client.post(told["complete_url"]).status_code == 409

    rest = client.post(told["parts_url"]).json
    assert (rest["arrived"], [part["number"] for part in rest["missing"]]) == ([1, 3], [2])
    put(rest["missing"][0], content[5 * 2**20 : 10 * 2**20])
    assert client.post(told["complete_url"]).json["state"] == "UPLOADED"
    queue.run()

    assert fetch(client, told["id"]).data == content


def test_what_arrived_is_compared_with_what_the_sender_had(client_for, ann, queue):
    client = client_for(ann)
    told = announce(client).json
    put(told, b"Hello, desk.")
    assert client.post(told["complete_url"], data={"sha256": "0" * 64}).status_code == 200
    queue.run()
    damaged = row(told["id"])
    assert (damaged.state, damaged.reason) == (State.EXPIRED, "damaged")


def test_an_unsigned_address_gives_nothing(app, client_for, ann, queue):
    sent = send(client_for(ann))
    queue.run()
    settings = app.config["DESK"]
    clean, quarantined = row(sent.public_id).clean_key, sent.object_key
    for bucket, key in ((settings.s3_bucket_clean, clean), (settings.s3_bucket_quarantine, quarantined)):
        assert browser.request("GET", f"{settings.s3_endpoint}/{bucket}/{key}").status == 403


def test_no_more_files_than_a_reply_may_have(client_for, ann, monkeypatch):
    monkeypatch.setattr(actions, "MOST_OF_DRAFT", 2)
    client = client_for(ann)
    for _file in range(2):
        assert announce(client).status_code == 201
    refused = announce(client)
    assert (refused.status_code, "2 files at a time" in refused.json["message"]) == (422, True)


def allow(**limits):
    change_settings(actor=None, **limits)
    db.session.commit()
    forget_site()


@pytest.mark.parametrize(
    ("setting", "said"), [("upload_day_mb", "within a day"), ("upload_ticket_mb", "of a ticket")]
)
def test_no_more_bytes_than_the_desk_takes(client_for, ann, setting, said):
    allow(**{setting: 1})
    client = client_for(ann)
    assert announce(client, content=b"x" * 700_000).status_code == 201
    refused = announce(client, content=b"x" * 700_000)
    assert (refused.status_code, said in refused.json["message"]) == (422, True)


@pytest.mark.parametrize("arrives", [True, False])
def test_what_was_taken_back_counts_for_the_day_all_the_same(client_for, ann, queue, arrives):
    """Else a script could fill the store: the address stays good when the file is gone."""
    allow(upload_day_mb=1)
    client, content = client_for(ann), b"x" * 700_000
    told = announce(client, content=content).json
    if arrives:
        put(told, content)
        client.post(told["complete_url"])
    for _again in range(2):
        client.post(told["removal_url"])
    queue.run()

    refused = announce(client, content=content)

    assert (refused.status_code, "within a day" in refused.json["message"]) == (422, True)
    with clock.travelling_to(clock.now() + timedelta(days=1, minutes=1)):
        assert announce(client_for(ann), content=content).status_code == 201


def test_what_was_taken_back_counts_as_one_of_the_files_of_a_day(client_for, ann, monkeypatch):
    monkeypatch.setattr(actions, "MOST_A_DAY", 2)
    client = client_for(ann)
    for _file in range(2):
        client.post(announce(client).json["removal_url"])
    refused = announce(client)
    assert (refused.status_code, "too many files today" in refused.json["message"]) == (422, True)


@pytest.mark.parametrize("place", ["reply", "ticket"])
def test_replies_do_not_make_a_ticket_larger_than_it_may_be(client_for, ann, queue, place):
    allow(upload_ticket_mb=1)
    key, content = make.ticket(ann).key, b"x" * 700_000
    db.session.commit()
    client = client_for(ann)
    send(client, content=content, draft=f"{key}:reply")
    assert client.post(f"/tickets/{key}/comments", data={"body": "The first."}).status_code == 303

    url = "/attachments/presign" if place == "reply" else f"/tickets/{key}/attachments/presign"
    refused = client.post(url, data=FIT | {"size": 700_000, "draft": f"{key}:reply"})

    assert (refused.status_code, "of a ticket" in refused.json["message"]) == (422, True)
    other = make.ticket(ann).key
    db.session.commit()
    assert announce(client, content=content, draft=f"{other}:reply").status_code == 201


def test_two_tabs_that_begin_the_parts_at_once_go_on_with_one(client_for, ann, queue, monkeypatch):
    monkeypatch.setattr("portal.attachments.models.IN_PARTS", 5 * 2**20)
    monkeypatch.setattr("portal.attachments.models.PART_SIZE", 5 * 2**20)
    client = client_for(ann)
    told = announce(client, content=b"x" * 6 * 2**20).json
    store, begin = storage(), storage().begin_parts

    def begin_after_another(key, *, kind):
        monkeypatch.setattr(store, "begin_parts", begin)
        client.post(told["parts_url"])
        return begin(key, kind=kind)

    monkeypatch.setattr(store, "begin_parts", begin_after_another)
    missing = client.post(told["parts_url"]).json["missing"]
    assert {part["url"].split("uploadId=")[1].split("&")[0] for part in missing} == {
        row(told["id"]).upload_id
    }


def test_a_file_is_announced_by_json_as_well(client_for, ann):
    told = client_for(ann).post("/attachments/presign", json=FIT)
    assert told.status_code == 201, told.text
    assert put(told.json, b"Hello, desk.").status == 200


@pytest.mark.parametrize(
    "value", [None, 17, -1, True, 1.5, [], ["a.txt"], {"a": "b"}, "\0", "", "x" * 10_000]
)
@pytest.mark.parametrize("name", ["original_filename", "mime", "size", "draft"])
def test_json_of_the_wrong_kind_is_no_fault_of_the_desk(client_for, ann, name, value):
    answer = client_for(ann).post("/attachments/presign", json=FIT | {name: value})
    assert answer.status_code in ((404, 422) if name == "draft" else (201, 422))
    assert answer.status_code != 422 or answer.json["message"]


@pytest.mark.parametrize(
    "content",
    [b"[1]", b"3", b'"text"', b"null", b"{", b"\xff", b'{"size":' + b"9" * 5000 + b"}", b'{"a":' * 99_999],
    ids=lambda content: content[:9].decode("latin-1"),
)
def test_json_that_is_no_object_is_refused_with_words(client_for, ann, content):
    answer = client_for(ann).post("/attachments/presign", data=content, content_type="application/json")
    assert (answer.status_code, bool(answer.json["message"])) == (422, True)
