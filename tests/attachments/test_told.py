"""Whoever sent a file that is not served is told by mail, and so are the admins."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.attachments import scanning
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.gateways import antivirus
from portal.outbox_mail.models import Mail
from tests import factories as make
from tests.attachments.store import EICAR, locked_zip, row, send


@pytest.fixture
def boss(world):
    boss = make.admin(name="Boss", locale="de")
    db.session.commit()
    return boss


def mails(person):
    return list(db.session.scalars(select(Mail).where(Mail.recipient_id == person.id).order_by(Mail.id)))


def test_of_a_virus_sender_and_admins_are_told_each_in_their_language(client_for, ann, boss, queue):
    send(client_for(ann), "invoice.txt", EICAR)
    queue.run()

    (to_ann,), (to_boss,) = mails(ann), mails(boss)
    assert "A file was blocked: invoice.txt" in to_ann.subject
    assert "Eicar" in to_ann.body
    assert "Eine Datei wurde gesperrt: invoice.txt" in to_boss.subject
    assert "Ann Sørensen" in to_boss.body
    assert "/admin/files?state=INFECTED" in to_boss.body
    assert "/admin/" not in to_ann.body


def test_of_what_could_not_be_checked_they_are_told_too(client_for, ann, boss, queue):
    send(client_for(ann), "salaries.pdf", b"Salaries. " * 20, "application/pdf")
    queue.run()
    assert "could not be checked" in mails(ann)[0].subject
    assert "/admin/files?state=UNSCANNABLE" in mails(boss)[0].body


def test_of_a_clean_file_nobody_is_told(client_for, ann, boss, queue):
    send(client_for(ann))
    queue.run()
    assert mails(ann) == mails(boss) == []


def test_whoever_sends_many_does_not_fill_the_admins_inbox(client_for, ann, boss, queue):
    other, half_past = make.employee(), clock.now().replace(minute=30)
    for person in (ann, ann, ann, other):
        db.session.commit()
        send(client_for(person), "invoice.txt", EICAR)
    with clock.travelling_to(half_past):
        queue.run()
    assert (len(mails(ann)), len(mails(boss))) == (3, 2)

    send(client_for(ann), "invoice.txt", EICAR)
    with clock.travelling_to(half_past + timedelta(hours=1)):
        queue.run()
    assert len(mails(boss)) == 3


def test_an_encrypted_archive_is_not_taken_for_clean(client_for, ann, queue):
    sent = send(client_for(ann), "salaries.zip", locked_zip(), "application/zip")
    queue.run()
    locked = row(sent.public_id)
    assert (locked.state, locked.reason, locked.clean_key) == (State.UNSCANNABLE, "encrypted", None)


def test_of_a_check_that_failed_admins_are_told_once_an_hour_and_the_sender_is_not(
    client_for, ann, boss, queue, monkeypatch
):
    def broken(file):
        raise ValueError

    monkeypatch.setattr(antivirus, "look_at", broken)
    ours = make.admin()
    for person in (ann, ann, ours):
        db.session.commit()
        send(client_for(person), "report.txt")
    for each in db.session.scalars(select(Attachment)):
        each.attempts = scanning.TRIES - 1
    db.session.commit()
    with clock.travelling_to(clock.now().replace(minute=30)):
        queue.run()

    assert mails(ann) == []
    assert [len(mails(boss)), len(mails(ours))] == [2, 2]
    assert "Die Prüfung einer Datei ist fehlgeschlagen: report.txt" in mails(boss)[0].subject
    assert "/admin/files?state=FAILED" in mails(boss)[0].body
