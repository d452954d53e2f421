"""Nobody finds out any more who somebody was: not from a page, and not from a dump of every table."""

import re
from datetime import timedelta

import psycopg
import pytest
import requests
from sqlalchemy import func, select, text

from jobs import privacy as job
from portal import clock
from portal.accounts import actions as accounts
from portal.accounts import half_logins, links, moving, people
from portal.accounts.models import Session, User
from portal.attachments import actions as attachments
from portal.attachments.models import Attachment
from portal.errors import DomainError
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import asked_from, record
from portal.extensions import db
from portal.gateways.maintenance import engine
from portal.notifications.models import Notification
from portal.outbox_mail.models import Mail
from portal.privacy import actions, mentions, sweep, work
from portal.privacy.models import Mention, PersonJob, PersonJobState, Place
from portal.sso.models import ExternalIdentity, IdentityProvider
from portal.tickets import actions as tickets
from portal.tickets import comments, participants
from portal.tickets.drafts import save_draft
from portal.tickets.models import Comment, Ticket
from portal.tickets.relations import CommentMention
from tests import factories as make

NAME, LOGIN, PHONE = "Zaphira Quillfeather", "zaphira.quillfeather@example.org", "+49 30 5557788"
BEFORE, OLD_LOGIN = "Zaphira Moonwater", "z.moonwater@example.org"
TRACES = [NAME, BEFORE, LOGIN, OLD_LOGIN, "zaphira.quillfeather", "5557788", "555 7788", "203.0.113.44"]


@pytest.fixture
def boss(shared_app):
    return make.admin(name="Aylin Demir")


@pytest.fixture
def zaphira(shared_app, boss):
    """An agent who has left, with traces wherever somebody can leave some."""
    asked_from("203.0.113.44")
    team = make.team()
    zaphira = make.agent(name=BEFORE, email=OLD_LOGIN, team=team, organization=make.organization())
    db.session.flush()
    accounts.edit_profile(zaphira, name=NAME, phone=PHONE)
    moved = {"email": change(OLD_LOGIN, LOGIN)}
    record(Kind.ADDRESS_CHANGED, actor=zaphira, **accounts.about(zaphira), changes=moved)
    zaphira.email = LOGIN
    _leave_traces(zaphira, boss, team)
    asked_from("198.51.100.9")
    people.deactivate(zaphira, actor=boss)
    asked_from(None)
    accounts.open_session(zaphira, user_agent="Firefox", address="203.0.113.44")
    db.session.commit()
    return zaphira


def _leave_traces(zaphira, boss, team):
    accounts.open_session(zaphira, user_agent="Firefox", address="203.0.113.44")
    accounts.note_login(zaphira)
    accounts.note_failed_login(LOGIN.upper(), reason="wrong")
    half_logins.begin(zaphira, remember=False)
    links.mail_reset(zaphira)
    provider = make.make(
        IdentityProvider, slug="house", name="House", issuer="https://login.example.org", client_id="desk"
    )
    make.make(ExternalIdentity, provider_id=provider.id, subject="zaphira.quillfeather", user_id=zaphira.id)
    own = make.ticket(
        zaphira, title=f"{NAME} needs a chair", description=f"Call me: 030 555 7788\n\n**{NAME}**"
    )
    other = make.ticket(make.employee(), title="Printer", description=f"Ask {LOGIN} or Zaphira", team=team)
    tickets.assign(other, zaphira, actor=boss)
    comments.reply(other, f"I am on it. {NAME}s phone is +49 (30) 555-7788.", author=zaphira)
    comments.add_note(
        own, f"Quillfeather, Zaphira: known as {BEFORE}, log-in zaphira.quillfeather", author=boss
    )
    comments.add_note(other, "Zaphira said so, and Ms Quillfeather too.", author=boss)
    tickets.edit(own, actor=boss, title=f"A chair for {NAME}")
    participants.add_participant(own, boss, actor=zaphira)
    save_draft(zaphira, "ticket:new", {"title": f"From {NAME}"})
    save_draft(boss, f"{own.key}:reply", {"body": f"Dear {NAME}"})
    make.make(
        Mail, message_id="<1@x>", to_address="boss@example.org", subject=f"{NAME} replied", body=f"By {NAME}"
    )
    make.make(
        Mail, message_id="<2@x>", to_address=LOGIN, recipient_id=zaphira.id, subject="Hello", body="Hello"
    )


def dump():
    """Every table as COPY writes it, by its name."""
    address = engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: _copied(connection, name) for (name,) in tables}


def _copied(connection, name):
    """With generated columns, such as those for search."""
    with connection.cursor().copy(f'COPY (SELECT * FROM "{name}") TO STDOUT') as copy:
        return b"".join(copy).decode()


