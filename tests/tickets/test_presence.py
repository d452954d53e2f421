"""Who else is at a ticket: told to the desk alone, and forgotten soon."""

from datetime import timedelta

import pytest

from portal import clock
from portal.extensions import db
from portal.gateways import presence
from tests import factories as make


@pytest.fixture
def desk(redis, world, client_for):
    """A ticket, and two agents who work on it."""
    ticket, dana, ben = make.ticket(), make.agent(name="Dana Scott"), make.agent(name="Ben Okafor")
    db.session.commit()
    return ticket, client_for(dana), client_for(ben)


def at(client, ticket, doing="viewing", tab="1"):
    return client.post(f"/tickets/{ticket.key}/presence", data={"tab": tab, "doing": doing})


def test_each_is_told_of_the_other_and_not_of_themselves(desk):
    ticket, dana, ben = desk

    assert at(dana, ticket).text.strip() == ""
    assert "Dana Scott is viewing" in at(ben, ticket).text
    told = at(dana, ticket, "reply").text
    assert "Ben Okafor is viewing" in told
    assert "Dana" not in told
    assert "Dana Scott is writing a reply" in at(ben, ticket, "note").text
    assert "Ben Okafor is writing a note" in at(dana, ticket).text


def test_the_page_says_it_too_for_those_without_a_script(desk):
    ticket, dana, ben = desk
    at(dana, ticket)

    assert "Dana Scott is viewing" in ben.get(f"/tickets/{ticket.key}").text


def test_of_two_tabs_the_one_counts_in_which_they_write(desk):
    ticket, dana, ben = desk
    at(dana, ticket, "reply", tab="1")
    at(dana, ticket, "viewing", tab="2")

    told = at(ben, ticket).text

    assert (told.count("Dana Scott"), "is writing a reply" in told) == (1, True)


def test_who_says_goodbye_is_gone_at_once_and_who_says_nothing_within_15_seconds(desk):
    ticket, dana, ben = desk
    at(dana, ticket)
    assert at(dana, ticket, "left").status_code == 204
    assert "Dana" not in at(ben, ticket).text

    at(dana, ticket)
    assert presence.LIFE + presence.BEAT < 15
    with clock.travelling_to(clock.now() + timedelta(seconds=presence.LIFE + 0.1)):
        assert "Dana" not in at(ben, ticket).text


def test_each_ticket_has_its_own(desk):
    ticket, dana, ben = desk
    other = make.ticket()
    db.session.commit()
    at(dana, ticket)

    assert "Dana" not in at(ben, other).text


def test_employees_neither_see_who_is_there_nor_are_seen(desk, client_for):
    ticket, dana, _ = desk
    at(dana, ticket)
    requester = client_for(ticket.requester)

    assert at(requester, ticket).status_code == 403
    page = requester.get(f"/tickets/{ticket.key}").text
    assert "Dana" not in page
    assert "data-presence" not in page


def test_a_ticket_that_is_not_theirs_to_see_does_not_exist(desk, client_for):
    ticket, _, ben = desk
    ticket.is_confidential = True
    db.session.commit()

    assert at(ben, ticket).status_code == 404


@pytest.mark.parametrize(
    "said", [{"tab": "1"}, {"tab": "x", "doing": "reply"}, {"tab": "1", "doing": "dancing"}]
)
def test_nonsense_is_refused(desk, said):
    ticket, dana, _ = desk

    assert dana.post(f"/tickets/{ticket.key}/presence", data=said).status_code == 422


def test_without_redis_nobody_is_told_and_nothing_breaks(desk, app, monkeypatch):
    ticket, dana, ben = desk
    at(dana, ticket)
    monkeypatch.setattr(app.extensions["patient_redis"], "_ask_again_at", float("inf"))

    assert (at(ben, ticket).status_code, at(ben, ticket).text.strip()) == (200, "")
    assert at(ben, ticket, "left").status_code == 204
    assert ben.get(f"/tickets/{ticket.key}").status_code == 200


def test_a_beat_costs_few_statements(desk, statements):
    ticket, dana, ben = desk
    at(dana, ticket)
    del statements[:]

    at(ben, ticket)

    assert len(statements) <= 5, statements
