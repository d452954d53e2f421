"""No word of a deleted ticket is left, in no table and not in the store, whoever dies in the middle."""

import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs import deletion as job
from jobs import exports, files, search
from jobs import privacy as privacy_job
from portal import clock, invariants
from portal.attachments import scanning
from portal.attachments.actions import announce
from portal.attachments.models import Attachment, Discarded, State
from portal.attachments.telling import tell_people
from portal.bulk.actions import begin
from portal.bulk.acts import ACTS
from portal.bulk.models import BulkItem, BulkOperation
from portal.bulk.queries import Chosen
from portal.bulk.running import run
from portal.deletion import actions, work
from portal.deletion.models import TicketDeletion
from portal.deletion.queries import is_something_due, ticket_to_delete_or_404
from portal.events.kinds import Kind
from portal.events.models import Delivery, Event
from portal.events.record import record
from portal.exports.models import ExportState, Format, TicketExport
from portal.extensions import db
from portal.gateways.storage import Area, storage
from portal.notifications.actions import notify_people
from portal.notifications.models import Notification
from portal.outbox_mail.models import Mail
from portal.privacy import actions as privacy
from portal.privacy.models import PersonJob, PersonJobState
from portal.search.models import SearchWord
from portal.tickets import actions as tickets
from portal.tickets import links, rating, spam, tagging
from portal.tickets.drafts import save_draft
from portal.tickets.merging import merge
from portal.tickets.models import Comment, Ticket
from portal.tickets.moving import move
from portal.tickets.relations import Relation
from portal.tickets.senders import SpamNote
from portal.tickets.spent import spend
from portal.tickets.splitting import split
from tests import factories as make
from tests.privacy.test_anonymizing import dump

ROOT = Path(__file__).parent.parent.parent
WORDS = ("zaphirite", "quillbrace", "moonharrow", "brindlefax", "thistlewane", "gorsewick", "pellinore",
         "wexcombe", "dunmarrow", "larkspindle", "oakenmere", "fennimore")  # fmt: skip
TITLE, BEFORE, ASKED, SAID, NOTED, FILE, HALF, MANY, RATED, SPENT, SENT, ANNOUNCED = WORDS
REASON = "Asked for."


@pytest.fixture
def town(shared_app):
    """A ticket with words of its own wherever a ticket can have some."""
    make.desk()
    boss, petra = make.admin(name="Aylin"), make.agent(name="Petra")
    ann = make.employee(name="Ann")
    ticket = make.ticket(ann, title=BEFORE, description=f"It **{ASKED}** again")
    tickets.edit(ticket, actor=petra, title=TITLE)
    tickets.watch(ticket, petra)
    tagging.change_tags(ticket, ["vpn"], actor=petra)
    make.reply(ticket, body=f"Look: {SAID}")
    make.note(ticket, petra, body=f"He means {NOTED}")
    _files(ticket, ann)
    save_draft(petra, f"{ticket.key}:reply", {"body": f"Dear {HALF}"})
    db.session.commit()
    _bulk_note(ticket, petra)
    spend(ticket, 5, by=petra, on=clock.now().date(), note=f"Called {SPENT}")
    tickets.settle(ticket, actor=petra)
    rating.rate(ticket, 1, f"Never again {RATED}", by=ann)
    for event in db.session.scalars(select(Event).where(Event.ticket_id == ticket.id)):
        notify_people(event)
    make.make(Mail, message_id="<1@x>", to_address="x@example.org", subject=f"About {SENT}",
              body=f"See http://localhost/tickets/{ticket.key}\n")  # fmt: skip
    db.session.commit()
    search.collect()
    db.session.commit()
    return ticket.key, boss.id


def _files(ticket, ann):
    file = make.file(ticket, ann, f"{FILE}.txt")
    blocked = make.file(ticket, ann, f"{FILE}-2.txt")
    blocked.scanned_status, blocked.clean_key = State.INFECTED, None
    tell_people(blocked)
    told = {"file_id": file.public_id, "file": f"{FILE}.txt", "size": 3, "ticket_key": ticket.key}
    record(Kind.FILE_RELEASED, actor=None, why=f"Because of {FILE}", **told)
    record(Kind.FILE_UPLOADED, actor=ann, **(told | {"ticket_key": None}))
    announce(f"{ANNOUNCED}.txt", mime="text/plain", size=5, uploader=ann, draft=f"{ticket.id}:reply")


def _bulk_note(ticket, petra):
    body = {"body": f"All of you: {MANY}"}
    operation = begin(Chosen.by_keys(petra, [ticket.key]), ACTS["note"], body, owner=petra)
    lease = operation.lease_until
    db.session.commit()
    run(operation.id, lease, until=time.monotonic() + 60)
    db.session.commit()


