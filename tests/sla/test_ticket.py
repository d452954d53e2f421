"""What a ticket's page, the queue and the portal say of what was promised."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs import sla as jobs
from portal import clock
from portal.extensions import db
from portal.sla.timeline import cause, timeline_of
from portal.tickets import actions
from portal.tickets.models import WaitingFor
from tests import factories as make

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # nine in Berlin


@pytest.fixture(autouse=True)
def _monday(world):
    with clock.travelling_to(MONDAY):
        yield


def at(**time):
    return clock.travelling_to(MONDAY + timedelta(**time))


def committed(thing):
    db.session.commit()
    return thing


def test_the_page_of_whoever_works_on_it_asks_for_both_clocks(client_for):
    make.policy(first=60)
    ticket = committed(make.ticket())

    page = client_for(make.agent()).get(f"/tickets/{ticket.key}")

    assert f'hx-get="/tickets/{ticket.key}/clocks"' in page.text
    assert "What was promised" in page.text


def test_a_ticket_without_a_promise_says_nothing_of_one(client_for):
    ticket = committed(make.ticket())
    client = client_for(make.agent())

    assert "/clocks" not in client.get(f"/tickets/{ticket.key}").text
    assert "no policy fits it" in client.get(f"/tickets/{ticket.key}/clocks").text


def test_its_page_needs_no_more_statements_for_that(client_for, statements):
    client = client_for(make.agent())
    plain = committed(make.ticket())
    make.policy()
    promised = committed(make.ticket())
    counted = []
    for ticket in (plain, promised, plain, promised):
        statements.clear()
        client.get(f"/tickets/{ticket.key}")
        counted.append(len(statements))

    assert counted[2] == counted[3]


def test_both_clocks_are_shown_with_what_moved_them(client_for):
    ann, ben = make.employee(name="Ann"), make.agent(name="Ben")
    make.policy("Gold", kept_by=make.calendar("Office", country="DE"), first=60, resolution=480)
    ticket = make.ticket(ann)
    with at(minutes=30):
        make.reply(ticket, ben)
    with at(hours=1):
        make.walk(ticket, "in_progress", actor=ben)
        actions.change_status(ticket, make.status("blocked"), actor=ben, waiting_for=WaitingFor.REQUESTER)
    with at(hours=2):
        make.reply(ticket, ann)
    db.session.commit()

    with at(hours=26):
        life = timeline_of(ticket)
        page = client_for(ben).get(f"/tickets/{ticket.key}/clocks")

    assert [each.label for each in life.clocks] == ["Next answer", "Solution"]
    solution = life.clocks[1]
    assert [(stage.label, cause(stage.event)) for stage in solution.stages] == [
        ("running", "Ann asked"),
        ("paused by its status", "Ben changed the status to Blocked"),
        ("running", "Ann changed the status to In progress"),
    ]
    assert {part.label for part in solution.parts} == {"running", "paused by its status", "outside hours"}
    assert all(part.event for part in solution.parts)
    for said in ("By the policy Gold and the calendar Office", "Ben changed the status to Blocked"):
        assert said in page.text


def test_a_holiday_is_a_part_of_its_own():
    make.policy(kept_by=make.calendar(country="DE"), first=600)
    with clock.travelling_to(datetime(2026, 12, 24, 10, tzinfo=UTC)):
        ticket = make.ticket()
    with clock.travelling_to(datetime(2026, 12, 28, 10, tzinfo=UTC)):
        parts = timeline_of(ticket).clocks[0].parts

    assert [part.label for part in parts if part.kind == "holiday"] == ["holiday"]


@pytest.mark.parametrize(
    ("hours", "state", "said"),
    [(0.1, "", "left, until"), (0.8, "soon", "left, until"), (3, "late", "Late since")],
)
def test_a_clock_says_how_it_stands(client_for, hours, state, said):
    make.policy(first=60, resolution=None)
    ticket = committed(make.ticket())
    with at(hours=hours):
        assert timeline_of(ticket).clocks[0].state == state
        assert said in client_for(make.agent()).get(f"/tickets/{ticket.key}/clocks").text


@pytest.mark.parametrize(
    ("minutes", "state", "said"), [(20, "kept", "Kept, after"), (90, "missed", "Missed")]
)
def test_an_answer_was_in_time_or_it_was_not(client_for, minutes, state, said):
    make.policy(first=60, resolution=None)
    ticket = make.ticket()
    with at(minutes=minutes):
        make.reply(ticket, make.agent())
    db.session.commit()
    with at(hours=2):
        assert timeline_of(ticket).clocks[0].state == state
        assert said in client_for(make.agent()).get(f"/tickets/{ticket.key}/clocks").text


def test_whoever_asked_and_strangers_see_no_clocks(client_for):
    make.policy("Gold")
    ticket = committed(make.ticket())

    assert client_for(ticket.requester).get(f"/tickets/{ticket.key}/clocks").status_code == 403
    assert "Gold" not in client_for(ticket.requester).get(f"/tickets/{ticket.key}").text
    assert client_for(make.employee()).get(f"/tickets/{ticket.key}/clocks").status_code == 403
    other = make.team()
    actions.assign_team(ticket, other, actor=None)
    db.session.commit()
    assert client_for(make.agent()).get(f"/tickets/{ticket.key}/clocks").status_code == 404


def test_whoever_asked_reads_by_when_there_is_an_answer(client_for):
    ann = make.employee(timezone="Europe/Berlin")
    make.policy(kept_by=make.calendar(), first=7 * 60 + 60)
    ticket = committed(make.ticket(ann))

    assert "First answer by Tue 10:00." in client_for(ann).get(f"/tickets/{ticket.key}").text


def test_of_what_is_late_whoever_asked_reads_no_promise(client_for):
    make.policy(first=60)
    ticket = committed(make.ticket())
    with at(hours=3):
        assert "First answer by" not in client_for(ticket.requester).get(f"/tickets/{ticket.key}").text


def test_a_list_says_it_by_a_shape_and_in_words(client_for):
    make.policy(first=60, resolution=None)
    late = make.ticket(title="Long ago")
    with at(hours=2):
        soon = make.ticket(title="Just now")
    kept = make.ticket(title="Answered")
    make.reply(kept, make.agent())
    db.session.commit()
    with at(hours=2, minutes=50):
        page = client_for(make.agent()).get("/queue?sort=sla").text

    assert page.index(f"row-{late.key}") < page.index(f"row-{soon.key}") < page.index(f"row-{kept.key}")
    for said in ("Late by 2 hr", "Soon: 10 min", "Kept"):
        assert said in page
    assert 'class="clock is-late"' in page


def test_lists_are_filtered_by_how_it_stands(client_for):
    make.policy(first=60, resolution=None)
    late = make.ticket(title="Long ago")
    with at(hours=2):
        make.ticket(title="Just now")
        db.session.commit()
        page = client_for(make.agent()).get("/queue?q=sla:breached").text

    assert "Long ago" in page
    assert "Just now" not in page
    assert late.sla_state == "running"


def test_people_who_only_follow_a_ticket_of_a_shut_project_do_not_read_its_clocks(client_for):
    shut = make.project("HR", members_only=True)
    make.policy(first=60)
    ben = make.agent()
    ticket = make.ticket(ben, project=shut, title="Mine alone")
    db.session.commit()
    with at(hours=2):
        client = client_for(ben)
        page = client.get("/queue/all").text
        found = client.get("/queue/all?q=sla:breached").text

    assert "Mine alone" in page
    assert "Late by" not in page
    assert "Mine alone" not in found
    assert ticket.sla_state == "running"


def test_the_history_tells_of_a_breach_to_the_desk_alone(client_for):
    make.policy("Gold", first=60)
    ticket = make.ticket()
    with at(hours=2):
        jobs.tell()
        db.session.commit()
        mine = client_for(make.agent()).get(f"/tickets/{ticket.key}").text
        theirs = client_for(ticket.requester).get(f"/tickets/{ticket.key}").text

    assert "is later than <b>Gold</b> promises" in mine
    assert "Gold" not in theirs