def found_in(dumped):
    """Which of the traces stand where, however they are written."""
    return sorted(
        (name, trace)
        for name, rows in dumped.items()
        for trace in TRACES
        if re.search(re.escape(trace), rows, re.IGNORECASE)
    )


def anonymize(person, boss):
    begun = actions.anonymize(person, actor=boss)
    db.session.commit()
    return run(begun)


def run(begun):
    job.work()
    db.session.rollback()
    return db.session.get_one(PersonJob, begun.id, populate_existing=True)


def count(model, *conditions):
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_afterwards_no_table_holds_name_address_telephone_or_log_in(zaphira, boss):
    before = found_in(dump())
    assert {trace for _, trace in before} == set(TRACES)
    assert {name for name, _ in before} >= {
        "account_tokens", "users", "tickets", "comments", "events", "mails", "sessions", "drafts",
        "external_identities",
    }  # fmt: skip

    done = anonymize(zaphira, boss)

    assert done.state is PersonJobState.DONE, done.error
    assert found_in(dump()) == []


def test_from_where_others_did_something_to_them_stays(zaphira, boss):
    anonymize(zaphira, boss)
    left = select(Event).where(Event.kind == Kind.ACCOUNT_DEACTIVATED)

    assert db.session.scalars(left).one().address == "198.51.100.9"


def test_what_they_did_stays_with_its_numbers_and_times(zaphira, boss):
    def figures():
        kinds = [Kind.ANONYMIZING_BEGUN, Kind.ACCOUNT_ANONYMIZED]
        return (
            count(Ticket, Ticket.requester_id == zaphira.id),
            count(Ticket, Ticket.assignee_id == zaphira.id),
            count(Comment, Comment.author_id == zaphira.id),
            count(Event, Event.kind.not_in(kinds)),
            db.session.scalar(
                select(func.sum(func.extract("epoch", Event.created_at))).where(Event.kind.not_in(kinds))
            ),
        )

    before = figures()

    anonymize(zaphira, boss)

    assert figures() == before
    assert min(before[:4]) > 0


def test_pages_say_the_neutral_name_and_what_is_rendered_is_rendered_anew(zaphira, boss):
    anonymize(zaphira, boss)
    own = db.session.scalars(select(Ticket).where(Ticket.requester_id == zaphira.id)).one()

    assert own.requester.name == f"Former user {zaphira.id}"
    assert own.title == f"A chair for Former user {zaphira.id}"
    assert own.description == f"Call me: …\n\n**Former user {zaphira.id}**"
    assert f"<strong>Former user {zaphira.id}</strong>" in own.description_html
    found = text(
        "SELECT count(*) FROM search_texts WHERE kind = 'ticket'"
        " AND words @@ plainto_tsquery('desk_simple', :word)"
    )
    assert db.session.scalar(found, {"word": "quillfeather"}) == 0
    assert db.session.scalar(found, {"word": "former"}) == 1


def test_whom_a_text_mentions_besides_them_stands_out_in_it_as_before(zaphira, boss):
    zaphira.is_active = True
    make.agent(name="Ben Okafor")
    told = comments.add_note(make.ticket(), f"@{NAME} and @Ben Okafor", author=boss)
    assert count(CommentMention, CommentMention.comment_id == told.id) == 2
    zaphira.is_active = False
    db.session.commit()

    anonymize(zaphira, boss)

    chip = '<span class="mention">@Ben Okafor</span>'
    assert told.body_html.strip() == f"<p>@Former user {zaphira.id} and {chip}</p>"
    kept = select(CommentMention.user_id).where(CommentMention.comment_id == told.id)
    assert zaphira.id not in set(db.session.scalars(kept))


def test_what_was_theirs_alone_is_gone_at_once(zaphira, boss):
    actions.anonymize(zaphira, actor=boss)
    db.session.commit()

    for model in (Session, ExternalIdentity):
        assert count(model, model.user_id == zaphira.id) == 0
    assert count(Notification, Notification.recipient_id == zaphira.id) == 0
    assert zaphira.email == f"former-user-{zaphira.id}@anonymized.invalid"
    assert (zaphira.password_hash, zaphira.phone, zaphira.email_verified_at) == (None, "", None)


def test_their_mails_are_gone_and_those_of_others_stay(zaphira, boss):
    anonymize(zaphira, boss)
    to = set(db.session.scalars(select(Mail.to_address)))

    assert "boss@example.org" in to
    assert not any("quillfeather" in address for address in to)


def test_an_export_of_before_is_removed_from_the_store(zaphira, boss, shared_app):
    export = run(_begun(actions.ask_for_export(zaphira, actor=boss)))
    address = shared_app.extensions["storage"].link(export.result_key, name="x")
    assert requests.get(address, timeout=20).status_code == 200

    anonymize(zaphira, boss)

    assert requests.get(address, timeout=20).status_code == 404
    assert not db.session.get_one(PersonJob, export.id, populate_existing=True).has_result