def delete(town):
    key, boss_id = town
    boss = db.session.get_one(make.User, boss_id)
    ticket = ticket_to_delete_or_404(key, seen_by=boss, to_change=True)
    deletion_id = actions.delete_ticket(ticket, REASON, actor=boss).id
    db.session.commit()
    return deletion_id


def erase(deletion_id):
    job.work()
    db.session.expire_all()
    return db.session.get_one(TicketDeletion, deletion_id)


def found_in(dumped):
    return sorted(
        (name, word)
        for name, rows in dumped.items()
        for word in WORDS
        if re.search(word, rows, re.IGNORECASE)
    )


def count(model):
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# Every table.


def test_afterwards_no_table_holds_a_word_of_it(town):
    before = found_in(dump())
    assert {word for _, word in before} == set(WORDS)
    assert {name for name, _ in before} >= {
        "tickets", "comments", "attachments", "events", "drafts", "mails", "ratings", "search_texts",
        "search_words", "time_entries",
    }  # fmt: skip

    done = erase(delete(town))

    assert done.error is None
    assert done.erased_at is not None
    assert found_in(dump()) == []


def test_nothing_refers_to_it_and_the_house_is_whole(town):
    key, _ = town
    erase(delete(town))
    assert [count(model) for model in (Ticket, Comment, Attachment, Notification, BulkItem)] == [0] * 5
    assert db.session.scalars(select(Event.id).where(Event.ticket_id.is_not(None))).all() == []
    owners = select(Delivery.event_id).where(Delivery.event_id.not_in(select(Event.id)))
    assert db.session.scalars(owners).all() == []
    assert {name for name, rows in dump().items() if re.search(rf"\b{key}\b", rows)} == {
        "ticket_deletions", "deleted_keys", "events"
    }  # fmt: skip
    assert invariants.broken() == {}


def test_words_that_another_ticket_has_too_are_still_known(town):
    make.ticket(title=f"Another {TITLE}")
    db.session.commit()
    search.collect()
    erase(delete(town))
    assert db.session.get(SearchWord, TITLE) is not None
    assert db.session.get(SearchWord, SAID) is None


def test_the_audit_log_says_still_that_there_were_files_and_not_what_they_were_called(town):
    erase(delete(town))
    told = db.session.scalars(select(Event.data).where(Event.kind == Kind.FILE_RELEASED)).one()
    assert (told["file"], told["ticket_key"], "why" in told) == ("…", town[0], False)


def test_what_its_events_caused_elsewhere_stays_without_a_cause(town):
    key, _ = town
    other = make.ticket(title="Another one")
    source = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    merge(source, other, actor=None)
    db.session.commit()
    before = count(Event)
    erase(delete(town))
    left = select(Event.kind).where(Event.ticket_id == other.id).order_by(Event.id)
    assert list(db.session.scalars(left))[-2:] != []
    assert Kind.TICKET_ABSORBED in db.session.scalars(left).all()
    assert count(Event) < before
    assert invariants.broken() == {}


def test_what_was_split_off_it_keeps_its_own_text(town):
    key, _ = town
    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    said = db.session.scalars(select(Comment).where(~Comment.is_internal)).first()
    petra = make.agent()
    wanted = make.actions.Request(project=ticket.project, title="Split off", description="A text of its own")
    made = split(said, ticket, wanted, requester=ticket.requester, relation=Relation.RELATES_TO, actor=petra)
    db.session.commit()
    erase(delete(town))
    assert db.session.get_one(Ticket, made.id).title == "Split off"
    assert links.links_of(made, reader=petra) == []


def test_the_sender_of_deleted_spam_is_noted_still(town):
    key, boss_id = town
    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    spam.mark(ticket, actor=db.session.get_one(make.User, boss_id))
    db.session.commit()
    erase(delete(town))
    assert db.session.scalars(select(SpamNote)).one().ticket_id is None


def test_former_keys_and_what_is_drafted_under_them_go_too(town):
    key, boss_id = town
    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    move(ticket, make.project("NET", name="Networks"), actor=db.session.get_one(make.User, boss_id))
    db.session.commit()
    erase(delete((ticket.key, boss_id)))
    assert found_in(dump()) == []


# The store, exports, scans.


def test_its_objects_are_removed_by_the_job_of_all_deleted_files(town):
    key = db.session.scalars(select(Attachment.clean_key).where(Attachment.clean_key.is_not(None))).first()
    assert storage().size_of(Area.CLEAN, key)
    erase(delete(town))
    assert count(Discarded) >= 2
    files.remove_discarded()
    assert storage().size_of(Area.CLEAN, key) is None
    assert count(Discarded) == 0


