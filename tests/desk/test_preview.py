"""The ticket beside a list: what it shows to whom, what it costs, and what counts as read."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal import clock
from portal.attachments.models import State
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.models import Notification
from portal.tickets import deadlines, tagging, triage
from portal.tickets.merging import merge
from portal.tickets.moving import move
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def petra(world):
    return make.agent(name="Petra Lindqvist", team=make.team(name="Network"))


@pytest.fixture
def ticket(petra):
    made = make.ticket(make.employee(name="Ann Sørensen"), title="VPN drops", description="Since **Monday**.")
    db.session.commit()
    return made


@pytest.fixture
def look(client_for):
    """The pane's part for this reader."""

    def look(reader, key, query=""):
        db.session.commit()
        return client_for(reader).get(f"/tickets/{key}/preview{query}", headers=HTMX)

    return look


def pane_of(page):
    """What stands beside the list."""
    return re.search(r'id="preview" (.*?)<template id="preview-gone">', page.text, re.DOTALL)[1]


def text_of(answer):
    """What one reads, without the tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_it_says_what_the_ticket_is_about_and_what_was_said_last(petra, ticket, look):
    for number in range(4):
        make.reply(ticket, body=f"Reply {number}")
    make.note(ticket, petra, body="It is the *old* gateway.")
    tagging.change_tags(ticket, ["vpn"], actor=petra)
    deadlines.set_due(ticket, clock.now().replace(year=2020), actor=petra)

    shown = look(petra, ticket.key)

    words = text_of(shown)
    for word in (ticket.key, "VPN drops", "Open", "Medium", "Ann Sørensen", "Nobody yet", "No team yet",
                 "vpn", "Overdue", "Since Monday", "Internal note", "old gateway", "2 earlier"):  # fmt: skip
        assert word in words
    assert "<strong>Monday</strong>" in shown.text
    assert '<article class="entry is-note">' in shown.text
    assert words.index("old gateway") < words.index("Reply 3") < words.index("Reply 2")
    assert "Reply 1" not in words


def test_files_are_shown_in_their_state_and_none_can_be_taken_away(petra, ticket, look):
    make.file(ticket, name="error.log")
    said = make.reply(ticket, body="See this.")
    make.file(ticket, name="virus.exe", comment_id=said.id, scanned_status=State.INFECTED, clean_key=None)

    shown = look(petra, ticket.key)

    assert 'data-state="CLEAN"' in shown.text
    assert 'data-state="INFECTED"' in shown.text
    assert "Remove" not in shown.text


def test_who_only_follows_a_ticket_of_a_shut_project_reads_no_more_than_on_its_page(petra, look):
    hr = make.project("HR", members_only=True)
    ticket = make.ticket(petra, project=hr, title="My contract")
    make.note(ticket, make.admin(), body="She asks for too much.")
    said = make.note(ticket, make.admin(), body="")
    make.file(ticket, name="salaries.xlsx", comment_id=said.id, is_internal=True)
    make.reply(ticket, make.admin(), body="We look at it.")
    tagging.change_tags(ticket, ["delicate"], actor=None)
    deadlines.set_due(ticket, clock.now(), actor=None)

    words = text_of(look(petra, ticket.key))

    assert "My contract" in words
    assert "We look at it." in words
    for word in ("too much", "salaries", "delicate", "Overdue", "Due", "earlier", "Note"):
        assert word not in words


def test_what_is_hidden_is_not_there(petra, ticket, look, client_for):
    ticket.team_id = make.team().id
    db.session.commit()

    assert look(petra, ticket.key).status_code == 404
    pages = [client_for(petra).get(f"/queue?preview={key}") for key in (ticket.key, "IT-9999")]
    for page in pages:
        assert page.status_code == 200
        assert "Not here any more" in pane_of(page)
        assert "VPN drops" not in page.text
    assert client_for(make.employee()).get(f"/tickets/{ticket.key}/preview").status_code == 403


def test_the_address_of_a_list_says_what_is_beside_it(petra, ticket, client_for):
    page = client_for(petra).get(f"/queue?preview={ticket.key.lower()}")
    assert f'data-previewed="{ticket.key}"' in page.text
    assert f'class="ticket-row is-medium is-here" id="row-{ticket.key}"' in page.text
    assert 'aria-pressed="true"' in page.text

    closed = client_for(petra).get("/queue")
    assert "data-previewed" not in closed.text
    assert 'aria-pressed="false"' in closed.text
    assert f'form="previewing" name="preview" value="{ticket.key}" aria-label' in closed.text


def test_the_list_that_fetches_itself_anew_knows_of_no_pane(petra, ticket, client_for):
    table = client_for(petra).get(f"/queue?preview={ticket.key}", headers=HTMX)
    assert 'id="tickets"' in table.text
    assert "is-here" not in table.text
    assert "preview=" not in table.text


@pytest.mark.parametrize("typed", ["x", "IT-0", "%F0%9F", "IT-1%20", "/etc", "IT-" + "9" * 40])
def test_what_is_no_key_is_as_if_it_were_not_there(petra, ticket, client_for, typed):
    page = client_for(petra).get(f"/queue?preview={typed}")
    assert page.status_code == 200
    assert "Not here any more" not in pane_of(page)
    assert 'aria-pressed="false"' in page.text


def test_a_board_has_no_pane(petra, ticket, client_for):
    page = client_for(petra).get(f"/queue?layout=board&preview={ticket.key}")
    assert 'id="preview"' not in page.text
    assert "data-previews" not in page.text


def test_a_former_key_leads_to_the_ticket(petra, ticket, look, client_for):
    move(ticket, make.project("HR"), actor=petra)
    db.session.commit()

    assert look(petra, "IT-1", "?stays=1&from=inbox").location == "/tickets/HR-1/preview?stays=1&from=inbox"
    assert 'data-previewed="HR-1"' in client_for(petra).get("/queue?preview=IT-1").text


def test_what_was_merged_into_it_is_read_with_it(petra, ticket, look):
    other = make.ticket(title="VPN again")
    make.reply(other, body="Mine too.")
    db.session.commit()
    merge(other, into=ticket, actor=petra)

    words = text_of(look(petra, ticket.key))

    assert f"{other.key} " in words
    assert "Mine too." in words


def test_opened_by_itself_the_part_is_the_tickets_page(petra, ticket, client_for):
    db.session.commit()
    answer = client_for(petra).get(f"/tickets/{ticket.key}/preview")
    assert (answer.status_code, answer.location) == (303, f"/tickets/{ticket.key}")


def test_without_a_script_the_form_of_the_pane_keeps_the_list_as_it_is(petra, ticket, client_for):
    page = client_for(petra).get(f"/queue/all?q=vpn&sort=id&preview={ticket.key}")
    form = re.search(
        r'<form id="previewing" method="get" action="/queue/all" hidden>(.*?)</form>', page.text, re.DOTALL
    )[1]
    assert dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) == {"q": "vpn", "sort": "id"}


def test_a_filter_that_is_put_in_order_keeps_the_pane(petra, ticket, client_for):
    moved = client_for(petra).get(f"/queue?q=PRIO:>=High&preview={ticket.key}")
    assert moved.location.endswith(f"/queue?q=priority%3E%3Dhigh&preview={ticket.key}")


def test_it_is_decided_on_in_the_inbox_alone(petra, ticket, look, client_for):
    decline = f"/tickets/{ticket.key}/triage/decline?from=inbox"
    assert decline in look(petra, ticket.key, "?from=inbox").text
    assert decline not in look(petra, ticket.key).text
    assert client_for(petra).get(f"/queue/triage?preview={ticket.key}").text.count(decline) == 2 * 2
    triage.accept(ticket, actor=petra)
    assert decline not in look(petra, ticket.key, "?from=inbox").text


def test_a_long_description_is_folded_where_something_was_said_after_it(petra, ticket, look):
    ticket.description = ticket.description_html = "word " * 200
    assert "Show all of it" not in look(petra, ticket.key).text
    make.reply(ticket)
    assert "Show all of it" in look(petra, ticket.key).text


@pytest.fixture
def unread(petra, ticket):
    event = db.session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)).first()
    db.session.add(Notification(recipient_id=petra.id, event_id=event.id, ticket_id=ticket.id))
    db.session.commit()
    return lambda: db.session.scalars(select(Notification)).one().read_at is None


def test_what_stays_for_a_moment_is_read_and_what_is_walked_past_is_not(petra, ticket, look, unread):
    look(petra, ticket.key)
    assert unread()
    assert 'hx-trigger="load delay:1s"' in look(petra, ticket.key).text
    stayed = look(petra, ticket.key, "?stays=1")
    assert not unread()
    assert f'hx-trigger="news" data-topic="ticket:{ticket.key}"' in stayed.text


def test_a_page_that_nobody_looks_at_reads_nothing(petra, ticket, unread, client_for):
    asked = f"/tickets/{ticket.key}/preview?stays=1"
    client_for(petra).get(asked, headers=HTMX | {"X-Unattended": "1"})
    assert unread()


def test_an_admin_who_sees_the_desk_as_somebody_reads_nothing_for_them(petra, ticket, unread, client_for):
    client = client_for(make.admin())
    begun = client.post(f"/admin/people/{petra.id}/view-as", data={"why": "They see no tickets."})
    assert begun.status_code == 303
    assert client.get(f"/tickets/{ticket.key}/preview?stays=1", headers=HTMX).status_code == 200
    assert unread()


def test_it_needs_few_statements_with_3_and_with_60_replies(petra, client_for, statements):
    short, long = make.ticket(), make.ticket()
    for number in range(60):
        make.reply(long, petra if number % 2 else None, body="x")
        make.file(long)
        if number < 3:
            make.reply(short, petra, body="x")
    for each in (short, long):
        tagging.change_tags(each, ["vpn"], actor=petra)
    db.session.commit()
    client = client_for(petra)
    client.get(f"/tickets/{short.key}/preview", headers=HTMX)
    counts = []
    for path in [f"/tickets/{each.key}/preview" for each in (short, long)]:
        statements.clear()
        assert client.get(path, headers=HTMX).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_a_list_without_a_pane_asks_nothing_for_it(petra, ticket, client_for, statements):
    client = client_for(petra)
    client.get("/queue")
    counts = []
    for path in ("/queue", f"/queue?preview={ticket.key}"):
        statements.clear()
        client.get(path)
        counts.append(statements[:])
    assert not any("comments" in statement for statement in counts[0])
    assert len(counts[1]) - len(counts[0]) <= 4


def test_it_speaks_german(petra, ticket, look):
    petra.locale = "de"
    make.note(ticket, petra)
    words = text_of(look(petra, ticket.key, "?from=inbox"))
    for word in ("Anfragende Person", "Zuletzt geschrieben", "Interne Notiz", "Öffnen", "Ablehnen"):
        assert word in words
