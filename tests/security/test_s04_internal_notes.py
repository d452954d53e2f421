"""What the desk writes for itself is nowhere for the person who asked."""

from sqlalchemy import select

from portal.events.models import Event
from portal.extensions import db
from portal.outbox_mail.models import Mail
from tests import factories as make

SECRET = "zebracrossing"


def test_the_words_of_a_note_reach_no_answer_an_employee_gets(app, world, client_for, queue):
    ann, petra = make.employee(name="Ann"), make.agent(name="Petra")
    ticket = make.ticket(ann, assignee=petra)
    make.note(ticket, author=petra, body=f"{SECRET} is what we say")
    db.session.commit()
    queue.run()
    client = client_for(ann)
    note = db.session.scalar(select(Event.id).where(Event.kind == "note.added"))
    pages = [f"/tickets/{ticket.key}", f"/tickets/{ticket.key}/timeline",
             f"/tickets/{ticket.key}/timeline?before=999999",
             "/", "/tickets?show=all", "/notifications", "/tickets/new"]  # fmt: skip

    for headers in ({}, {"HX-Request": "true"}):
        for path in pages:
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert SECRET not in answer.text, path
            assert f'event-{note}"' not in answer.text, path
    assert not [mail for mail in db.session.scalars(select(Mail)) if SECRET in mail.body + mail.subject]


def test_searching_for_the_words_of_a_note_does_not_tell_that_they_are_there(world, client_for):
    ann = make.employee()
    ticket = make.ticket(ann)
    make.note(ticket, body=SECRET)
    make.reply(ticket, body="public words")
    db.session.commit()
    client = client_for(ann)

    assert f"/tickets/{ticket.key}" not in client.get("/tickets", query_string={"q": SECRET}).text
    assert f"/tickets/{ticket.key}" in client.get("/tickets", query_string={"q": "public"}).text
    assert f"/tickets/{ticket.key}" not in client.get("/tickets", query_string={"q": f"public {SECRET}"}).text


def test_somebody_who_left_the_desk_reads_notes_no_more(world, client_for):
    petra = make.agent()
    ticket = make.ticket(petra)
    make.note(ticket, body=SECRET)
    petra.role = "employee"
    db.session.commit()

    answer = client_for(petra).get(f"/tickets/{ticket.key}")

    assert answer.status_code == 200
    assert SECRET not in answer.text
