"""What becomes of a mail, with a real mail server that takes it, refuses it, is busy, hangs up or is away."""

import re
import smtplib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs.mail import GIVE_UP, deliver
from portal import clock
from portal.extensions import db
from portal.gateways import smtp
from portal.outbox_mail.actions import queue_mail, retry
from portal.outbox_mail.models import Mail, MailState
from portal.outbox_mail.sending import DIED, LEASE, MAX_ATTEMPTS, claim_next, hand_over, note
from tests import factories as make

TOKEN = "t0k-" * 10 + "abc"


@pytest.fixture
def mail(app):
    made = queue_mail("reset", to="ann@example.org", link=f"http://localhost/reset/{TOKEN}", minutes=30)
    db.session.commit()
    return made


def now_is(monkeypatch, moment):
    monkeypatch.setattr(clock, "now", lambda: moment)


def state_of(mail):
    db.session.expire_all()
    return mail.state


def test_a_mail_is_sent_by_the_job_that_its_writing_enqueued(with_server, mail, queue):
    assert ("jobs.mail.deliver", ()) in queue.jobs

    queue.run()

    assert state_of(mail) is MailState.SENT
    assert mail.sent_at is not None
    received = with_server.received[0]
    assert received["To"] == "ann@example.org"
    assert received["Subject"] == "Choose a new password · Service desk"
    assert received["Message-ID"] == mail.message_id
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime == mail.created_at.replace(microsecond=0)
    assert f"http://localhost/reset/{TOKEN}" in received.get_content()


def test_after_it_is_sent_its_secret_is_forgotten(with_server, mail):
    deliver()

    db.session.expire_all()
    assert TOKEN not in mail.body
    assert "http://localhost/reset/…" in mail.body


def test_without_a_mail_server_set_mails_wait(mail, queue):
    queue.run()

    assert state_of(mail) is MailState.QUEUED
    assert mail.attempts == 0


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("refuses", "ann@example.org: 550 5.1.1 No such mailbox"),
        ("refuses the words", "554 5.6.0 Not such words"),
    ],
)
def test_a_refusal_is_final_and_kept_in_the_servers_words(with_server, mail, mood, said):
    with_server.mood = mood

    deliver()

    assert state_of(mail) is MailState.FAILED
    assert mail.last_error == said
    deliver()
    assert state_of(mail) is MailState.FAILED


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (smtplib.SMTPRecipientsRefused(
            {"a@x.de": (550, b"5.1.1 No\nsuch\x1b[2J user"), "b@x.de": (452, b"Full")}),
         "a@x.de: 550 5.1.1 No such [2J user; b@x.de: 452 Full"),
        (smtplib.SMTPSenderRefused(553, b"Not your address", "desk@x.de"), "553 Not your address"),
        (smtplib.SMTPDataError(554, "K\u00e4se".encode("latin-1")), "554 K\ufffdse"),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 Wrong password"), "535 5.7.8 Wrong password"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "Connection unexpectedly closed"),
        (TimeoutError("timed out"), "timed out"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)  # fmt: skip
def test_what_a_mail_server_says_is_told_as_text(error, said):
    assert smtp.words_of(error) == said


def test_one_refused_mail_holds_up_no_other(with_server, app):
    mails = [queue_mail("closed", to=f"{name}@example.org") for name in ("unknown", "ann", "unknown2", "ben")]
    db.session.commit()

    deliver()

    assert [state_of(mail) for mail in mails] == [
        MailState.FAILED, MailState.SENT, MailState.FAILED, MailState.SENT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mood", "said"),
    [("busy", "ann@example.org: 451 4.7.1 Come back later"), ("hangs up", "Connection unexpectedly closed")],
)
def test_a_busy_server_is_asked_again_later(with_server, mail, monkeypatch, mood, said):
    with_server.mood = mood
    deliver()
    assert state_of(mail) is MailState.QUEUED
    assert mail.available_at > clock.now()
    assert mail.last_error == said
    with_server.mood = "fine"

    deliver()
    assert state_of(mail) is MailState.QUEUED  # its time has not come
    now_is(monkeypatch, mail.available_at)
    deliver()

    assert state_of(mail) is MailState.SENT
    assert with_server.received[-1]["Message-ID"] == mail.message_id


def test_a_server_that_hangs_up_gets_the_same_mail_at_most_again(with_server, mail, monkeypatch):
    with_server.mood = "hangs up"
    deliver()
    with_server.mood = "fine"
    db.session.expire_all()
    now_is(monkeypatch, mail.available_at)
    deliver()

    assert {received["Message-ID"] for received in with_server.received} == {mail.message_id}
    assert len(with_server.received) == 2


def test_after_the_last_try_a_mail_has_failed_and_the_pauses_grew(with_server, mail, monkeypatch):
    with_server.mood = "busy"
    pauses = []
    for _ in range(MAX_ATTEMPTS):
        assert state_of(mail) is MailState.QUEUED
        moment = mail.available_at
        now_is(monkeypatch, moment)
        deliver()
        db.session.expire_all()
        pauses.append(mail.available_at - moment)

    assert (state_of(mail), mail.attempts) == (MailState.FAILED, MAX_ATTEMPTS)
    assert pauses[:-1] == sorted(set(pauses[:-1]))
    assert sum(pauses[:-1], timedelta()) > timedelta(hours=20)


