"""What is kept of a ticket's clocks is what a replay says, whatever happens to it and in which order."""

import random
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from jobs import sla as jobs
from jobs.sweep import sweep
from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.sla import actions as sla
from portal.sla.keeping import keep
from portal.sla.models import SlaClocks, SlaNotice, SlaRecount
from portal.sla.replay import Target
from portal.tickets import actions, comments, spam
from portal.tickets.clocked import Standing, standing_of
from portal.tickets.models import Priority, Ticket, WaitingFor
from tests import factories as make

HOUR = timedelta(hours=1)
NOTICES = (Kind.SLA_WARNED, Kind.SLA_BREACHED)


@pytest.fixture(autouse=True)
def _world(world):
    """The desk's default lifecycle, on a Monday at ten, which lasts until a test travels."""
    with clock.travelling_to(datetime(2026, 11, 23, 9, tzinfo=UTC)):
        yield


def later(**time):
    return clock.travelling_to(clock.now() + timedelta(**time))


def kept(ticket):
    db.session.flush()
    return db.session.scalar(
        select(SlaClocks).where(SlaClocks.ticket_id == ticket.id),
        execution_options={"populate_existing": True},
    )


def columns(ticket):
    return ticket.sla_state, ticket.sla_target, ticket.sla_warn_at, ticket.sla_due_at


def told(ticket):
    events = select(Event).where(Event.ticket_id == ticket.id, Event.kind.in_(NOTICES)).order_by(Event.id)
    return [(event.kind.rpartition("_")[2], event.data["target"]) for event in db.session.scalars(events)]


def reading(ticket, target):
    return next(each for each in reversed(kept(ticket).readings) if each["target"] == target)


def test_a_new_ticket_knows_by_when_its_first_answer_is_due():
    make.policy(first=60)

    ticket = make.ticket()

    assert columns(ticket) == (
        "running",
        "first_response",
        ticket.created_at + timedelta(minutes=45),
        ticket.created_at + HOUR,
    )


def test_without_a_policy_that_fits_nothing_is_promised():
    make.policy(filter="priority:critical")

    ticket = make.ticket()

    assert columns(ticket) == (None, None, None, None)
    assert kept(ticket) is None


def test_the_first_policy_that_fits_wins():
    make.policy("Urgent", first=10, filter="priority>=high")
    make.policy("Usual", first=100)

    usual, urgent = make.ticket(), make.ticket(priority=Priority.HIGH)

    assert usual.sla_due_at - usual.created_at == timedelta(minutes=100)
    assert urgent.sla_due_at - urgent.created_at == timedelta(minutes=10)


def test_a_ticket_that_comes_to_fit_another_policy_is_reckoned_by_that_from_its_beginning():
    make.policy("Urgent", first=10, filter="priority>=high")
    make.policy("Usual", first=100)
    ticket = make.ticket()

    with later(minutes=5):
        actions.edit(ticket, actor=None, priority=Priority.HIGH)

    assert ticket.sla_due_at - ticket.created_at == timedelta(minutes=10)


def test_the_desks_answer_ends_the_first_and_the_requesters_begins_the_next():
    make.policy(first=60, following=30)
    ticket, ben = make.ticket(), make.agent()

    with later(minutes=10):
        make.reply(ticket, ben)
    assert ticket.sla_target == "resolution"

    with later(minutes=20):
        make.reply(ticket, ticket.requester)
        assert ticket.sla_target == "next_response"
        assert ticket.sla_due_at - clock.now() <= timedelta(minutes=30)


def test_what_is_sent_by_itself_and_what_only_the_desk_reads_is_no_answer():
    make.policy(first=60)
    ticket, ben = make.ticket(), make.agent()

    make.note(ticket, ben)
    record(Kind.COMMENT_ADDED, actor=None, ticket=ticket, comment_id=1, side="desk")
    record(Kind.COMMENT_ADDED, actor=ben, ticket=ticket, comment_id=2, side="desk", automatic=True)

    assert ticket.sla_target == "first_response"
    make.reply(ticket, ben)
    assert ticket.sla_target == "resolution"


def test_a_reply_from_before_events_said_for_whom_it_speaks_counts_by_who_wrote_it():
    make.policy(first=60)
    ticket = make.ticket()

    record(Kind.COMMENT_ADDED, actor=ticket.requester, ticket=ticket, comment_id=1)
    assert ticket.sla_target == "first_response"
    record(Kind.COMMENT_ADDED, actor=make.agent(), ticket=ticket, comment_id=2)
    assert ticket.sla_target == "resolution"


