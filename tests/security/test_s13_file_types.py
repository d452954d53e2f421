"""S13: a name, a type and a content that disagree, and names that are made to mislead."""

import io
import zipfile

import pytest
from PIL import Image

from portal.attachments.actions import tidy_name
from portal.attachments.models import State
from portal.errors import DomainError
from portal.extensions import db
from tests import factories as make
from tests.attachments.store import announce, fetch, row, send

HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
EXE = b"MZ" + bytes(58) + b"\x40\0\0\0" + b"PE\0\0" + bytes(200)
SHELL = b"#!/bin/sh\nrm -rf /\n"


def packed(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def picture(kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(out, kind)
    return out.getvalue()


@pytest.fixture
def client(world, client_for):
    person = make.employee()
    db.session.commit()
    return client_for(person)


@pytest.mark.parametrize(
    ("name", "mime", "content"),
    [
        ("picture.png", "image/png", HTML),
        ("picture.png", "image/png", SVG),
        ("picture.png", "image/png", ELF),
        ("picture.jpg", "image/jpeg", EXE),
        ("picture.png", "image/png", picture("GIF")),
        ("letter.pdf", "application/pdf", HTML),
        ("letter.pdf", "application/pdf", packed(a="b")),
        ("letter.docx", "", HTML),
        ("notes.txt", "text/plain", HTML),
        ("notes.txt", "text/plain", SVG),
        ("notes.txt", "text/plain", SHELL),
        ("notes.csv", "text/csv", EXE),
        ("page.xml", "text/xml", SVG),
        ("film.mp4", "video/mp4", ELF),
        ("archive.zip", "application/zip", EXE),
    ],
)
def test_content_that_is_not_what_the_name_says_is_never_served(client, queue, name, mime, content):
    sent = send(client, name, content, mime)
    queue.run()
    refused = row(sent.public_id)
    assert (refused.state, refused.reason) == (State.UNSCANNABLE, "mismatch"), refused.sniffed
    assert fetch(client, sent.public_id).status_code == 409


@pytest.mark.parametrize(
    ("name", "mime", "content"),
    [
        ("picture.png", "image/png", picture()),
        ("PICTURE.JPG", "image/jpeg", picture("JPEG")),
        ("notes.txt", "text/plain", "Grüße\n".encode()),
        ("notes.log", "", b"2026-11-21 10:00:00 started\n"),
        ("list.csv", "application/vnd.ms-excel", b"a;b\n1;2\n"),
        ("data.json", "application/json", b'{"a": [1, 2]}'),
        ("letter.pdf", "application/pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"),
        ("archive.zip", "application/x-zip-compressed", packed(a="b")),
        ("letter.docx", "application/octet-stream", packed(**{"[Content_Types].xml": "<x/>"})),
    ],
)
def test_what_is_what_it_says_is_served(client, queue, name, mime, content):
    sent = send(client, name, content, mime)
    queue.run()
    assert row(sent.public_id).state is State.CLEAN, row(sent.public_id).sniffed
    assert fetch(client, sent.public_id).data == content


@pytest.mark.parametrize(
    "name",
    [
        "a.pdf.exe",
        "invoice\u202efdp.exe",
        "x.svg",
        "x.html",
        "x.xhtml",
        "x.js",
        "x.php",
        "x.pdf\u200b.exe",
        "x",
        ".",
        "..",
        "x.",
    ],
)
def test_names_that_end_in_what_is_not_taken_are_refused(client, name):
    answer = announce(client, name, mime="")
    assert answer.status_code == 422
    assert "Files of this kind" in answer.json["message"] or "no name" in answer.json["message"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ann\\notes.txt", "notes.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
        ("no\0thing.txt", "nothing.txt"),
        ("CON.txt", "_CON.txt"),
        ("lpt1.txt", "_lpt1.txt"),
        ("ev\u202etxt.png", "evtxt.png"),
        ("a\u061cb\u2028c\u2029d\u206ae\u00adf\ufff9g\U000e0041h.txt", "abcdefgh.txt"),
        ('say "hi"; x=y.txt', "say _hi_; x=y.txt"),
        ("e\u0301t\u00e9.txt", "\u00e9t\u00e9.txt"),
        ("ü" * 300 + ".txt", "ü" * 125 + ".txt"),
    ],
)
def test_a_name_is_kept_as_a_file_system_can(typed, kept):
    assert tidy_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " ", "...", "///", "\u202e", "\x00"])
def test_a_name_of_nothing_is_refused(typed):
    with pytest.raises(DomainError, match="no name"):
        tidy_name(typed)


def test_names_go_out_as_rfc_6266_says(client, queue):
    sent = send(client, 'Grüße "an" alle; a=b\\c.txt')
    queue.run()
    head = fetch(client, sent.public_id).headers["Content-Disposition"]
    assert head == "attachment; filename=\"c.txt\"; filename*=UTF-8''c.txt"
    other = send(client, "Grüße; a=b.txt")
    queue.run()
    head = fetch(client, other.public_id).headers["Content-Disposition"]
    assert head == "attachment; filename=\"Gr__e; a=b.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%3B%20a%3Db.txt"


def test_the_key_in_the_store_says_nothing_of_name_and_ticket(client, queue):
    sent = send(client, "secret-plan.txt")
    queue.run()
    clean = row(sent.public_id)
    assert "secret" not in clean.object_key + clean.clean_key
    assert len({clean.object_key.split("/")[1], clean.clean_key.split("/")[1], clean.public_id}) == 3
