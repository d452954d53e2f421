"""At a ticket: the menu, what a reply says there, and the way back without a script."""

import re
from datetime import UTC, datetime

import pytest

from portal import clock
from portal.extensions import db
from portal.tickets.drafts import save_draft
from portal.tickets.moving import move
from tests import factories as make

HTMX = {"HX-Request": "true"}
NAMES = (
    "{{ ticket.key }}|{{ ticket.title }}|{{ ticket.status }}|{{ ticket.project }}|{{ ticket.url }}|"
    "{{ requester.name }}|{{ requester.first_name }}|{{ agent.name }}|{{ agent.first_name }}|"
    "{{ desk.name }}|{{ today }}"
)


@pytest.fixture
def agent(world):
    return make.agent(name="Petra Lindqvist")


@pytest.fixture
def ticket(agent):
    return make.ticket(make.employee(name="Ann Sørensen", locale="en"), title="Printer on fire")


def menu(client, ticket, **asked):
    return client.get(f"/tickets/{ticket.key}/canned-replies", query_string=asked, headers=HTMX)


def filled(client, ticket, reply):
    answer = client.get(f"/tickets/{ticket.key}/canned-replies/{reply.public_id}", headers=HTMX)
    return (
        answer.text.split('">', 1)[1].rsplit("</div>", 1)[0]
        if answer.status_code == 200
        else answer.status_code
    )


