"""Sending files as a browser does: straight to the store, by the address that the desk gave."""

import io
import itertools
import secrets
import struct
import zipfile
from hashlib import sha256

import urllib3

from portal import clock
from portal.accounts.actions import open_session
from portal.attachments.models import Attachment, State
from portal.extensions import db

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
browser = urllib3.PoolManager(timeout=10, retries=False)


def announce(client, name="notes.txt", content=b"Hello, desk.", mime="text/plain", draft="ticket:new"):
    data = {"original_filename": name, "mime": mime, "size": len(content), "draft": draft}
    return client.post("/attachments/presign", data=data)


def put(told, content, **headers):
    return browser.request(told["method"], told["url"], body=content, headers=told["headers"] | headers)


def send(client, name="notes.txt", content=b"Hello, desk.", mime="text/plain", draft="ticket:new"):
    """Announced, put and completed; its row."""
    told = announce(client, name, content, mime, draft)
    assert told.status_code == 201, told.text
    for part, piece in pieces(client, told.json, content):
        assert put(part, piece).status == 200
    done = client.post(told.json["complete_url"])
    assert done.status_code == 200, done.text
    return row(told.json["id"])


def pieces(client, told, content):
    """Where what goes: all of a small file, or each part that has not arrived of a large one."""
    if "parts_url" not in told:
        return [(told, content)]
    ends = list(itertools.accumulate(told["part_sizes"]))
    missing = client.post(told["parts_url"]).json["missing"]
    return [
        (part, content[ends[part["number"] - 1] - part["size"] : ends[part["number"] - 1]])
        for part in missing
    ]


def row(public_id):
    db.session.expire_all()
    return db.session.query(Attachment).filter_by(public_id=public_id).one_or_none()


def fetch(client, public_id):
    """What somebody gets who downloads it."""
    answer = client.get(f"/attachments/{public_id}/download")
    return browser.request("GET", answer.location) if answer.status_code == 303 else answer


def browser_of(app, person):
    """A browser that is logged in, for tests with real commits."""
    _, token = open_session(person)
    db.session.commit()
    return browser_with(app, token)


def browser_with(app, token):
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
    return client


def locked_zip(content=b"salaries", name="salaries.txt"):
    """A ZIP whose one file says that it is encrypted: the scanner cannot look into it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(name), secrets.token_bytes(12) + content)
    told = bytearray(packed.getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = told.index(signature) + at
        flags = struct.unpack_from("<H", told, place)[0]
        struct.pack_into("<H", told, place, flags | 1)
    return bytes(told)


def long_to_scan():
    """A document of so many small objects that clamd needs seconds: another each time, for it remembers."""
    drawn = b"{\\object{\\*\\objdata 010500000200000008000000" + secrets.token_hex(60).encode() + b"}}"
    return b"{\\rtf1" + drawn * 60_000 + b"}"


def clean_file(store, uploader, content=b"Hello, desk.", **values):
    """A file that is served, and its object, as if it had been scanned."""
    key = f"c/{secrets.token_urlsafe(24)}"
    store.keep(key, io.BytesIO(content), size=len(content), kind="application/octet-stream")
    given = {
        "uploader": uploader, "original_filename": "notes.txt", "mime": "text/plain", "size": len(content),
        "scanned_status": State.CLEAN, "clean_key": key, "sha256": sha256(content).hexdigest(),
        "expires_at": clock.now(), "scanned_at": clock.now(), "uploaded_at": clock.now(),
    }  # fmt: skip
    attachment = Attachment(**given | values)
    db.session.add(attachment)
    db.session.commit()
    return attachment


def there(store, area, key):
    return store.size_of(area, key) is not None
