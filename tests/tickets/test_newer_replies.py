"""Two answer one ticket: the second reads what the first wrote before theirs is sent, and loses nothing."""

import pytest

from portal.extensions import db
from portal.tickets import comments
from tests import factories as make


@pytest.fixture
def desk(world, client_for):
    """A ticket, an agent's browser that has it open, and a colleague."""
    ticket, ann, ben = make.ticket(), make.agent(name="Ann Agent"), make.agent(name="Ben Okafor")
    db.session.commit()
    return ticket, client_for(ann), ben


def says(client, ticket, words="Have you restarted it?", **more):
    return client.post(f"/tickets/{ticket.key}/comments", data={"body": words, "seen_replies": "0"} | more)


def reply_of(person, ticket, words):
    comments.reply(ticket, words, author=person)
    db.session.commit()


def test_what_came_meanwhile_is_shown_and_the_words_are_kept(desk):
    ticket, client, ben = desk
    reply_of(ben, ticket, "It is the **switch**.")

    answer = says(client, ticket)

    assert answer.status_code == 409
    assert "A reply was added while you wrote. Yours was not sent yet." in answer.text
    assert "It is the <strong>switch</strong>." in answer.text
    assert "Have you restarted it?</textarea>" in answer.text
    assert ticket.reply_count == 1
    assert 'name="seen_replies" type="hidden" value="1"' in answer.text


def test_sent_again_it_goes(desk):
    ticket, client, ben = desk
    reply_of(ben, ticket, "It is the switch.")
    says(client, ticket)

    assert says(client, ticket, seen_replies="1").status_code == 303
    assert ticket.reply_count == 2


def test_one_s_own_reply_from_another_tab_and_notes_are_no_news(desk):
    ticket, client, ben = desk
    comments.add_note(ticket, "It is the switch.", author=ben)
    db.session.commit()

    assert says(client, ticket).status_code == 303
    assert says(client, ticket, "Another word.").status_code == 303


def test_a_form_that_was_sent_twice_is_sent_once_whatever_came_between(desk):
    ticket, client, ben = desk
    assert says(client, ticket, idempotency_key="abc").status_code == 303
    reply_of(ben, ticket, "It is the switch.")

    assert says(client, ticket, idempotency_key="abc").status_code == 303
    assert ticket.reply_count == 2


def test_the_requester_is_not_held_up(desk, client_for):
    ticket, _, ben = desk
    reply_of(ben, ticket, "It is the switch.")

    assert says(client_for(ticket.requester), ticket).status_code == 303


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_number_that_is_none_loses_nothing(desk, seen):
    ticket, client, _ = desk

    answer = says(client, ticket, seen_replies=seen)

    assert answer.status_code == 303 or "Have you restarted it?</textarea>" in answer.text
