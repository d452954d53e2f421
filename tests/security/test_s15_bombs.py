"""S15: files that are made so that the scanner does not look, or that whoever unpacks them breaks."""

import gzip
import io
import resource
import time
import zipfile

import pytest
from PIL import Image

from jobs.files import scan_waiting
from portal import clock
from portal.attachments.models import State
from portal.attachments.scanning import TRIES
from portal.extensions import db
from portal.gateways import antivirus
from tests import factories as make
from tests.attachments.store import EICAR, announce, browser, fetch, long_to_scan, put, row, send

MB = 2**20


def packed(files, *, kind=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def nested(times, innermost=EICAR):
    content = innermost
    for level in range(times):
        content = packed([(f"{level}.zip", content)])
    return content


def locked():
    """As zip programs mark what is encrypted: bit 0 of the flags of each member (APPNOTE 4.4.4)."""
    content = bytearray(packed([("list.txt", b"salaries")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at] |= 1
    return bytes(content)


@pytest.fixture
def client(world, client_for):
    person = make.employee()
    db.session.commit()
    return client_for(person)


@pytest.mark.parametrize(
    ("name", "mime", "content"),
    [
        ("plain.zip", "application/zip", lambda: packed([("eicar.com", EICAR)])),
        ("nested.zip", "application/zip", lambda: nested(5)),
        ("padded.txt", "text/plain", lambda: b" " * (90 * MB) + EICAR),
        ("beside.zip", "application/zip", lambda: packed([("zeros", bytes(40 * MB)), ("e.com", EICAR)])),
        ("letter.docx", "", lambda: packed([("[Content_Types].xml", "<x/>"), ("word/media/e.com", EICAR)])),
    ],
    ids=["packed", "packed five times", "behind 90 MB", "behind 40 MB packed", "in a document"],
)
def test_a_virus_is_found_wherever_it_is(client, queue, name, mime, content):
    sent = send(client, name, content(), mime)
    queue.run()
    assert row(sent.public_id).state is State.INFECTED
    assert fetch(client, sent.public_id).status_code == 409


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (locked, "encrypted"),
        (lambda: nested(40), "limits"),
        (lambda: packed([("zeros", bytes(600 * MB))]), "limits"),
        (lambda: packed([(str(n), b"x") for n in range(12_000)] + [("e.com", EICAR)]), "limits"),
    ],
    ids=["encrypted", "packed forty times", "600 MB of zeros", "12,000 members"],
)
def test_what_the_scanner_did_not_look_at_is_never_clean(client, queue, content, reason):
    """Unless it found the virus all the same."""
    sent = send(client, "archive.zip", content(), "application/zip")
    began = time.monotonic()
    queue.run()
    kept = row(sent.public_id)
    assert kept.state is State.INFECTED or (kept.state, kept.reason) == (State.UNSCANNABLE, reason), (
        kept.found
    )
    assert fetch(client, sent.public_id).status_code == 409
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "content", [b"No gzip at all.", gzip.compress(bytes(9 * MB))], ids=["a lie", "9 MB in 9 KB"]
)
def test_what_a_sender_says_of_the_packing_is_not_believed(client, queue, content):
    """No signature is about that header, and the store repeats it: nothing is unpacked on its account."""
    name, mime = ("x.gz", "application/gzip") if content.startswith(b"\x1f\x8b") else ("x.txt", "text/plain")
    told = announce(client, name, content, mime).json
    assert put(told, content, **{"Content-Encoding": "gzip"}).status == 200
    client.post(told["complete_url"])
    behind = send(client)
    queue.jobs.clear()  # all of them were lost: the sweep comes to them one by one

    scan_waiting()

    assert (row(told["id"]).state, row(behind.public_id).state) == (State.CLEAN, State.CLEAN)
    assert fetch(client, told["id"]).data == content


def test_a_file_that_the_scanner_does_not_get_through_holds_up_no_other_and_is_given_up(
    client, queue, monkeypatch
):
    """In a minute clamd gets through less than half of what such a file may hold."""
    monkeypatch.setattr(antivirus, "SCAN_PATIENCE", 1)
    endless = send(client, "endless.rtf", long_to_scan(), "application/rtf")
    behind = send(client)
    queue.jobs.clear()

    scan_waiting()

    waiting = row(endless.public_id)
    assert (waiting.state, waiting.attempts) == (State.UPLOADED, 1)
    assert waiting.lease_until > clock.now()
    assert row(behind.public_id).state is State.CLEAN
    waiting.attempts, waiting.lease_until = TRIES - 1, None
    db.session.commit()
    scan_waiting()
    assert row(endless.public_id).state is State.FAILED


def test_a_flood_of_pixels_is_served_as_it_came_and_drawn_by_nobody(client, queue):
    flood = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(flood, "PNG")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = send(client, "flood.png", flood.getvalue(), "image/png")
    queue.run()
    kept = row(sent.public_id)
    assert (kept.state, kept.thumbnail_key, kept.preview_key) == (State.CLEAN, None, None)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 300 * 1024


def in_scans(more, kind="JPEG", **others):
    """A JPEG that comes in scans, the last of them again and again: each is work for the whole picture."""
    out = io.BytesIO()
    Image.new("L", (3000, 3000), 128).save(out, kind, progressive=True, **others)
    whole = out.getvalue()
    end = whole.index(b"\xff\xd9")
    last = whole[whole.rindex(b"\xff\xda", 0, end) : end]
    return whole[:end] + last * more + whole[end:]


def with_another(more):
    """The same where a second picture follows, as some cameras do."""
    return in_scans(more, "MPO", save_all=True, append_images=[Image.new("L", (20, 20))])


@pytest.mark.parametrize("made", [in_scans, with_another])
@pytest.mark.parametrize(("more", "is_drawn"), [(0, True), (80, True), (5000, False)])
def test_a_small_picture_that_is_drawn_over_thousands_of_times_is_not_drawn_here(
    client, queue, made, more, is_drawn
):
    began = time.process_time()
    sent = send(client, "photo.jpg", made(more), "image/jpeg")
    queue.run()
    kept = row(sent.public_id)
    assert (kept.state, kept.preview_key is not None) == (State.CLEAN, is_drawn)
    assert time.process_time() - began < 10


def test_what_is_larger_than_any_photo_is_not_drawn_here(client, queue):
    """Pillow puts the notes of such a file together again for each of them."""
    out, note = io.BytesIO(), b"\xff\xe1\xff\xffExif\0\0II*\0\x08\0\0\0" + bytes(65_519)
    Image.new("RGB", (20, 20)).save(out, "JPEG")
    sent = send(client, "photo.jpg", out.getvalue()[:2] + note * 700 + out.getvalue()[2:], "image/jpeg")
    queue.run()
    kept = row(sent.public_id)
    assert (kept.state, kept.preview_key) == (State.CLEAN, None)


def test_a_picture_is_drawn_anew_without_where_it_was_taken(client, queue):
    picture, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of Ann"
    Image.new("RGB", (900, 600), "teal").save(picture, "JPEG", exif=exif)
    sent = send(client, "photo.jpg", picture.getvalue(), "image/jpeg")
    queue.run()

    for size, longest in (("thumbnail", 160), ("preview", 1280)):
        answer = client.get(f"/attachments/{sent.public_id}/{size}")
        assert answer.status_code == 303
        drawn = fetch_picture(answer.location)
        assert b"Camera" not in drawn
        assert max(Image.open(io.BytesIO(drawn)).size) == min(longest, 900)


def fetch_picture(address):
    answer = browser.request("GET", address)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    return answer.data
