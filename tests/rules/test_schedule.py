"""Rules that go by the clock: each moment once, also after the clock stood still."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from jobs import rules as job
from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.rules import schedule
from portal.rules.actions import edit, switch, wanted_of
from portal.rules.clocks import AfterLastReply
from portal.rules.models import MomentState, RuleKind, RuleMoment
from portal.tickets.models import Priority
from portal.tickets.tag_lists import names_of
from tests import factories as make
from tests.rules.conftest import chosen, tags

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REMIND = ("add_tags", tags("remind"))


class Watch:
    """A clock that a test sets."""

    def __init__(self, monkeypatch):
        self.now = START
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def goes_on(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def watch(monkeypatch):
    return Watch(monkeypatch)


@pytest.fixture
def by_clock(watch, rule):
    def keep(*lines, asks="", does=(REMIND,), **more):
        return rule(asks, on=lines, does=does, kind=RuleKind.SCHEDULED, **more)

    return keep


def after_reply(hours, case="unanswered"):
    return {"name": "after_reply", "values": {"hours": hours} | chosen("case", case)}


def daily(at):
    return {"name": "daily", "values": {"at": at}}


@pytest.fixture
def tick(deliver):
    """The timetable's minute has come."""

    def run():
        deliver()
        job.run_due()
        deliver()

    return run


def came_due():
    found = select(Event).where(Event.kind == Kind.RULE_CAME_DUE).order_by(Event.id)
    return list(db.session.scalars(found))


def test_a_rule_comes_due_so_long_after_the_last_reply(by_clock, watch, tick):
    by_clock(after_reply(4))
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    watch.goes_on(hours=3, minutes=59)
    tick()
    assert names_of(ticket) == []

    watch.goes_on(minutes=1)
    tick()
    watch.goes_on(hours=10)
    tick()

    (event,) = came_due()
    assert names_of(ticket) == ["remind"]
    assert event.data["due_at"] == (START + timedelta(hours=4)).isoformat()
    assert "late" not in event.data
    tagged = db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_TAGGED)).one()
    assert tagged.cause_id == event.id


def test_the_ticket_tells_why_it_ran(by_clock, watch, tick, client_for):
    by_clock(after_reply(4), asks="is:open", name="Remind us")
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    watch.goes_on(hours=30)
    tick()
    client = client_for(make.agent())

    page = client.get(f"/tickets/{ticket.key}").text
    why = client.get(f"/tickets/{ticket.key}/rules?event={came_due()[0].id}").text

    assert "and ran late" in page
    assert "Rule: Remind us" in page
    assert "A rule came due" in why
    assert "is:open" in why


def test_another_reply_begins_the_counting_anew(by_clock, watch, tick):
    by_clock(after_reply(4))
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    watch.goes_on(hours=3)
    make.reply(ticket)
    tick()
    watch.goes_on(hours=2)
    tick()
    assert came_due() == []

    watch.goes_on(hours=2)
    tick()

    assert [event.data["due_at"] for event in came_due()] == [(START + timedelta(hours=7)).isoformat()]


@pytest.mark.parametrize(("case", "runs"), [("unanswered", 0), ("any", 1)])
def test_an_answer_of_the_desk_makes_it_needless_where_that_is_wanted(by_clock, watch, tick, case, runs):
    by_clock(after_reply(4, case))
    ticket, agent = make.ticket(), make.agent()
    make.reply(ticket)
    watch.goes_on(hours=1)
    make.reply(ticket, agent)
    tick()
    watch.goes_on(hours=5)

    tick()

    assert len(came_due()) == runs


def test_after_a_standstill_it_fires_once_and_is_marked_late(by_clock, watch, tick):
    by_clock(after_reply(4))
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    watch.goes_on(hours=30)

    tick()
    tick()

    (event,) = came_due()
    assert event.data["late"] == 26 * 60


def test_a_ticket_that_does_not_fit_by_then_is_left_alone(by_clock, watch, tick):
    by_clock(after_reply(4), asks="priority:critical")
    ticket = make.ticket(priority=Priority.LOW)
    make.reply(ticket)
    tick()
    watch.goes_on(hours=5)

    tick()

    assert came_due() == []
    assert db.session.scalar(select(RuleMoment.state)) == MomentState.DONE


