import re

import pytest
from sqlalchemy import select

from jobs import events as job
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.models import Notification
from portal.notifications.queries import MANY, unread_count
from portal.permissions import Role
from portal.tickets import actions
from portal.tickets.models import Part, TicketPerson, WaitingFor
from tests import factories as make


@pytest.fixture
def told(app, world, queue):
    """A ticket of Ann's that Petra has, with everything so far told and read."""
    ann, petra = make.employee(name="Ann"), make.agent(name="Petra")
    ticket = make.ticket(ann, assignee=petra)
    db.session.commit()
    queue.run()
    for row in db.session.scalars(select(Notification)):
        row.read_at = row.created_at
    db.session.commit()
    return ticket, ann, petra


def test_a_reply_is_told_to_everyone_concerned_but_its_author(told, queue):
    ticket, ann, petra = told
    ben = make.agent()
    actions.watch(ticket, ben)
    make.reply(ticket, petra)
    db.session.commit()
    queue.run()
    assert (unread_count(ann), unread_count(ben), unread_count(petra)) == (1, 1, 0)


def test_a_note_is_told_to_the_desk_alone(told, queue, client_for):
    ticket, ann, petra = told
    make.note(ticket, make.agent(), body="Secret words")
    db.session.commit()
    queue.run()
    assert (unread_count(ann), unread_count(petra)) == (0, 1)
    assert "note" not in client_for(ann).get("/notifications").text


def test_telling_twice_is_telling_once(told):
    ticket, ann, petra = told
    make.reply(ticket, petra)
    db.session.commit()
    job.react()
    job.react()
    assert unread_count(ann) == 1


def test_a_ticket_that_somebody_may_see_no_more_is_gone_from_their_bell(told, queue, client_for):
    ticket, ann, petra = told
    actions.take_part(ticket, petra, Part.WATCHER)
    make.reply(ticket, ann)
    db.session.commit()
    queue.run()
    assert unread_count(petra) == 1

    ticket.is_confidential = True
    for row in db.session.scalars(select(TicketPerson).where(TicketPerson.user_id == petra.id)):
        db.session.delete(row)
    db.session.commit()

    assert unread_count(petra) == 0
    assert ticket.title not in client_for(petra).get("/notifications").text


def test_whoever_has_left_the_desk_reads_no_notes_any_more(told, queue, client_for):
    ticket, _ann, petra = told
    make.note(ticket, make.agent(name="Ben"))
    db.session.commit()
    queue.run()
    assert unread_count(petra) == 1

    petra.role = Role.EMPLOYEE
    db.session.commit()

    assert unread_count(petra) == 0
    assert "Ben" not in client_for(petra).get("/notifications").text


def test_whoever_was_deactivated_is_told_nothing(told, queue):
    ticket, ann, petra = told
    ann.is_active = False
    make.reply(ticket, petra)
    db.session.commit()
    queue.run()
    assert unread_count(ann) == 0


def test_all_is_read_by_one_press(told, queue, client_for):
    ticket, ann, petra = told
    make.reply(ticket, petra)
    db.session.commit()
    queue.run()
    client = client_for(ann)
    assert "1 unread" in client.get("/notifications/bell").text
    assert client.post("/notifications/read").status_code == 303
    assert "unread" not in client.get("/notifications/bell").text


def test_the_lines_say_what_happened(told, queue, client_for):
    ticket, ann, petra = told
    actions.change_status(ticket, make.status("in_progress"), actor=petra)
    actions.change_status(ticket, make.status("blocked"), actor=petra, waiting_for=WaitingFor.REQUESTER)
    actions.assign(ticket, None, actor=make.manager(name="Mateusz"))
    actions.assign(ticket, petra, actor=petra)
    db.session.commit()
    queue.run()
    page = client_for(ann).get("/notifications").text
    assert "Petra changed the status to In progress" in page
    assert "Petra waits for your answer" in page
    assert "Mateusz passed it on" in page
    assert "Petra took it on" in page


def test_the_bell_counts_no_further_than_it_shows(told):
    ticket, ann, _petra = told
    for _turn in range(MANY + 20):
        make.reply(ticket, ann)
    for event_id in db.session.scalars(select(Event.id).where(Event.kind == Kind.COMMENT_ADDED)):
        db.session.add(Notification(recipient_id=ann.id, event_id=event_id, ticket_id=ticket.id))
    db.session.flush()
    assert unread_count(ann) == MANY


def test_a_page_of_notifications_needs_the_same_statements_with_3_and_with_60(told, client_for, statements):
    ticket, ann, petra = told
    client, counts = client_for(ann), []
    client.get("/notifications")
    for number in (3, 57):
        for _turn in range(number):
            make.reply(ticket, petra)
        db.session.commit()
        job.react()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        page = client.get("/notifications")
        counts.append(len(statements))
    assert "Older" in page.text
    assert counts[0] == counts[1] <= 8


def test_a_new_person_reads_what_the_page_is_for(client_for):
    assert "Nothing new" in client_for(make.employee()).get("/notifications").text


def test_what_somebody_does_not_want_rings_no_bell_but_others(told, queue, client_for):
    ticket, ann, petra = told
    client = client_for(ann)
    client.post("/account/notices", data={"rings": [Kind.STATUS_CHANGED.value]})
    assert 'value="comment.added"' in client.get("/account").text
    actions.watch(ticket, ben := make.agent())
    make.reply(ticket, petra)
    db.session.commit()
    queue.run()
    assert (unread_count(ann), unread_count(ben)) == (0, 1)

    make.walk(ticket, "in_progress", actor=petra)
    db.session.commit()
    queue.run()
    assert unread_count(ann) == 1


def test_the_choice_is_kept_and_offers_what_can_ring_at_all(client_for, world):
    ann, petra = make.employee(), make.agent()
    db.session.commit()
    for person, sees_notes in ((ann, False), (petra, True)):
        client = client_for(person)
        assert ('value="note.added"' in client.get("/account").text) == sees_notes
        client.post("/account/notices", data={"rings": ["comment.added"]})
        page = client.get("/account").text
        assert re.search(r'checked[^>]*value="comment.added"', page)
        assert not re.search(r'checked[^>]*value="status.changed"', page)
    answer = client.post("/account/notices", data={"rings": ["no.such.thing"]})
    assert answer.status_code == 422
