"""What stands around a page: asked once for a page, and not at all for a fragment that shows none of it."""

import pytest

from portal.desk.actions import choose_own_columns
from portal.extensions import db
from tests import factories as make

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def agent(app):
    agent = make.agent()
    db.session.commit()
    return agent


@pytest.fixture
def asked(statements):
    """How many statements have asked for it since."""

    def asked():
        number = len([each for each in statements if "view_choices" in each or "memberships" in each])
        statements.clear()
        return number

    return asked


def test_a_page_asks_once_with_the_columns_of_its_list(client_for, agent, asked):
    client = client_for(agent)
    client.get("/queue/mine")
    asked()

    client.get("/queue/mine")
    assert asked() == 1


def test_a_fragment_asks_nothing(client_for, agent, asked):
    ticket = make.ticket()
    db.session.commit()
    client = client_for(agent)
    client.get(f"/tickets/{ticket.key}/preview", headers=FRAGMENT)
    asked()

    preview = client.get(f"/tickets/{ticket.key}/preview", headers=FRAGMENT)
    assert (preview.status_code, asked()) == (200, 0)


def test_columns_are_those_of_the_view_and_of_the_person(client_for, agent):
    choose_own_columns("mine", ["title", "organization"], user=agent)
    mate = make.agent()
    for person in (agent, mate):
        make.ticket(assignee=person)
    db.session.commit()

    def has_organization(person, path):
        return "Organization</" in client_for(person).get(path).text

    assert has_organization(agent, "/queue/mine")
    assert not has_organization(agent, "/queue/all")
    assert not has_organization(mate, "/queue/mine")


def test_a_form_that_is_refused_asks_once_for_its_page(client_for, agent, asked):
    client = client_for(agent)
    client.get("/canned-replies/new")
    asked()

    refused = client.post("/canned-replies/new", data={"name": ""})
    assert (refused.status_code, "Canned replies" in refused.text) == (422, True)
    assert asked() == 1
