"""Exporting and anonymizing, as admins and the people themselves do it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs import privacy as job
from portal import clock
from portal.accounts import people
from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.privacy import actions
from portal.privacy.models import Mention, PersonJob, PersonJobState, Place
from portal.tickets.models import Ticket
from tests import factories as make


@pytest.fixture
def boss(world):
    return make.admin(name="Aylin Demir")


@pytest.fixture
def ann(boss):
    """Somebody who has left."""
    ann = make.employee(name="Ann Lindqvist")
    make.ticket(ann, title="A chair for Ann", description="Ann Lindqvist asks.")
    people.deactivate(ann, actor=boss)
    db.session.commit()
    return ann


@pytest.fixture
def client(client_for, boss):
    db.session.commit()
    return client_for(boss)


def latest():
    return db.session.scalars(select(PersonJob).order_by(PersonJob.id.desc()).limit(1)).one()


def kinds():
    return list(db.session.scalars(select(Event.kind).order_by(Event.id)))


def test_an_admin_exports_what_is_known_and_fetches_it_by_a_link_of_a_minute(client, ann):
    begun = client.post(f"/admin/people/{ann.id}/export")
    page = begun.location
    assert 'hx-trigger="every 2s"' in client.get(page).text

    job.work()
    text = client.get(page).text
    fetched = client.get(f"{page}/file")

    assert "every 2s" not in text
    assert "Download" in text
    assert fetched.status_code == 303
    assert "X-Amz-Expires=60" in fetched.location
    assert kinds()[-2:] == [Kind.EXPORT_ASKED, Kind.EXPORT_FETCHED]


def test_a_job_that_runs_says_how_far_it_is_and_when_it_is_done(client, ann, boss):
    with clock.travelling_to(clock.now() - timedelta(minutes=10)):
        begun = actions.ask_for_export(ann, actor=boss)
    begun.state, begun.done, begun.total = PersonJobState.RUNNING, 25, 100
    db.session.commit()

    text = client.get(f"/admin/person-jobs/{begun.id}").text

    assert "25 of 100 looked at" in text
    assert 'max="100" value="25"' in text
    assert "in 30 minutes" in text


def test_the_fragment_that_is_asked_for_again_is_the_panel_alone(client, ann):
    page = client.post(f"/admin/people/{ann.id}/export").location

    part = client.get(page, headers={"HX-Request": "true"}).text

    assert part.lstrip().startswith('<section class="panel" id="person-job"')


def test_an_export_is_cancelled(client, ann):
    page = client.post(f"/admin/people/{ann.id}/export").location

    client.post(f"{page}/cancel")

    assert "It was cancelled" in client.get(page).text
    assert client.get(f"{page}/file").status_code == 404


@pytest.mark.parametrize("typed", ["", "Ann", "Aylin Demir", "Ann Lindqvist!"])
def test_without_the_name_nobody_is_anonymized(client, ann, typed):
    answer = client.post(f"/admin/people/{ann.id}/anonymizing", data={"name": typed})

    assert answer.status_code == 422
    assert db.session.get_one(User, ann.id).name == "Ann Lindqvist"


def test_the_page_says_plainly_that_it_cannot_be_taken_back(client, ann):
    assert "This cannot be taken back" in client.get(f"/admin/people/{ann.id}/anonymizing").text


def test_with_the_name_the_person_is_nobody_at_once(client, ann):
    page = client.post(f"/admin/people/{ann.id}/anonymizing", data={"name": " ann  lindqvist "}).location

    person = client.get(f"/admin/people/{ann.id}").text
    assert "Ann Lindqvist" not in person + client.get(page).text
    assert f"Former user {ann.id}" in person
    assert "That cannot be taken back" in person
    assert "Activate again" not in person


@pytest.mark.parametrize("who", ["boss", "active"])
def test_a_broken_rule_is_said(client, boss, who):
    person = boss if who == "boss" else make.employee()
    db.session.commit()

    answer = client.post(f"/admin/people/{person.id}/anonymizing", data={"name": person.name})

    assert answer.status_code == 409


def test_a_failed_job_says_why_and_is_tried_again(client, ann, boss):
    begun = actions.anonymize(ann, actor=boss)
    begun.state, begun.error = PersonJobState.FAILED, "This worker may not."
    db.session.commit()
    page = f"/admin/person-jobs/{begun.id}"
    assert "This worker may not." in client.get(page).text

    client.post(f"{page}/retry")

    assert latest().state is PersonJobState.QUEUED


# What may still name somebody


@pytest.fixture
def listed(client, ann, boss):
    """A job that has left the title and a long description to decide."""
    ticket = db.session.scalars(select(Ticket).where(Ticket.requester_id == ann.id)).one()
    done = actions.anonymize(ann, actor=boss)
    done.state = PersonJobState.DONE
    for place, text in ((Place.TITLE, ticket.title), (Place.DESCRIPTION, "changed since")):
        start = text.find("Ann")
        make.make(
            Mention, job_id=done.id, place=place, ticket_id=ticket.id,
            spans=[[start, start + 3]], text_digest=_digest(text),
        )  # fmt: skip
    db.session.commit()
    return done


def _digest(text):
    return people.links.digest(text)


def mention_of(done, place):
    return db.session.scalars(select(Mention).where(Mention.job_id == done.id, Mention.place == place)).one()


def test_they_are_listed_with_what_stands_around(client, listed):
    text = client.get(f"/admin/person-jobs/{listed.id}/mentions").text

    assert "A chair for <mark>Ann</mark>" in text
    assert "This text was changed since" in text
    assert "2 texts may still name them" in client.get(f"/admin/person-jobs/{listed.id}").text


def test_one_may_stay(client, listed):
    mention = mention_of(listed, Place.TITLE)

    client.post(f"/admin/person-jobs/{listed.id}/mentions/{mention.id}/keep")

    assert "<mark>" not in client.get(f"/admin/person-jobs/{listed.id}/mentions").text
    assert client.get(f"/admin/person-jobs/{listed.id}/mentions/{mention.id}").status_code == 404
    assert mention_of(listed, Place.TITLE).ticket.title == "A chair for Ann"


def test_one_is_replaced_by_hand_and_no_event_tells_what_it_was(client, listed):
    mention = mention_of(listed, Place.TITLE)
    address = f"/admin/person-jobs/{listed.id}/mentions/{mention.id}"
    assert "A chair for Ann" in client.get(address).text

    client.post(address, data={"text": "A chair"})

    assert mention_of(listed, Place.TITLE).ticket.title == "A chair"
    told = db.session.scalars(select(Event).where(Event.kind == Kind.MENTION_DECIDED)).one()
    assert told.data["decision"] == "replaced"
    assert "chair" not in str(told.data)


@pytest.mark.parametrize(
    ("typed", "said"), [(" ", "Enter a text."), ("x" * 201, "Use at most 200 characters.")]
)
def test_a_title_stays_one(client, listed, typed, said):
    mention = mention_of(listed, Place.TITLE)

    answer = client.post(f"/admin/person-jobs/{listed.id}/mentions/{mention.id}", data={"text": typed})

    assert answer.status_code == 422
    assert said in answer.text


def test_a_description_is_rendered_anew(client, listed):
    mention = mention_of(listed, Place.DESCRIPTION)

    client.post(f"/admin/person-jobs/{listed.id}/mentions/{mention.id}", data={"text": "**Somebody** asks."})

    assert "<strong>Somebody</strong>" in mention_of(listed, Place.DESCRIPTION).ticket.description_html


@pytest.fixture
def named(listed):
    """A file whose name is still to be decided on."""
    file = make.file(make.ticket(), name="contract Ann.txt")
    made = make.make(
        Mention, job_id=listed.id, place=Place.FILE, ticket_id=file.ticket_id, attachment_id=file.id,
        spans=[[9, 12]], text_digest=_digest(file.original_filename),
    )  # fmt: skip
    db.session.commit()
    return f"/admin/person-jobs/{listed.id}/mentions/{made.id}"


def test_the_name_of_a_file_is_replaced_by_hand_and_ends_as_before(client, listed, named):
    assert "contract <mark>Ann</mark>.txt" in client.get(f"/admin/person-jobs/{listed.id}/mentions").text
    assert "contract Ann.txt" in client.get(named).text

    answer = client.post(named, data={"text": "contract.exe"})
    assert answer.status_code == 422
    assert "The name has to end with .txt, as it does now." in answer.text

    assert client.post(named, data={"text": " a/contract\n.txt "}).status_code == 303
    assert mention_of(listed, Place.FILE).attachment.original_filename == "contract .txt"


def test_a_file_keeps_a_name(client, named):
    assert client.post(named, data={"text": "///"}).status_code == 422


def test_the_list_asks_as_much_with_twenty(client, listed, statements):
    def asked():
        statements.clear()
        client.get(f"/admin/person-jobs/{listed.id}/mentions")
        return len(statements)

    asked()
    few = asked()
    for _ in range(20):
        ticket = make.ticket(title="For Ann")
        make.make(
            Mention, job_id=listed.id, place=Place.TITLE, ticket_id=ticket.id, spans=[[4, 7]],
            text_digest=_digest("For Ann"),
        )  # fmt: skip
    db.session.commit()

    assert asked() == few


# One's own


def test_everybody_gets_their_own(client_for, world):
    zoe = make.employee(name="Zoe")
    db.session.commit()
    client = client_for(zoe)
    assert "Collect my data" in client.get("/account/export").text

    client.post("/account/export/begin")
    assert "every 2s" in client.get("/account/export").text
    job.work()

    assert "Download" in client.get("/account/export").text
    assert client.get("/account/export/file").status_code == 303


def test_what_an_admin_has_collected_of_somebody_is_not_theirs_to_fetch(client_for, boss):
    zoe = make.employee()
    actions.ask_for_export(zoe, actor=boss)
    db.session.commit()
    job.work()
    db.session.rollback()

    client = client_for(zoe)

    assert "Download" not in client.get("/account/export").text
    assert client.get("/account/export/file").status_code == 404


def test_one_cancels_ones_own_and_nobody_elses(client_for, boss):
    zoe = make.employee()
    other = actions.ask_for_export(make.employee(), actor=boss)
    db.session.commit()
    client = client_for(zoe)
    client.post("/account/export/begin")

    client.post("/account/export/cancel")

    assert latest().state is PersonJobState.CANCELLED
    assert db.session.get_one(PersonJob, other.id).is_open


def test_where_both_ask_each_sees_their_own(client_for, boss):
    """An admin's is running: the person's wish leads to nothing of their own, and says nothing of it."""
    zoe = make.employee()
    actions.ask_for_export(zoe, actor=boss)
    db.session.commit()
    client = client_for(zoe)

    client.post("/account/export/begin")

    assert "person-job" not in client.get("/account/export").text