def test_a_time_of_the_day_is_for_all_tickets_that_fit(by_clock, watch, tick):
    """08:00 in Berlin is 07:00 UTC in winter."""
    by_clock(daily("08:00"), asks="is:open title:printer")
    hit = make.ticket(title="Printer jam")
    other, closed = make.ticket(title="Phone"), make.ticket(title="Printer", status="closed")
    tick()
    assert came_due() == []  # today's was before there was a rule

    watch.goes_on(hours=20, minutes=59)
    tick()
    assert came_due() == []
    watch.goes_on(minutes=1)
    tick()
    tick()

    assert [(event.ticket_id, event.data["due_at"]) for event in came_due()] == [
        (hit.id, "2026-11-24T07:00:00+00:00")
    ]
    assert [names_of(each) for each in (hit, other, closed)] == [["remind"], [], []]


def test_of_days_that_nothing_ran_the_last_is_made_up_for(by_clock, watch, tick):
    by_clock(daily("08:00"))
    make.ticket()
    tick()
    watch.goes_on(days=3)

    tick()
    tick()

    (event,) = came_due()
    assert event.data["due_at"] == "2026-11-26T07:00:00+00:00"
    assert event.data["late"] == 180


def test_it_comes_due_each_day(by_clock, watch, tick):
    by_clock(daily("11:00"), does=[("note", {"body": "Good morning."})])
    make.ticket()
    for _day in range(3):
        watch.goes_on(days=1)
        tick()

    assert len(came_due()) == 3


def test_two_workers_run_a_moment_once(by_clock, watch, tick, deliver):
    by_clock(daily("11:00"), does=[("note", {"body": "Once."})])
    make.ticket()
    deliver()
    watch.goes_on(days=1)

    schedule.note_times_of_day()
    schedule.note_times_of_day()
    while schedule.run_next():
        pass
    job.run_due()

    assert len(came_due()) == 1


def test_a_rule_that_was_switched_off_does_nothing_and_makes_up_for_nothing(by_clock, watch, tick):
    asleep = by_clock(daily("11:00"))
    make.ticket()
    tick()
    switch(asleep, is_enabled=False, actor=asleep.owner)
    watch.goes_on(days=1)
    tick()
    switch(asleep, is_enabled=True, actor=asleep.owner)
    tick()

    assert came_due() == []


def test_another_number_of_hours_counts_for_what_is_still_to_come(by_clock, watch, tick):
    by_it = by_clock(after_reply(4))
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    wanted = wanted_of(by_it)
    edit(by_it, type(wanted)(**vars(wanted) | {"triggers": (after_reply(8),)}), actor=by_it.owner)

    assert db.session.scalar(select(RuleMoment.due_at)) == START + timedelta(hours=8)


def test_a_rule_of_the_clock_wakes_others_but_not_itself(by_clock, rule, watch, tick, outcomes):
    by_it = by_clock(after_reply(1))
    woken = rule("tag:remind", on="changed", does=[("priority", chosen("priority", "high"))])
    ticket = make.ticket()
    make.reply(ticket)
    tick()
    watch.goes_on(hours=1)

    tick()

    (event,) = came_due()
    assert outcomes(event) == {by_it.id: "ran"}
    assert (woken.runs, ticket.priority) == (1, Priority.HIGH)


def test_an_admin_makes_a_rule_that_goes_by_the_clock(world, client_for):
    admin = make.admin()
    db.session.commit()
    form = {"name": "Morning", "owner": admin.email, "when-0-is": "daily", "when-0-at": "8:00",
            "then-0-is": "unassign"}  # fmt: skip
    client = client_for(admin)

    refused = client.post("/admin/rules/new?kind=scheduled", data=form | {"when-0-at": "noon"})
    wrong = client.post("/admin/rules/new?kind=scheduled", data=form | {"when-0-is": "note"})
    kept = client.post("/admin/rules/new?kind=scheduled", data=form | {"when-0-at": "08:00"})

    assert (refused.status_code, wrong.status_code, kept.status_code) == (422, 422, 303)
    assert "Enter a time such as 08:00." in refused.text
    assert "does not wake such a rule" in wrong.text
    assert db.session.scalar(select(func.count()).select_from(RuleMoment)) == 0


@pytest.mark.parametrize(
    ("calendar", "due"),
    [
        (None, "2026-11-20T18:00+01:00"),
        ("office", "2026-11-23T10:00+01:00"),
        ("gone", "2026-11-20T18:00+01:00"),
    ],
)
def test_hours_are_those_of_a_calendar_or_plain_ones(world, calendar, due):
    office = make.calendar(week=(((9 * 60, 17 * 60),),) * 5 + ((), ()), zone="Europe/Berlin")
    ids = {"office": str(office.id), "gone": "999999"}
    chosen = {"id": ids[calendar], "label": "Office"} if calendar else None
    friday = datetime.fromisoformat("2026-11-20T16:00+01:00")

    counted = AfterLastReply().due_from(friday, {"hours": 2, "calendar": chosen})

    assert counted == datetime.fromisoformat(due)
