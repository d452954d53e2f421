"""A file is as visible as what it was sent with."""

import pytest

from portal.attachments.models import Attachment
from portal.extensions import db
from portal.tickets import actions
from tests import factories as make
from tests.attachments.store import announce

PATHS = ("", "/download", "/thumbnail", "/preview")


def statuses(client, file):
    return {client.get(f"/attachments/{file.public_id}{path}").status_code for path in PATHS}


SEEN, HIDDEN = {200, 303}, {404}


@pytest.fixture
def ann(world):
    return make.employee(name="Ann")


def test_files_of_a_note_are_nowhere_for_the_requester(client_for, ann):
    ticket, petra = make.ticket(ann), make.agent()
    note = make.note(ticket, petra)
    secret = make.file(ticket, petra, "zebracrossing.png", comment=note, is_internal=True)
    db.session.commit()
    assert statuses(client_for(petra), secret) == SEEN
    assert "zebracrossing" in client_for(petra).get(f"/tickets/{ticket.key}").text
    client = client_for(ann)
    assert statuses(client, secret) == HIDDEN
    assert client.post(f"/attachments/{secret.public_id}/removal").status_code == 404
    for path in ("", "/timeline"):
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(f"/tickets/{ticket.key}{path}", headers=headers)
            assert (answer.status_code, "zebracrossing" in answer.text) == (200, False)


def test_that_a_file_of_a_note_was_removed_is_not_told_to_the_requester(client_for, ann):
    ticket, petra = make.ticket(ann), make.agent()
    secret = make.file(ticket, petra, "zebracrossing.png", comment=make.note(ticket, petra), is_internal=True)
    db.session.commit()
    assert client_for(petra).post(f"/attachments/{secret.public_id}/removal").status_code == 303
    assert "removed zebracrossing" in client_for(petra).get(f"/tickets/{ticket.key}").text
    assert "zebracrossing" not in client_for(ann).get(f"/tickets/{ticket.key}").text


def test_files_of_a_confidential_ticket_are_for_the_people_in_it(client_for, ann):
    ticket = make.ticket(ann, is_confidential=True)
    petra, helper, colleague = make.agent(), make.agent(), make.employee()
    actions.take_part(ticket, helper, "participant")
    kept = make.file(ticket, name="plan.png")
    db.session.commit()
    for person, wanted in ((ann, SEEN), (helper, SEEN), (petra, HIDDEN), (colleague, HIDDEN)):
        assert statuses(client_for(person), kept) == wanted, person.name


def test_files_of_another_organization_do_not_exist(client_for, world):
    house, other = make.organization(), make.organization()
    ticket = make.ticket(make.member(house))
    kept, stranger = make.file(ticket, name="plan.png"), make.member(other)
    db.session.commit()
    assert statuses(client_for(stranger), kept) == HIDDEN


def test_files_of_a_project_for_its_members_are_shut_to_other_agents(client_for, ann):
    project, petra = make.project(key="HR"), make.agent()
    project.members_only = True
    ticket = make.ticket(ann, project=project)
    kept = make.file(ticket, name="plan.png")
    secret = make.file(ticket, make.admin(), "plan.png", comment=make.note(ticket), is_internal=True)
    db.session.commit()
    assert statuses(client_for(petra), kept) == HIDDEN

    actions.take_part(ticket, petra, "participant")
    db.session.commit()

    assert statuses(client_for(petra), kept) == SEEN
    assert statuses(client_for(petra), secret) == HIDDEN


def test_what_somebody_is_about_to_send_is_theirs_alone(client_for, ann):
    ticket, admin = make.ticket(ann), make.admin()
    drafted = make.file(None, ann, "plan.png", draft=f"{ticket.id}:reply")
    db.session.commit()
    assert statuses(client_for(ann), drafted) == SEEN
    assert statuses(client_for(admin), drafted) == HIDDEN
    assert drafted.public_id not in client_for(admin).get(f"/tickets/{ticket.key}").text


@pytest.mark.parametrize(
    ("draft", "answer"),
    [
        ("IT-9999:reply", 404),
        ("{key}:note", 403),
        ("{key}:all", 404),
        ("ticket:old", 404),
        ("", 404),
        ("x" * 80, 404),
    ],
)
def test_nothing_is_announced_for_what_somebody_does_not_write_on(client_for, ann, draft, answer):
    ticket = make.ticket(ann)
    db.session.commit()
    told = announce(client_for(ann), draft=draft.format(key=ticket.key))
    assert told.status_code == answer
    assert db.session.query(Attachment).count() == 0