def test_waiting_for_what_the_policy_names_pauses_and_for_anything_else_does_not():
    make.policy(first=None, following=None, resolution=60, pauses=("requester",))
    ticket = make.ticket(status="blocked")
    assert ticket.sla_state == "running"  # for something else

    actions.change_status(ticket, make.status("blocked"), actor=None, waiting_for=WaitingFor.REQUESTER)

    assert columns(ticket) == ("paused", "resolution", None, None)
    assert 0 < reading(ticket, "resolution")["left"] <= 3600


def test_a_closed_ticket_has_kept_or_missed_what_was_promised():
    make.policy(first=60, resolution=120)
    good, bad = make.ticket(), make.ticket()

    with later(minutes=30):
        make.reply(good, make.agent())
        make.walk(good, "closed")
    with later(minutes=90):
        make.walk(bad, "closed")

    assert (good.sla_state, bad.sla_state) == ("kept", "missed")
    assert good.sla_due_at is None


def test_a_reopened_ticket_goes_on_with_what_was_left():
    make.policy(first=None, following=None, resolution=120)
    ticket = make.ticket()
    with later(minutes=30):
        make.walk(ticket, "closed")

    with later(days=9):
        make.walk(ticket, "open")

        assert ticket.sla_due_at - clock.now() > timedelta(minutes=89)
        assert standing_of(ticket, clock.now()) is Standing.RUNNING


def test_spam_is_not_late():
    make.policy(first=60)
    ticket, ben = make.ticket(), make.agent()
    spam.mark(ticket, actor=ben)

    with later(hours=9):
        jobs.tell()
        assert told(ticket) == []
        spam.unmark(ticket, actor=ben)

        assert ticket.sla_due_at > clock.now()


def test_how_it_stands_depends_on_the_time_and_on_nothing_that_is_written():
    make.policy(first=60)
    ticket = make.ticket()

    stands = [standing_of(ticket, ticket.created_at + timedelta(minutes=at)) for at in (1, 50, 61)]

    assert stands == [Standing.RUNNING, Standing.SOON, Standing.BREACHED]


# Whatever happens.


def something(ticket, chance, ben):
    """One thing that can happen to a ticket, by chance."""
    step = chance.choice(["reply", "answer", "note", "priority", "status", "wait", "team", "spam"])
    if step == "status":
        make_step = chance.choice(ticket.status.next)
        actions.change_status(ticket, make_step, actor=ben, waiting_for=chance.choice(list(WaitingFor)))
    elif step == "wait" and ticket.status_category == "waiting":
        again = chance.choice(list(WaitingFor))
        actions.change_status(ticket, ticket.status, actor=ben, waiting_for=again)
    elif step == "priority":
        actions.edit(ticket, actor=ben, priority=chance.choice(list(Priority)))
    elif step == "team":
        actions.assign_team(ticket, chance.choice([None, make.team()]), actor=ben)
    elif step == "spam":
        (spam.unmark if ticket.is_spam else spam.mark)(ticket, actor=ben)
    elif step == "note":
        make.note(ticket, ben)
    elif not ticket.is_spam:
        comments.reply(ticket, "Well.", author=ben if step == "answer" else ticket.requester)


@pytest.mark.parametrize("seed", range(12))
def test_what_was_kept_step_by_step_is_what_reckoning_it_all_anew_gives(seed):
    chance, ben = random.Random(seed), make.agent()
    office = make.calendar()
    make.policy("Some", kept_by=office, first=30, resolution=90, filter="priority>=high", warn_at=50)
    make.policy("All", first=100, resolution=1000, following=None)
    ticket, hours = make.ticket(), 0
    for _number in range(15):
        hours += chance.random() * 5
        with later(hours=hours):
            something(ticket, chance, ben)
            if chance.random() < 0.3:
                jobs.tell()
    with later(hours=hours):
        jobs.tell()
        db.session.refresh(ticket)
        before = columns(ticket), kept(ticket).readings, kept(ticket).next_at
    with later(hours=hours + chance.random() * 50):
        assert keep([ticket]) == 0
        assert (columns(ticket), kept(ticket).readings, kept(ticket).next_at) == before


# Warnings and breaches.


def test_a_warning_and_a_breach_are_told_once_each():
    make.policy(first=60)
    ticket = make.ticket()

    for minutes in (44, 46, 46, 59, 61, 61, 300):
        with later(minutes=minutes):
            jobs.tell()

    assert told(ticket)[:2] == [("warned", "first_response"), ("breached", "first_response")]
    assert len(told(ticket)) == len(set(told(ticket)))