def _begun(begun):
    db.session.commit()
    return begun


def test_what_is_looked_for_is_kept_only_until_it_is_found(zaphira, boss):
    begun = actions.anonymize(zaphira, actor=boss)
    db.session.commit()
    assert NAME in begun.sought["names"]

    assert run(begun).sought is None


def test_texts_that_may_still_name_them_are_listed(zaphira, boss):
    done = anonymize(zaphira, boss)
    listed = db.session.scalars(select(Mention).where(Mention.job_id == done.id).order_by(Mention.id)).all()

    said = {
        (mention.place, mention.comment.body if mention.comment else mention.ticket.title)
        for mention in listed
    }
    assert (Place.DESCRIPTION, "Printer") in said  # a first name, on a ticket that was theirs
    assert (Place.COMMENT, "Zaphira said so, and Ms Quillfeather too.") in said
    assert len(listed) == 2


def test_names_of_files_lose_full_names_and_other_mentions_are_listed(zaphira, boss):
    own = db.session.scalars(select(Ticket).where(Ticket.requester_id == zaphira.id)).one()
    others = make.ticket(make.employee(), title="Scanner")
    names = {
        make.file(own, name=f"CV_{NAME.replace(' ', '_')}.txt").id: f"CV_Former user {zaphira.id}.txt",
        make.file(own, boss, name="zaphira_2026.txt").id: "zaphira_2026.txt",
        make.file(others, zaphira, name="by zaphira.txt").id: "by zaphira.txt",
        make.file(others, name="for Quillfeather.txt").id: "for Quillfeather.txt",
        make.file(others, name="Zaphira opens.txt").id: "Zaphira opens.txt",
        make.file(None, others.requester, name="Quillfeather, half written.txt", draft="new").id: (
            "Quillfeather, half written.txt"
        ),
    }
    db.session.commit()

    done = anonymize(zaphira, boss)

    kept = db.session.scalars(select(Attachment).order_by(Attachment.id)).all()
    assert {each.id: each.original_filename for each in kept} == names
    listed = select(Mention).where(Mention.job_id == done.id, Mention.place == Place.FILE)
    found = {
        mention.attachment.original_filename: [word for _, word, _ in mentions.excerpts(mention)]
        for mention in db.session.scalars(listed)
    }
    assert found == {
        "zaphira_2026.txt": ["zaphira"],
        "by zaphira.txt": ["zaphira"],
        "for Quillfeather.txt": ["Quillfeather"],
    }


def test_a_file_that_goes_takes_what_is_to_be_decided_along(zaphira, boss):
    named = make.file(make.ticket(), name="Quillfeather.txt")
    db.session.commit()
    done = anonymize(zaphira, boss)
    assert count(Mention, Mention.job_id == done.id, Mention.place == Place.FILE) == 1

    attachments.delete(db.session.get_one(Attachment, named.id), actor=boss)
    db.session.commit()

    assert count(Mention, Mention.job_id == done.id, Mention.place == Place.FILE) == 0


def test_a_first_name_on_a_ticket_of_others_is_nobodys(zaphira, boss):
    make.ticket(title="Zaphira opens at nine", description="The café")
    db.session.commit()

    done = anonymize(zaphira, boss)

    assert "Zaphira opens at nine" not in {
        m.ticket.title for m in db.session.scalars(select(Mention)) if m.job_id == done.id
    }


def test_somebody_else_of_the_same_name_keeps_it(zaphira, boss):
    namesake = make.employee(name=NAME)
    ticket = make.ticket(make.employee(), title="Chair")
    tickets.assign(ticket, make.agent(name=NAME, email="zq2@example.org"), actor=boss)
    db.session.commit()

    anonymize(zaphira, boss)
    assigned = db.session.scalars(
        select(Event).where(Event.ticket_id == ticket.id, Event.kind == Kind.TICKET_ASSIGNED)
    ).one()

    assert db.session.get_one(User, namesake.id).name == NAME
    assert assigned.data["changes"]["assignee"]["new"]["label"] == NAME


@pytest.mark.parametrize("batch", [1, 3])
def test_in_small_batches_nothing_is_missed(zaphira, boss, monkeypatch, batch):
    monkeypatch.setattr(sweep, "BATCH", batch)
    make.policy()  # so that few tables are empty, of which there is nothing to count

    done = anonymize(zaphira, boss)

    assert found_in(dump()) == []
    assert done.done == done.total > len(sweep.steps())