def test_a_server_that_is_away_is_not_asked_by_every_mail(with_server, app):
    with_server.stop()
    mails = [queue_mail("closed", to=f"a{number}@example.org") for number in range(GIVE_UP + 4)]
    db.session.commit()

    deliver()

    assert [state_of(mail) for mail in mails] == [MailState.QUEUED] * len(mails)
    assert [mail.attempts for mail in mails] == [1] * GIVE_UP + [0] * 4


def test_a_failed_mail_that_is_tried_again_is_sent(with_server, mail, queue):
    with_server.mood = "refuses"
    deliver()
    db.session.expire_all()
    with_server.mood = "fine"

    retry(mail)
    db.session.commit()
    queue.run()

    assert state_of(mail) is MailState.SENT
    assert mail.message_id == with_server.received[-1]["Message-ID"]


def test_a_worker_that_died_is_made_up_for_once_the_lease_is_over(with_server, mail, monkeypatch):
    claim_next()
    db.session.commit()
    deliver()
    assert (state_of(mail), with_server.received) == (MailState.SENDING, [])

    now_is(monkeypatch, clock.now() + LEASE + timedelta(seconds=1))
    deliver()

    assert state_of(mail) is MailState.SENT
    assert [received["Message-ID"] for received in with_server.received] == [mail.message_id]


def test_a_mail_that_kills_its_worker_twice_has_failed(with_server, mail, monkeypatch):
    for _ in range(2):
        assert claim_next() is not None
        db.session.commit()
        now_is(monkeypatch, clock.now() + LEASE + timedelta(seconds=1))

    deliver()

    assert state_of(mail) is MailState.FAILED
    assert mail.last_error.startswith(DIED)
    assert with_server.received == []


def test_whoever_lost_the_lease_writes_nothing_down(with_server, mail, monkeypatch):
    late = claim_next()
    db.session.commit()
    now_is(monkeypatch, clock.now() + LEASE + timedelta(seconds=1))
    claim_next()
    db.session.commit()

    note(late, hand_over(late))
    db.session.commit()

    assert state_of(mail) is MailState.SENDING


def test_a_mail_that_cannot_be_written_down_fails_and_holds_up_no_other(with_server, app):
    broken = queue_mail("closed", to="ann@example.org")
    fine = queue_mail("closed", to="ben@example.org")
    broken.subject = "two\nlines"
    db.session.commit()

    deliver()

    assert (state_of(broken), state_of(fine)) == (MailState.FAILED, MailState.SENT)


def test_two_workers_send_each_mail_once(shared_app, with_server):
    for number in range(12):
        queue_mail("closed", to=f"a{number}@example.org")
    db.session.commit()

    def work():
        with shared_app.app_context():
            deliver()
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sent_to = sorted(received["To"] for received in with_server.received)
    assert sent_to == sorted(f"a{number}@example.org" for number in range(12))
    assert set(db.session.scalars(select(Mail.state))) == {MailState.SENT}


def test_nothing_is_locked_while_the_server_is_talked_to(shared_app, with_server, monkeypatch):
    queue_mail("closed", to="ann@example.org")
    db.session.commit()
    seen = []

    def look(claim):
        with shared_app.app_context():
            free = select(Mail.state).where(Mail.id == claim.mail_id).with_for_update(nowait=True)
            seen.append(db.session.scalar(free))
            db.session.remove()
        return hand_over(claim)

    monkeypatch.setattr("jobs.mail.hand_over", look)
    deliver()

    assert seen == [MailState.SENDING]


# Writing


def test_a_mail_speaks_the_language_of_its_recipient(app):
    english = queue_mail("closed", to="ann@example.org", locale="en")
    unknown = queue_mail("closed", to="ann@example.org", locale="xx")

    assert english.subject == unknown.subject == "Your account is deactivated · Service desk"


def test_a_key_writes_one_mail(app, queue):
    first = queue_mail("closed", to="ann@example.org", dedupe_key="a")
    second = queue_mail("closed", to="ann@example.org", dedupe_key="a")
    other = queue_mail("closed", to="ann@example.org", dedupe_key="b")

    assert (first is not None, second, other is not None) == (True, None, True)


def test_message_ids_are_ours_and_differ(app):
    ids = {queue_mail("closed", to="ann@example.org").message_id for _ in range(5)}

    assert len(ids) == 5
    assert all(re.fullmatch(r"<[0-9a-f]{32}@localhost>", message_id) for message_id in ids)


def test_a_mail_that_is_rolled_back_was_never_written(app, queue):
    make.employee()
    db.session.commit()
    queue_mail("closed", to="ann@example.org")
    db.session.rollback()

    assert db.session.scalar(select(Mail)) is None
    assert queue.jobs == []