def test_they_say_what_was_promised_and_only_the_desk_reads_them():
    policy = make.policy("Gold", first=60)
    ticket = make.ticket()
    with later(minutes=61):
        jobs.tell()

    event = db.session.scalars(select(Event).where(Event.kind == Kind.SLA_BREACHED)).one()

    assert event.data == {
        "target": "first_response",
        "due_at": (ticket.created_at + HOUR).isoformat(),
        "policy": {"id": policy.id, "label": "Gold"},
        "version": 1,
    }
    assert (event.is_public, event.actor) == (False, None)


def test_the_timetable_asks_for_them_within_a_minute(queue):
    make.policy(first=60)
    ticket = make.ticket()
    db.session.commit()

    with later(minutes=61):
        sweep()
        queue.run()

    assert ("breached", "first_response") in told(ticket)


def test_what_was_due_while_nothing_ran_is_told_afterwards_although_it_was_answered_late():
    make.policy(first=60, following=None, resolution=None)
    ticket = make.ticket()
    with later(hours=2):
        make.reply(ticket, make.agent())

    with later(hours=9):
        jobs.tell()
        jobs.tell()

    assert told(ticket) == [("warned", "first_response"), ("breached", "first_response")]


def test_what_was_answered_in_time_is_never_told():
    make.policy(first=60, following=None, resolution=None)
    ticket = make.ticket()
    with later(minutes=10):
        make.reply(ticket, make.agent())

    with later(hours=9):
        jobs.tell()

    assert told(ticket) == []


def test_each_next_answer_is_told_of_by_itself():
    make.policy(first=60, following=30, resolution=None, warn_at=99)
    ticket, ben = make.ticket(), make.agent()
    make.reply(ticket, ben)
    for hours in (1, 3):
        with later(hours=hours):
            make.reply(ticket, ticket.requester)
        with later(hours=hours + 1):
            jobs.tell()
            make.reply(ticket, ben)

    assert told(ticket).count(("breached", "next_response")) == 2


def test_a_notice_is_unique_in_the_database():
    make.policy(first=60)
    ticket = make.ticket()
    with later(minutes=61):
        jobs.tell()
        first = len(told(ticket))
        kept(ticket).next_at = ticket.created_at  # as if another worker had been at it
        db.session.flush()
        jobs.tell()

    assert len(told(ticket)) == first
    assert db.session.scalar(select(func.count()).select_from(SlaNotice)) == first


def test_a_raised_priority_that_makes_it_late_is_told():
    targets = {Target.FIRST_RESPONSE: {"low": 600, "medium": 600, "high": 600, "critical": 30}}
    make.policy(targets=targets)
    ticket = make.ticket()

    with later(minutes=60):
        actions.edit(ticket, actor=None, priority=Priority.CRITICAL)
        jobs.tell()

    assert told(ticket) == [("warned", "first_response"), ("breached", "first_response")]


def test_people_of_the_desk_who_have_a_part_in_it_are_told_by_the_bell(queue, client_for):
    make.policy("Gold", first=60, following=None, resolution=None)
    petra = make.agent()
    ticket = make.ticket(assignee=petra)
    db.session.commit()
    with later(minutes=61):
        jobs.tell()
        queue.run()

    said = client_for(petra).get("/notifications").text
    assert "First answer is due soon" in said
    assert "First answer is late" in said
    assert "is late" not in client_for(ticket.requester).get("/notifications").text


def test_an_event_costs_a_few_statements_more_and_none_without_a_policy(statements):
    ben, plain = make.agent(), make.ticket()
    db.session.commit()
    counted = []
    for ticket in (plain, None):
        if ticket is None:
            make.policy()
            ticket = make.ticket()  # noqa: PLW2901, the second one has a promise
            db.session.commit()
        statements.clear()
        make.reply(ticket, ben)
        db.session.commit()
        counted.append(len(statements))

    assert counted[1] - counted[0] <= 4, counted


# Changes of what is promised.


def test_a_new_policy_holds_for_open_tickets_but_tells_nothing_of_what_was_late_before(queue):
    ticket = make.ticket()
    with later(hours=5):
        make.policy(first=60, following=None, resolution=600)
        jobs.recount()
        db.session.refresh(ticket)
        assert standing_of(ticket, clock.now()) is Standing.BREACHED
        jobs.tell()
        assert told(ticket) == []
    with later(hours=11):
        jobs.tell()

    assert told(ticket) == [("warned", "resolution"), ("breached", "resolution")]