def test_a_scan_that_goes_on_meanwhile_keeps_nothing(town):
    key, _ = town
    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    file = make.file(ticket, ticket.requester, "being-scanned.txt")
    file.scanned_status, file.clean_key, file.sha256 = State.UPLOADED, None, None
    file.attempts, file.uploaded_at = 0, clock.now()
    db.session.commit()
    claimed = scanning.claim(file.id)
    db.session.commit()
    made = scanning.new_key()

    erase(delete(town))

    assert scanning.ours(claimed) is None
    with pytest.raises(scanning.NotOurs):
        scanning.keep_lease(claimed)
    assert made not in str(dump())


def test_exported_lists_that_may_have_it_are_gone_and_those_being_written_begin_anew(town):
    boss = db.session.get_one(make.User, town[1])
    common = {"owner_id": boss.id, "filter": "", "place": "All", "format": Format.CSV, "attempts": 1}
    done = make.make(TicketExport, state=ExportState.DONE, result_key="exports/x.csv",
                     finished_at=clock.now(), expires_at=clock.now() + work.LEASE, **common)  # fmt: skip
    running = make.make(TicketExport, state=ExportState.RUNNING,
                        lease_until=clock.now() + timedelta(minutes=3), **common)  # fmt: skip
    db.session.commit()

    erase(delete(town))

    assert not done.has_result
    assert (running.state, running.lease_until) == (ExportState.QUEUED, None)
    exports.forget()
    db.session.expire_all()
    assert done.result_key is None


def test_what_was_collected_of_its_people_is_gone_too(town):
    ann = db.session.scalars(select(make.User).where(make.User.name == "Ann")).one()
    begun = privacy.ask_for_export(ann, actor=ann)
    db.session.commit()
    privacy_job.work()
    db.session.expire_all()
    assert begun.state is PersonJobState.DONE and begun.result_key

    erase(delete(town))
    privacy_job.forget_exports()

    db.session.expire_all()
    assert db.session.get_one(PersonJob, begun.id).result_key is None


def test_a_note_that_was_written_on_many_stands_on_the_others_alone(town):
    key, boss_id = town
    boss, other = db.session.get_one(make.User, boss_id), make.ticket(title="Another one")
    db.session.commit()
    operation = begin(Chosen.by_keys(boss, [key, other.key]), ACTS["note"], {"body": "For both"}, owner=boss)
    lease = operation.lease_until
    db.session.commit()
    run(operation.id, lease, until=time.monotonic() + 60)

    erase(delete(town))

    left = db.session.scalars(select(BulkItem.ticket_id).where(BulkItem.operation_id == operation.id)).all()
    assert left == [other.id]
    assert "body" not in db.session.get_one(BulkOperation, operation.id).what
    assert db.session.scalars(select(Comment.body).where(Comment.ticket_id == other.id)).all() == ["For both"]


# Workers.


def test_a_second_worker_has_nothing_to_do(town):
    deletion_id = delete(town)
    assert is_something_due()
    first = erase(deletion_id)
    erased_at = first.erased_at
    assert not is_something_due()
    assert erase(deletion_id).erased_at == erased_at


def test_what_fails_is_tried_again_later_and_says_why(town, monkeypatch):
    def fail(*_):
        raise RuntimeError

    deletion_id = delete(town)
    with monkeypatch.context() as broken:
        broken.setattr(work.erasing, "_erase_mails", fail)
        failed = erase(deletion_id)
    assert (failed.error, failed.erased_at) == ("RuntimeError", None)
    assert not is_something_due()
    assert count(Ticket) == 1

    with clock.travelling_to(clock.now() + timedelta(minutes=1)):
        assert is_something_due()
        assert erase(deletion_id).erased_at is not None
    assert found_in(dump()) == []


def test_a_worker_that_may_not_change_what_has_happened_says_so(town, monkeypatch):
    deletion_id = delete(town)
    monkeypatch.setattr(work, "as_owner", db.engine.begin)
    assert "Give it MAINTENANCE_DATABASE_URL" in erase(deletion_id).error


KILLED = """
import os, signal
from portal import create_app
from portal.deletion import erasing
import jobs.deletion
real = erasing._erase_history
def die(*arguments):
    real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
erasing._erase_history = die
with create_app().app_context():
    jobs.deletion.work()
"""


@pytest.mark.faults
def test_killed_half_way_nothing_was_changed_and_the_next_worker_does_all_of_it(town, settings):
    deletion_id = delete(town)
    before = found_in(dump())
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "MAINTENANCE_DATABASE_URL": settings.maintenance_database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "ENVIRONMENT": "test",
    }

    killed = subprocess.run(
        [sys.executable, "-c", KILLED], env=environment, cwd=ROOT, check=False, timeout=60
    )

    assert killed.returncode == -9
    assert found_in(dump()) == before
    with clock.travelling_to(clock.now() + work.LEASE + timedelta(seconds=1)):
        assert is_something_due()
        assert erase(deletion_id).erased_at is not None
    assert found_in(dump()) == []
