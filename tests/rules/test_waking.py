"""An event is written down for the rules only where one of them could be woken by it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from portal import memory
from portal.events.kinds import Kind
from portal.events.models import Delivery, Event
from portal.extensions import db
from portal.rules.actions import edit, switch, wanted_of
from portal.rules.models import RuleKind
from portal.rules.waking import could_wake_a_rule
from portal.tickets import actions, comments
from portal.tickets.moving import move
from tests import factories as make
from tests.rules.conftest import chosen

HIGH = ("priority", chosen("priority", "high"))
HOURS_AFTER = {"name": "after_reply", "values": {"hours": 4} | chosen("case", "any")}
DAILY = {"name": "daily", "values": {"at": "08:00"}}


@pytest.fixture
def shown():
    """The kinds of the events that are to be shown to the rules, in their order."""

    def kinds():
        owed = select(Event.kind).join(Delivery, Delivery.event_id == Event.id)
        return list(db.session.scalars(owed.where(Delivery.reaction == "apply_rules").order_by(Event.id)))

    return kinds


def test_without_rules_nothing_is_written_down_for_them(world, shown):
    make.reply(make.ticket())

    assert shown() == []
    assert db.session.scalars(select(Delivery.reaction).distinct()).all() == ["notify_people"]


def test_a_rule_is_shown_what_can_wake_it_and_nothing_else(rule, shown):
    rule(does=[HIGH], on="note")
    ticket = make.ticket()
    make.reply(ticket)

    comments.add_note(ticket, "For us.", author=make.agent())

    assert shown() == [Kind.NOTE_ADDED]


def test_of_changes_only_those_of_the_fields_it_asks_for(rule, shown):
    rule(does=[HIGH], on=[{"name": "changed", "values": {"fields": ["assignee"]}}])
    ticket = make.ticket()

    actions.edit(ticket, actor=make.agent(), title="Another one")
    actions.assign(ticket, make.agent(), actor=None)

    assert shown() == [Kind.TICKET_ASSIGNED]


def test_what_happens_in_other_projects_is_not_for_it(rule, shown):
    hardware = make.project(key="HW")
    rule(does=[HIGH], on="note", project_ids=(hardware.id,))
    ticket, agent = make.ticket(), make.agent()
    comments.add_note(ticket, "Here.", author=agent)
    assert shown() == []

    move(ticket, hardware, actor=None)
    comments.add_note(ticket, "There.", author=agent)

    assert shown() == [Kind.NOTE_ADDED]


def test_a_move_is_for_the_rules_of_where_it_leads(rule, shown):
    hardware = make.project(key="HW")
    rule(does=[HIGH], on=[{"name": "changed", "values": {}}], project_ids=(hardware.id,))

    move(make.ticket(), hardware, actor=None)

    assert shown() == [Kind.TICKET_MOVED]


@pytest.mark.parametrize(("line", "kinds"), [(HOURS_AFTER, [Kind.COMMENT_ADDED]), (DAILY, [])])
def test_a_rule_by_the_clock_is_shown_what_it_counts_from(rule, shown, line, kinds):
    rule(does=[HIGH], on=[line], kind=RuleKind.SCHEDULED)

    make.reply(make.ticket())

    assert shown() == kinds


@pytest.mark.parametrize("more", [{"is_enabled": False}, {"kind": RuleKind.MACRO, "on": ()}])
def test_one_that_is_off_and_a_macro_are_shown_nothing(rule, shown, more):
    rule(does=[HIGH], **more)

    make.ticket()

    assert shown() == []


def test_one_that_is_paused_is_shown_nothing(rule, shown):
    kept = rule(does=[HIGH])
    kept.paused_at = datetime(2026, 11, 23, tzinfo=UTC)
    db.session.flush()

    make.ticket()

    assert shown() == []


def test_what_is_enabled_changed_and_disabled_counts_from_the_next_event_on(rule, shown):
    kept = rule(does=[HIGH], is_enabled=False)
    ticket, agent = make.ticket(), make.agent()
    make.ticket()

    switch(kept, is_enabled=True, actor=rule.owner)
    make.ticket()
    assert shown() == [Kind.TICKET_SUBMITTED]

    on_notes = replace(wanted_of(kept), triggers=({"name": "note", "values": {}},))
    edit(kept, on_notes, actor=rule.owner)
    make.ticket()
    comments.add_note(ticket, "For us.", author=agent)
    assert shown() == [Kind.TICKET_SUBMITTED, Kind.NOTE_ADDED]

    switch(kept, is_enabled=False, actor=rule.owner)
    comments.add_note(ticket, "For us.", author=agent)
    assert shown() == [Kind.TICKET_SUBMITTED, Kind.NOTE_ADDED]


def test_a_rule_that_another_process_enabled_is_found_after_some_seconds(rule, shown, monkeypatch):
    kept = rule(does=[HIGH], is_enabled=False)
    make.ticket()
    db.session.execute(text("UPDATE rules SET is_enabled = true WHERE id = :id"), {"id": kept.id})
    make.ticket()
    assert shown() == []

    now = memory.monotonic()
    monkeypatch.setattr(memory, "monotonic", lambda: now + memory.LIFE + 0.1)
    make.ticket()

    assert shown() == [Kind.TICKET_SUBMITTED]


def test_no_statement_is_needed_to_know_it(rule, statements):
    rule(does=[HIGH], on="note")
    ticket, requester = make.ticket(), make.employee()
    make.reply(ticket, requester)
    db.session.flush()
    del statements[:]

    make.reply(ticket, requester)
    db.session.flush()

    assert [sql for sql in statements if "FROM rules" in sql] == []


def test_what_is_half_done_is_not_written_early_to_know_it(world):
    """Who asks first after a while reads the rules anew, in the middle of whatever is being done."""
    ticket = make.ticket()
    event = db.session.scalars(select(Event).where(Event.ticket_id == ticket.id)).one()
    memory.forget_all()
    ticket.title = "Half done"

    could_wake_a_rule(event)

    assert db.session.is_modified(ticket)