def test_another_version_holds_from_now_on_and_repeats_nothing():
    policy = make.policy(first=60, following=None, resolution=None)
    ticket = make.ticket()
    with later(minutes=61):
        jobs.tell()
    with later(minutes=70):
        sla.edit_policy(policy, changed(policy, warn_at=60), actor=None)
        jobs.recount()
        jobs.tell()

    assert told(ticket) == [("warned", "first_response"), ("breached", "first_response")]
    assert kept(ticket).policy_version_id == policy.current.id


def changed(policy, **values):
    wanted = sla.wanted_of(policy)
    return type(wanted)(**vars(wanted) | values)


def test_what_was_due_by_the_old_version_and_not_told_yet_is_told_before_the_new_one_holds():
    policy = make.policy(first=60, following=None, resolution=None)
    ticket = make.ticket()
    with later(minutes=61):
        sla.edit_policy(policy, changed(policy, warn_at=60), actor=None)
        jobs.recount()

    assert told(ticket) == [("warned", "first_response"), ("breached", "first_response")]


def test_other_hours_move_what_is_due():
    calendar = make.calendar(week=make.ALWAYS)
    make.policy(kept_by=calendar, first=60)
    ticket = make.ticket()
    due = ticket.sla_due_at
    mornings = type(sla.calendar_of(calendar.current.definition))(
        **vars(sla.calendar_of(calendar.current.definition)) | {"week": (((0, 30),),) * 7}
    )

    with later(seconds=1):
        sla.edit_calendar(calendar, mornings, actor=None)
        jobs.recount()
    db.session.refresh(ticket)

    assert ticket.sla_due_at > due


def test_a_policy_that_is_switched_off_promises_nothing_any_more():
    policy = make.policy()
    ticket = make.ticket()

    sla.switch_policy(policy, on=False, actor=make.admin())
    jobs.recount()
    db.session.refresh(ticket)

    assert columns(ticket) == (None, None, None, None)
    assert kept(ticket) is None


def test_a_filter_that_means_nothing_any_more_holds_for_no_ticket():
    team = make.team(name="Printers")
    make.policy(filter="team:Printers")
    ticket = make.ticket(team=team)
    assert ticket.sla_state == "running"

    team.name = "Plotters"
    db.session.flush()
    actions.edit(ticket, actor=None, title="Another")

    assert ticket.sla_state is None


def test_a_walk_is_taken_up_where_it_was_left_and_a_later_one_makes_it_needless():
    tickets = [make.ticket() for _number in range(3)]
    make.policy()
    make.policy()
    walks = list(db.session.scalars(select(SlaRecount).order_by(SlaRecount.id)))
    assert [walk.finished_at is None for walk in walks] == [False, True]

    walks[-1].after_id = tickets[0].id
    jobs.recount()

    assert (walks[-1].checked, walks[-1].changed) == (2, 2)
    assert walks[-1].finished_at


def test_reckoning_all_anew_finds_nothing_to_change_and_mends_what_is_wrong(app):
    make.policy()
    first, *_others = [make.ticket().id for _number in range(3)]
    due_at = db.session.get_one(Ticket, first).sla_due_at
    db.session.commit()
    recompute = partial(app.test_cli_runner().invoke, args=["sla", "recompute"])

    assert "3 open tickets looked at, 0 were" in recompute().output
    ticket = db.session.get_one(Ticket, first)
    ticket.sla_due_at = ticket.sla_state = None
    db.session.commit()
    assert "3 open tickets looked at, 1 were" in recompute().output
    assert db.session.get_one(Ticket, first).sla_due_at == due_at


def test_what_others_remembered_for_some_seconds_is_looked_at_once_more(queue):
    ticket = make.ticket()
    make.policy()
    jobs.recount()
    db.session.refresh(ticket)
    with later(seconds=1):
        ticket.sla_state = ticket.sla_due_at = None  # as a process would leave it that knew no policy yet
        db.session.commit()
    with later(seconds=20):
        sweep()
        queue.run()
        db.session.refresh(ticket)
        assert ticket.sla_state == "running"
    with later(seconds=40):
        sweep()
        queue.run()

    assert db.session.scalar(select(SlaRecount.id).where(SlaRecount.finished_at.is_(None))) is None


def test_every_night_all_open_tickets_are_reckoned_anew(queue):
    make.policy()
    jobs.recount()
    ticket = make.ticket()
    ticket.sla_state = None
    db.session.commit()
    with later(hours=20):
        jobs.reckon()
        queue.run()
        db.session.refresh(ticket)

    assert ticket.sla_state == "running"


def test_events_without_a_ticket_have_no_clocks():
    make.policy()

    record(Kind.SETTINGS_EDITED, actor=None, changes={})
    db.session.flush()

    assert db.session.scalars(select(SlaClocks)).all() == []
