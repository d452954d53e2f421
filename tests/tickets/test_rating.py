"""Whether people were satisfied: asked of the requester alone, changed within a week, told to the desk."""

from datetime import timedelta

import pytest

from portal.errors import DomainError, NotAllowed
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.privacy.anonymizing import take_identity
from portal.tickets import actions, participants, rating
from portal.tickets.models import Rating
from tests import factories as make


@pytest.fixture
def closed(world):
    """A ticket that was solved, and its requester."""
    ticket, ben = make.ticket(), make.agent(name="Ben Okafor")
    actions.settle(ticket, actor=ben)
    db.session.commit()
    return ticket


@pytest.fixture
def asker(closed, client_for):
    return client_for(closed.requester)


def rates(client, ticket, score="4", comment="", **more):
    return client.post(f"/tickets/{ticket.key}/rating", data={"score": score, "comment": comment} | more)


def page(client, ticket):
    return client.get(f"/tickets/{ticket.key}").text


def test_the_requester_is_asked_once_it_is_solved_and_sees_what_they_said(closed, asker):
    assert "How did we do?" in page(asker, closed)

    assert rates(asker, closed, "4", "Quick, but\nthe cable is short.").status_code == 303

    shown = page(asker, closed)
    assert "How did we do?" not in shown
    assert "<strong>4 of 5</strong>, satisfied" in shown
    assert "the cable is short." in shown
    assert closed.rating == 4


def test_an_open_ticket_is_not_asked_about(world, client_for):
    ticket = make.ticket()
    db.session.commit()
    client = client_for(ticket.requester)

    assert "How did we do?" not in page(client, ticket)
    answer = rates(client, ticket)
    assert (answer.status_code, "once the request is solved" in answer.text) == (409, True)


def test_it_can_be_changed_for_seven_days_even_if_it_was_reopened(closed, asker):
    rates(asker, closed, "2", "Slow.")
    actions.reopen(closed, actor=closed.requester)
    db.session.commit()

    assert rates(asker, closed, "5", "They came back at once.").status_code == 303
    found = db.session.get(Rating, closed.id)
    assert (closed.rating, found.score, found.comment) == (5, 5, "They came back at once.")

    found.created_at -= timedelta(days=7)
    db.session.commit()
    answer = rates(asker, closed, "1")
    assert (answer.status_code, "can be changed for 7 days" in answer.text) == (409, True)
    assert "Change rating" not in page(asker, closed)
    assert closed.rating == 5


def test_the_desk_reads_it_and_its_history(closed, asker, client_for):
    rates(asker, closed, "2", "Slow.")
    rates(asker, closed, "3", "Slow.")
    shown = page(client_for(make.agent()), closed)

    assert "Satisfaction" in shown
    assert "Slow." in shown
    assert "changed the rating from 2 to <b>3 of 5</b>" in shown
    assert "Send rating" not in shown


def test_of_the_others_who_follow_it_nobody_is_asked_or_told(closed, asker, client_for):
    colleague = make.employee()
    participants.add_participant(closed, colleague, actor=closed.requester)
    db.session.commit()
    rates(asker, closed, "2", "Slow.")
    theirs = client_for(colleague)

    shown = page(theirs, closed)
    assert not any(word in shown for word in ("Slow.", "2 of 5", "How did we do?"))
    assert rates(theirs, closed).status_code == 403
    with pytest.raises(NotAllowed):
        rating.rate(closed, 5, "", by=make.admin())


def test_who_does_not_see_the_ticket_finds_nothing(closed, client_for):
    assert rates(client_for(make.employee()), closed).status_code == 404


@pytest.mark.parametrize(
    ("score", "comment"), [("", ""), ("0", ""), ("6", ""), ("five", ""), ("1.5", ""), ("5", "x" * 2001)]
)
def test_what_is_none_is_refused_and_the_words_are_kept(closed, asker, score, comment):
    answer = rates(asker, closed, score, comment or "Slow.")

    assert answer.status_code == 422
    assert (comment or "Slow.") in answer.text
    assert closed.rating is None


def test_the_same_again_is_no_second_event(closed, asker):
    rates(asker, closed, "4", "Good.")
    rates(asker, closed, "4", "Good indeed.")

    events = db.session.query(Event).filter_by(ticket_id=closed.id, kind=Kind.TICKET_RATED).all()
    assert [event.data["changes"]["rating"]["new"]["id"] for event in events] == [4]
    assert not events[0].is_public
    assert db.session.get(Rating, closed.id).comment == "Good indeed."


def test_filters_find_the_dissatisfied(closed, asker, client_for):
    rates(asker, closed, "2")
    client = client_for(make.agent())

    assert closed.key in client.get("/queue/all", query_string={"q": "rating<=2"}).text
    assert closed.key not in client.get("/queue/all", query_string={"q": "rating>2"}).text


def test_the_words_go_with_their_author_and_the_number_stays(closed, asker):
    rates(asker, closed, "1", "I, Ann, was let down.")
    take_identity(closed.requester)
    db.session.flush()

    assert db.session.query(Rating).count() == 0
    assert closed.rating == 1
    assert rating.rating_of(closed) is None


def test_only_a_number_that_is_one_is_stored(closed):
    with pytest.raises(DomainError):
        rating.rate(make.ticket(closed.requester), 3, "", by=closed.requester)