def test_what_takes_longer_than_a_shift_is_handed_from_job_to_job(zaphira, boss, shared_app, monkeypatch):
    monkeypatch.setattr(job, "SHIFT", 0.0)
    begun = actions.anonymize(zaphira, actor=boss)
    db.session.commit()
    queue, shifts = shared_app.extensions["queue"], 0
    queue.jobs = [each for each in queue.jobs if each[0] == "jobs.privacy.work"]

    while queue.jobs:
        queue.run_next()
        shifts += 1

    db.session.expire_all()
    assert begun.state is PersonJobState.DONE
    assert shifts > len(sweep.steps())
    assert found_in(dump()) == []


class Killed(BaseException):
    """As SIGKILL: nothing of what is written to catch errors gets to see it."""


@pytest.mark.parametrize("part", [0, 1, 2, 5, 9, 14])
def test_a_worker_that_is_killed_in_the_middle_is_followed_by_one_that_goes_on(
    zaphira, boss, monkeypatch, part
):
    begun = actions.anonymize(zaphira, actor=boss)
    db.session.commit()
    whole, asked = work.anonymize_part, []

    def dying(job):
        asked.append(job)
        if len(asked) > part:
            raise Killed
        return whole(job)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(work, "anonymize_part", dying)
        job.work()
    assert run(begun).state is PersonJobState.RUNNING  # the lease of the dead one holds
    with clock.travelling_to(clock.now() + work.LEASE + timedelta(seconds=1)):
        done = run(begun)

    assert done.state is PersonJobState.DONE, done.error
    assert found_in(dump()) == []
    assert count(Mention, Mention.job_id == done.id) == 2


def test_a_part_that_fails_is_undone_and_tried_again(zaphira, boss, monkeypatch):
    begun = actions.anonymize(zaphira, actor=boss)
    db.session.commit()

    def broken(*_, **__):
        raise RuntimeError(NAME)

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "clean", broken)
        waiting = run(begun)
    assert (waiting.state, waiting.error) == (PersonJobState.RUNNING, "RuntimeError")  # and not what it said
    with clock.travelling_to(clock.now() + timedelta(minutes=5)):
        assert run(begun).state is PersonJobState.DONE

    assert found_in(dump()) == []


def test_a_worker_that_does_not_know_the_owner_says_so_and_another_one_finishes(
    zaphira, boss, shared_app, monkeypatch
):
    begun = actions.anonymize(zaphira, actor=boss)
    db.session.commit()
    alone = shared_app.config["DESK"].model_copy(update={"maintenance_database_url": ""})
    with monkeypatch.context() as patched:
        patched.setitem(shared_app.config, "DESK", alone)
        failed = run(begun)
    assert failed.state is PersonJobState.FAILED
    assert "MAINTENANCE_DATABASE_URL" in failed.error

    actions.try_again(failed)
    db.session.commit()

    assert run(begun).state is PersonJobState.DONE
    assert found_in(dump()) == []


# Whom not


def test_an_active_account_is_refused(shared_app, boss):
    with pytest.raises(DomainError, match="Deactivate it first"):
        actions.anonymize(make.employee(), actor=boss)


def test_nobody_anonymizes_themselves(shared_app, boss):
    with pytest.raises(DomainError, match="yourself"):
        actions.anonymize(boss, actor=boss)


def test_the_last_admin_is_refused(shared_app):
    last = make.admin(is_active=False)
    with pytest.raises(DomainError, match="last active admin"):
        actions.anonymize(last, actor=make.agent())


def test_nobody_is_anonymized_twice_or_comes_back(zaphira, boss):
    actions.anonymize(zaphira, actor=boss)
    with pytest.raises(DomainError, match="already"):
        actions.anonymize(zaphira, actor=boss)
    with pytest.raises(DomainError, match="nobody knows any more"):
        people.reactivate(zaphira, actor=boss)
    with pytest.raises(DomainError, match="nobody knows any more"):
        people.rename(zaphira, NAME, actor=boss)
    with pytest.raises(DomainError, match="nobody knows any more"):
        moving.change_address(zaphira, LOGIN, actor=boss)
    with pytest.raises(DomainError, match="nothing to hand out"):
        actions.ask_for_export(zaphira, actor=boss)


def test_while_their_data_is_collected_they_stay(zaphira, boss):
    export = actions.ask_for_export(zaphira, actor=boss)
    with pytest.raises(DomainError, match="being collected"):
        actions.anonymize(zaphira, actor=boss)

    actions.cancel(export, actor=boss)

    assert actions.anonymize(zaphira, actor=boss).is_open


def test_anonymizing_is_not_stopped_half_way(zaphira, boss):
    begun = actions.anonymize(zaphira, actor=boss)
    with pytest.raises(DomainError, match="half-way"):
        actions.cancel(begun, actor=boss)


def test_every_table_with_words_is_swept_or_left_out_on_purpose():
    swept = {step.table.name for step in sweep.steps()}

    assert swept >= {"tickets", "comments", "events", "mails", "drafts", "invitations", "deliveries"}
    assert swept.isdisjoint(sweep.NOT_SWEPT)