def begun(client, ticket, reply, place="reply"):
    page = client.get(f"/tickets/{ticket.key}", query_string={"canned": reply.public_id, "place": place}).text
    fields = re.findall(r'<textarea[^>]* id="(reply|note)-body"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL)
    return {name: text.strip() for name, text in fields}, page


def test_the_menu_has_what_this_agent_may_use_here(client_for, agent, ticket):
    mine = make.canned(agent, name="Mine")
    other = make.canned(make.agent(), name="Not mine")
    db.session.commit()

    page = menu(client_for(agent), ticket).text

    assert mine.public_id in page
    assert other.public_id not in page
    assert "Not mine" not in page


def test_an_empty_menu_says_so(client_for, agent, ticket):
    db.session.commit()

    assert "You have no canned reply for this ticket yet." in menu(client_for(agent), ticket).text


def test_each_name_says_what_it_is_at_this_ticket(client_for, agent, ticket, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    reply = make.canned(agent, body=NAMES)
    db.session.commit()

    assert filled(client_for(agent), ticket, reply) == (
        f"{ticket.key}|Printer on fire|Open|IT support|http://localhost/tickets/{ticket.key}|"
        "Ann Sørensen|Ann|Petra Lindqvist|Petra|Service desk|Nov 22, 2026"
    )


def test_what_the_requester_reads_is_in_their_language(client_for, agent, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    kaethe = make.employee(name="Käthe", locale="de", timezone="Europe/Berlin")
    reply = make.canned(agent, body="{{ ticket.status }}|{{ today }}")
    ticket = make.ticket(kaethe)
    db.session.commit()

    assert filled(client_for(agent), ticket, reply) == "Offen|23.11.2026"


def test_names_that_would_be_markup_come_out_as_text(client_for, agent):
    evil = make.employee(name="**x** [a](javascript:alert(1)) {{ agent.name }} <script>")
    reply = make.canned(agent, body="Hello {{ requester.name }}!")
    ticket = make.ticket(evil)
    db.session.commit()
    client = client_for(agent)

    text = filled(client, ticket, reply)
    assert "Petra" not in text
    assert "&lt;script&gt;" in text
    sent = begun(client, ticket, reply)[0]["reply"]
    assert sent == text

    body = r"Hello \*\*x\*\* \[a\](javascript:alert(1)) {{ agent.name }} \<script>!"
    client.post(f"/tickets/{ticket.key}/comments", data={"body": body})
    said = client.get(f"/tickets/{ticket.key}").text
    assert "<p>Hello **x** [a](javascript:alert(1)) {{ agent.name }} &lt;script&gt;!</p>" in said


def test_a_reply_that_is_not_theirs_or_not_for_this_ticket_does_not_exist(client_for, agent, ticket):
    others = make.canned(make.agent(), body="Secret.")
    elsewhere = make.canned(agent, body="Elsewhere.", project=make.project())
    db.session.commit()
    client = client_for(agent)

    for reply in (others, elsewhere):
        assert filled(client, ticket, reply) == 404
        assert begun(client, ticket, reply)[0] == {"reply": "", "note": ""}


def test_whoever_does_not_work_on_a_ticket_has_no_menu_there(client_for, world):
    shut = make.project(members_only=True)
    stranger, asked = make.agent(), make.agent()
    reply = make.canned(everyone=True, body="Words.")
    ticket = make.ticket(asked, project=shut)
    db.session.commit()

    for person in (stranger, asked):  # the second one sees it, and only follows it
        client = client_for(person)
        assert menu(client, ticket).status_code == 404
        assert client.get(f"/tickets/{ticket.key}/canned-replies").status_code == 404
        assert filled(client, ticket, reply) == 404
    page = client.get(f"/tickets/{ticket.key}?canned={reply.public_id}")
    assert page.status_code == 200
    assert "Words." not in page.text
    assert f"{ticket.key}/canned-replies" not in page.text


def test_under_a_former_key_it_leads_to_the_present_one(client_for, agent, ticket):
    old = ticket.key
    move(ticket, make.project(), actor=agent)
    db.session.commit()

    answer = client_for(agent).get(f"/tickets/{old}/canned-replies?place=note")

    assert (answer.status_code, answer.location) == (301, f"/tickets/{ticket.key}/canned-replies?place=note")


def test_without_a_script_a_page_leads_back_with_the_words_in_the_composer(client_for, agent, ticket):
    reply = make.canned(agent, name="Thanks", body="Hello {{ requester.first_name }}.")
    db.session.commit()
    client = client_for(agent)

    assert f"/tickets/{ticket.key}/canned-replies?place=note" in client.get(f"/tickets/{ticket.key}").text
    page = client.get(f"/tickets/{ticket.key}/canned-replies?place=note").text
    way = re.search(rf'href="(/tickets/{ticket.key}\?[^"]*)"[^>]*>Thanks', page)[1].replace("&amp;", "&")
    assert f"canned={reply.public_id}" in way
    assert "place=note" in way

    assert begun(client, ticket, reply, "note")[0] == {"reply": "", "note": "Hello Ann."}
    assert 'id="tab-note" aria-controls="panel-note" aria-selected="true"' in client.get(way).text
    assert begun(client, ticket, reply)[0] == {"reply": "Hello Ann.", "note": ""}


def test_a_draft_is_never_replaced(client_for, agent, ticket):
    reply = make.canned(agent, name="Thanks", body="Canned.")
    save_draft(agent, f"{ticket.key}:reply", {"body": "Half written"})
    db.session.commit()
    client = client_for(agent)

    fields, page = begun(client, ticket, reply)

    assert fields == {"reply": "Half written", "note": ""}
    assert "You have begun to write here" in page
    assert begun(client, ticket, reply, "note")[0] == {"reply": "Half written", "note": "Canned."}


def test_the_menu_costs_as_many_statements_with_many(client_for, agent, ticket, statements):
    make.canned(agent)
    db.session.commit()
    client = client_for(agent)

    def costs():
        counted = []
        for headers in (HTMX, {}):
            statements.clear()
            client.get(f"/tickets/{ticket.key}/canned-replies", headers=headers)
            counted.append(len(statements))
        return counted

    costs()  # what the desk remembers is known from now on
    few = costs()
    for _ in range(30):
        make.canned(agent)
        make.canned(everyone=True)
    db.session.commit()

    assert costs() == few
    assert max(few) <= 5


def test_a_ticket_costs_nothing_more_for_them(client_for, agent, ticket, statements):
    db.session.commit()
    client = client_for(agent)
    client.get(f"/tickets/{ticket.key}")
    statements.clear()

    client.get(f"/tickets/{ticket.key}")

    assert not [each for each in statements if "canned_replies" in each]
