"""What will be late: learnt at night from the clocks of tickets, told to each reader of what they work on."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from jobs import sla as jobs
from portal import clock
from portal.extensions import db
from portal.sla.forecast import Breadth
from portal.sla.models import SlaPast
from portal.sla.outlook import end_of_work, forecasts_of, outlook
from portal.sla.replay import Target
from portal.sla.timeline import timeline_of
from portal.tickets import actions, spam
from portal.tickets.models import Priority, TicketType, WaitingFor
from tests import factories as make
from tests.sla.test_calendar import calendar as hours

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # nine in Berlin
FRAGMENT = {"HX-Request": "true"}
NINE_TO_FIVE = ((9 * 60, 17 * 60),)
NARROW = "first_response:medium:-:request"


@pytest.fixture(autouse=True)
def _monday(world):
    with clock.travelling_to(MONDAY):
        yield


def at(**time):
    return clock.travelling_to(MONDAY + timedelta(**time))


def answered(minutes, *, days=7, **values):
    """A ticket of some days ago whose first answer came after so many minutes."""
    with at(days=-days):
        ticket = make.ticket(**values)
    with at(days=-days, minutes=minutes):
        make.reply(ticket, values.get("assignee") or the_desk())
    return ticket


def the_desk():
    return make.agent(name="The one who answers")


def answers(number, minutes, **values):
    return [answered(minutes, **values) for _ in range(number)]


def learnt():
    jobs.learn()
    db.session.commit()
    rows = select(SlaPast.sample, SlaPast.spent, SlaPast.is_met).order_by(SlaPast.spent, SlaPast.sample)
    return [(name, spent // 60, is_met) for name, spent, is_met in db.session.execute(rows)]


def narrow(rows, name=NARROW):
    return [row[1:] for row in rows if row[0] == name]


def chance_of(ticket, reader, target=Target.FIRST_RESPONSE):
    readings = [each.reading for each in timeline_of(ticket).clocks]
    return forecasts_of(ticket, readings, reader=reader).get(target)


def policy(**values):
    with at(days=-120):
        return make.policy(**{"first": 60, "resolution": None, "following": None} | values)


def test_at_night_it_is_learnt_how_long_promises_took():
    policy()
    answered(20)
    answered(90)
    with at(minutes=-30):
        make.ticket()

    assert narrow(learnt()) == [(20, True), (30, False), (90, True)]


def test_a_promise_is_part_of_ever_broader_groups():
    policy()
    team = make.team()
    answered(20, team=team, priority=Priority.HIGH, type=TicketType.INCIDENT)

    assert {name for name, _minutes, _is_met in learnt()} == {
        f"first_response:high:{team.id}:incident",
        f"first_response:high:{team.id}",
        "first_response:high",
    }


def test_it_is_working_time_without_what_was_paused():
    policy(kept_by=make.calendar(), first=None, resolution=600)
    ben = make.agent()
    with at(days=-7):  # Monday at nine
        ticket = make.ticket()
        make.walk(ticket, "in_progress", actor=ben)
    with at(days=-7, hours=1):
        actions.change_status(ticket, make.status("blocked"), actor=ben, waiting_for=WaitingFor.REQUESTER)
    with at(days=-6):
        make.walk(ticket, "in_progress", actor=ben)
    with at(days=-6, hours=5):  # two in the afternoon, after an hour without hours
        make.walk(ticket, "open", actor=ben)
        make.walk(ticket, "closed", actor=ben)

    assert narrow(learnt(), "resolution:medium:-:request") == [(60 + 4 * 60, True)]


def test_what_still_waits_goes_on_longer_than_that():
    policy(first=None, resolution=600)
    ben = make.agent()
    with at(hours=-5):
        ticket = make.ticket()
        make.walk(ticket, "in_progress", actor=ben)
    with at(hours=-3):
        actions.change_status(ticket, make.status("blocked"), actor=ben, waiting_for=WaitingFor.REQUESTER)

    assert narrow(learnt(), "resolution:medium:-:request") == [(120, False)]


def test_what_nobody_answered_before_it_was_closed_was_not_met():
    policy()
    with at(days=-1):
        ticket = make.ticket()
    with at(days=-1, minutes=40):
        make.walk(ticket, "closed")

    assert narrow(learnt()) == [(40, False)]


def test_spam_and_what_is_long_ago_is_no_history():
    policy()
    answered(20, days=100)
    hidden = answered(30)
    spam.mark(hidden, actor=make.agent())
    answered(40)

    assert narrow(learnt()) == [(40, True)]


def test_learning_twice_is_learning_once():
    policy()
    answered(20)

    assert learnt() == learnt()


def test_each_night_it_begins_anew():
    policy()
    ticket = answered(20)
    learnt()
    actions.edit(ticket, actor=make.agent(), priority=Priority.HIGH)

    assert narrow(learnt()) == []


def test_of_similar_tickets_the_share_that_was_late():
    policy()
    answers(20, 20)
    answers(10, 90)
    learnt()
    ticket = make.ticket()

    told = chance_of(ticket, make.manager())

    assert told.breadth is Breadth.TYPE
    assert told.chance.known == 30
    assert told.chance.late == pytest.approx(1 / 3)


def test_the_longer_it_waits_the_likelier_it_is_late():
    policy()
    answers(20, 20)
    answers(20, 90)
    learnt()
    ticket = make.ticket()

    with at(minutes=30):
        assert chance_of(ticket, make.manager()).chance.late == 1


def test_with_too_few_of_a_type_it_goes_by_the_team_and_then_by_the_priority_alone():
    policy()
    team, reader = make.team(), make.manager()
    answers(20, 20, team=team, type=TicketType.INCIDENT)
    learnt()

    mates, others = make.ticket(team=team, type=TicketType.TASK), make.ticket(team=make.team())
    urgent = make.ticket(priority=Priority.CRITICAL)

    assert chance_of(mates, reader).breadth is Breadth.TEAM
    assert chance_of(others, reader).breadth is Breadth.PRIORITY
    assert chance_of(urgent, reader).chance is None


def test_what_is_kept_or_late_needs_no_forecast():
    policy()
    kept, late = make.ticket(), make.ticket()
    make.reply(kept, make.agent())
    with at(hours=2):
        assert chance_of(kept, make.manager()) is None
        assert chance_of(late, make.manager()) is None


def test_history_that_the_reader_may_not_see_is_none():
    policy()
    ours, theirs, shut = make.team(), make.team(), make.project("HR", members_only=True)
    answers(20, 90, team=theirs)
    answers(20, 90, is_confidential=True)
    answers(20, 90, project=shut)
    learnt()
    ticket = make.ticket(team=ours)
    insider = make.agent(team=ours)
    make.project_member(shut, insider)

    assert chance_of(ticket, make.agent(team=ours)).chance is None
    assert chance_of(ticket, make.agent(team=theirs)).chance.known == 20
    assert chance_of(ticket, insider).chance.known == 20
    assert chance_of(ticket, make.manager()).chance.known == 20
    assert chance_of(ticket, make.admin()).chance.known >= 40


@pytest.fixture
def busy():
    """A desk that is late every other time, with four tickets to answer."""
    policy(first=240, kept_by=make.calendar(week=(NINE_TO_FIVE,) * 7))
    answers(10, 20)
    answers(10, 300)
    learnt()
    tickets = [make.ticket(title=f"Ticket {number}") for number in range(4)]
    db.session.commit()
    return tickets


def test_so_many_will_be_late_before_the_day_ends(busy):
    seen = outlook(make.manager())

    assert [each.ticket.title for each in seen.due] == [f"Ticket {number}" for number in range(4)]
    assert seen.until == MONDAY + timedelta(hours=8)
    assert seen.expected.number == 2
    assert seen.expected.least < 2 < seen.expected.most
    assert seen.unsaid == 0


def test_what_is_due_tomorrow_or_late_already_is_not_counted(busy):
    with at(hours=3, minutes=59):
        assert len(outlook(make.manager()).due) == 4
    with at(hours=4, minutes=30):
        make.ticket(title="Not before tomorrow")
        assert outlook(make.manager()).due == []


def test_tickets_that_the_reader_may_not_see_are_not_counted(busy):
    shut = make.project("HR", members_only=True)
    ben = make.agent(team=make.team())
    hidden = [
        make.ticket(team=make.team()),
        make.ticket(is_confidential=True),
        make.ticket(ben, project=shut),
    ]
    spam.mark(busy[0], actor=make.admin())
    db.session.commit()

    def titles(reader):
        return {each.ticket.key for each in outlook(reader).due}

    assert titles(ben) == {ticket.key for ticket in busy[1:]}
    assert titles(make.admin()) == {ticket.key for ticket in [*busy[1:], *hidden]}


def test_the_page_says_it_in_the_readers_zone_and_lists_them(busy, client_for):
    page = client_for(make.manager(timezone="Europe/Lisbon")).get("/queue/forecast").text

    assert "At the present pace, 2 tickets will be late before 16:00." in page
    assert page.count("Ticket 3") == 1
    assert "Medium, No team, Request" in page
    assert "50%" in page


def test_another_page_fetches_the_sentence_alone(busy, client_for):
    client = client_for(make.manager(timezone="Europe/Berlin"))

    fragment = client.get("/queue/forecast", headers=FRAGMENT).text
    assert "2 tickets will be late before 17:00." in fragment
    assert 'href="/queue/forecast"' in fragment
    assert "<html" not in fragment
    for page in ("/", "/queue/breaching"):
        assert 'hx-get="/queue/forecast"' in client.get(page).text


def test_without_history_it_says_so(client_for):
    policy()
    make.ticket()
    db.session.commit()

    page = client_for(make.manager()).get("/queue/forecast").text

    assert "1 ticket is due before" in page
    assert "too little history" in page
    assert "At the present pace" not in page


def test_without_a_promise_nothing_is_due_and_no_page_asks(client_for):
    make.ticket()
    db.session.commit()
    client = client_for(make.manager())

    assert "Nothing that you work on is due" in client.get("/queue/forecast").text
    assert "/queue/forecast" not in client.get("/").text


def test_whoever_only_asks_has_no_forecast(busy, client_for):
    assert client_for(busy[0].requester).get("/queue/forecast").status_code == 403


def test_the_clocks_of_a_ticket_say_what_became_of_similar_ones(busy, client_for):
    page = client_for(make.manager()).get(f"/tickets/{busy[0].key}/clocks").text

    assert "Of 20 similar cases (Medium, No team, Request) that had taken as long, 50% were late" in page


def test_a_forecast_asks_as_much_for_many_as_for_few(busy, client_for, statements):
    client, counted = client_for(make.manager()), []
    for number in (0, 12):
        for _ in range(number):
            make.ticket(priority=Priority.HIGH)
        db.session.commit()
        client.get("/queue/forecast")
        statements.clear()
        client.get("/queue/forecast", headers=FRAGMENT)
        counted.append(len(statements))

    assert counted[0] == counted[1] <= 8


def test_a_day_ends_when_the_first_calendar_ends_its_work():
    short, long = hours(week=[NINE_TO_FIVE] * 7), hours(week=[((8 * 60, 20 * 60),)] * 7)

    assert end_of_work([short, long], MONDAY) == MONDAY + timedelta(hours=8)
    assert end_of_work([short, long], MONDAY + timedelta(hours=7, minutes=30)) == MONDAY + timedelta(hours=11)
    assert end_of_work([], MONDAY) == MONDAY + timedelta(days=1)


def late_and_soon():
    """Of an hour: one is late, one is due soon, one has time; and one without a promise."""
    make.policy(first=60, resolution=None, filter="type:request")
    with at(hours=-2):
        make.ticket(title="Long ago")
    with at(minutes=-50):
        make.ticket(title="Nearly over")
    make.ticket(title="Just now")
    make.ticket(title="Whenever", type=TicketType.TASK)
    db.session.commit()


def test_what_is_breaching_is_a_queue_of_its_own_the_soonest_first(client_for):
    late_and_soon()

    page = client_for(make.agent()).get("/queue/breaching").text

    assert 0 < page.index("Long ago") < page.index("Nearly over")
    assert "Just now" not in page
    assert "Whenever" not in page


def test_it_is_counted_at_the_side(client_for):
    late_and_soon()

    side = client_for(make.agent()).get("/queue/counts", headers=FRAGMENT).text

    link = side[side.index("/queue/breaching") :]
    assert '<span class="count">2</span>' in link[: link.index("</a>")]


def test_without_a_policy_in_force_it_is_not_at_the_side(client_for):
    client = client_for(make.agent())
    assert "/queue/breaching" not in client.get("/queue").text
    made = make.policy()
    db.session.commit()
    assert "/queue/breaching" in client.get("/queue").text
    assert "/queue/breaching" in client.get("/queue/views").text

    made.is_enabled = False
    db.session.commit()

    for page in ("/queue", "/queue/views", "/queue/counts"):
        assert "/queue/breaching" not in client.get(page).text
