"""Files in what is handed out about somebody, and their names once somebody is nobody."""

import io
import json
import zipfile

import pytest
from sqlalchemy import select

from jobs import files as file_jobs
from portal.accounts import people
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways.storage import Area, StorageAway
from portal.privacy import actions as privacy
from portal.privacy import exporting, sweep
from portal.privacy.traces import Traces
from tests import factories as make
from tests.attachments.store import announce, clean_file, row, send, there


@pytest.fixture
def exported(store):
    def export(person):
        packed = io.BytesIO()
        exporting.write(person, packed, progress=lambda _rows: None)
        return zipfile.ZipFile(packed)

    return export


def test_an_export_has_the_files_somebody_sent_and_those_of_their_requests(ann, store, exported):
    petra, ticket, others = make.agent(), make.ticket(ann), make.ticket()
    db.session.commit()
    clean_file(store, ann, b"mine", ticket=ticket, original_filename="mine.txt")
    clean_file(store, ann, b"draft", draft="new", original_filename="draft.txt")
    clean_file(store, petra, b"answer", ticket=ticket, original_filename="answer.txt")
    clean_file(store, petra, b"note", ticket=ticket, is_internal=True, original_filename="note.txt")
    clean_file(store, petra, b"other", ticket=others, original_filename="other.txt")
    values = {"scanned_status": State.INFECTED, "clean_key": None, "original_filename": "virus.txt"}
    clean_file(store, ann, b"virus", **values)

    with exported(ann) as archive:
        told = json.loads(archive.read("files.json"))
        content = {each["original_filename"]: archive.read(each["path"]) for each in told}

    assert content == {"mine.txt": b"mine", "draft.txt": b"draft", "answer.txt": b"answer"}
    assert {each["ticket"] for each in told} == {ticket.key, None}


def test_a_large_file_is_copied_piece_by_piece_with_a_word_for_each(ann, store):
    content = bytes(range(256)) * 4096 * 40
    clean_file(store, ann, content)
    words, packed = [], io.BytesIO()

    exporting.write(ann, packed, progress=words.append)

    with zipfile.ZipFile(packed) as archive:
        (path,) = [name for name in archive.namelist() if name.startswith("files/")]
        assert archive.read(path) == content
    assert words.count(0) > 2


def test_a_file_that_the_store_has_lost_does_not_hold_up_the_rest(ann, store, exported):
    lost = clean_file(store, ann, b"lost")
    kept = clean_file(store, ann, b"kept")
    store.forget(lost.clean_key)
    with exported(ann) as archive:
        assert [name for name in archive.namelist() if name.startswith("files/")] == [
            f"files/{kept.public_id}/notes.txt"
        ]


def test_without_the_store_there_is_no_export_that_lacks_files(app, ann, store, exported, monkeypatch):
    clean_file(store, ann)

    def away(*_):
        raise StorageAway("away")
        yield

    monkeypatch.setattr(store, "read", away)
    with pytest.raises(StorageAway):
        exported(ann)


def test_the_name_of_a_file_is_among_the_texts_that_are_cleaned(ann, store):
    named = clean_file(store, ann, original_filename="CV Ann Sørensen.txt", excerpt="I am Ann Sørensen.")
    (step,) = [each for each in sweep.steps() if each.table.name == "attachments"]
    traces = Traces(ann.id, ("Ann Sørensen",), (ann.email,))

    connection = db.session.connection()
    sweep.clean(connection, step, sweep.rows_to_look_at(connection, step, traces, after=0), traces)

    db.session.expire_all()
    cleaned = db.session.scalars(select(Attachment).where(Attachment.id == named.id)).one()
    assert cleaned.original_filename == f"CV Former user {ann.id}.txt"
    assert cleaned.excerpt == f"I am Former user {ann.id}."
    assert (cleaned.clean_key, cleaned.sha256) == (named.clean_key, named.sha256)


def test_files_that_were_not_sent_go_with_their_drafts_when_somebody_is_anonymized(
    client_for, ann, queue, store
):
    boss, ticket, other = make.admin(), make.ticket(ann), make.employee()
    db.session.commit()
    kept = clean_file(store, ann, b"sent", ticket=ticket)
    others = clean_file(store, other, b"theirs", draft="new")
    drafted = clean_file(store, ann, b"draft", draft=f"{ticket.id}:reply")
    waiting, coming = send(client_for(ann)), announce(client_for(ann)).json["id"]
    people.deactivate(ann, actor=boss)
    db.session.commit()
    gone, key, put_as = [drafted.public_id, waiting.public_id, coming], drafted.clean_key, waiting.object_key

    privacy.anonymize(ann, actor=boss)

    assert [row(public_id) for public_id in gone] == [None] * 3
    assert row(kept.public_id)
    assert row(others.public_id)
    db.session.commit()
    file_jobs.remove_discarded()
    assert not there(store, Area.CLEAN, key)
    assert not there(store, Area.QUARANTINE, put_as)
    assert there(store, Area.CLEAN, kept.clean_key)
