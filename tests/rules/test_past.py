"""Tickets of the past: rebuilt from events, they are what the rows were then."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.permissions import STAFF
from portal.rules.past import History, when_all_was_done
from portal.rules.recalling import histories
from portal.rules.shadow import Shadow
from portal.tickets import actions
from portal.tickets.models import Ticket
from tests import factories as make
from tests.rules.deeds import DEEDS, some_world

BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
# What no condition and no action asks: who hid a ticket and when, and what is made of other columns.
APART = {"hidden_at", "hidden_by_id", "description_html", "version", "number"}
KEPT_ELSEWHERE = {"sla_state", "sla_target", "sla_warn_at", "sla_due_at"}


def row_of(ticket):
    db.session.flush()
    row = db.session.execute(text("SELECT * FROM tickets WHERE id = :id"), {"id": ticket.id}).mappings().one()
    return {name: value for name, value in row.items() if name not in APART | KEPT_ELSEWHERE}


def parts_of(ticket):
    parts = text("SELECT user_id, part FROM ticket_people WHERE ticket_id = :id")
    return {(row.user_id, row.part) for row in db.session.execute(parts, {"id": ticket.id})}


def history_of(ticket) -> History:
    db.session.flush()
    return histories([ticket.id], Shadow("public"), is_whole=True)[ticket.id]


def staff():
    return set(db.session.scalars(select(User.id).where(User.role.in_(STAFF))))


@pytest.mark.parametrize("seed", range(12))
def test_a_ticket_after_each_click_is_what_its_row_was_then(world, seed):
    chance, now = Random(seed), BEGAN
    desk = some_world(chance)
    was = []
    with clock.travelling_to(now):
        ticket = make.ticket(requester=desk.asker, title="Printer on fire")
    for _each in range(25):
        now += timedelta(hours=chance.choice([1, 5, 30]))
        with clock.travelling_to(now):
            chance.choice(DEEDS)(ticket, desk, chance)
            was.append((now, row_of(ticket), parts_of(ticket)))
    history = history_of(ticket)

    places = {history.place_at(moment) for moment, *_ in was}
    found = history.after(places, staff())

    for moment, row, parts in was:
        then = found[history.place_at(moment)]
        assert {name: then.row[name] for name in row if name in then.row} == {
            name: value for name, value in row.items() if name in then.row
        }, moment
        assert then.parts == parts, moment


def test_what_one_click_did_belongs_together_and_what_a_rule_did_then_does_not(rule, deliver):
    with clock.travelling_to(BEGAN):
        ticket = make.ticket()
        ann = make.agent(name="Ann")
        actions.assign(ticket, ann, actor=ann)
        db.session.flush()
    rule(on="reply_by_requester", does=[("add_tags", {"tags": ["answered"]})])
    with clock.travelling_to(BEGAN + timedelta(hours=1)):
        actions.settle(ticket, actor=ann)
        db.session.flush()
    with clock.travelling_to(BEGAN + timedelta(hours=2)):
        make.reply(ticket, ticket.requester)
        deliver()
    history = history_of(ticket)
    place = next(place for place, event in enumerate(history.events) if event.kind == "comment.added")

    after = when_all_was_done(history.events, place)

    kinds = [str(event.kind) for event in history.events[place:]]
    assert kinds == ["comment.added", "ticket.status_changed", "ticket.tagged"]
    assert after == place + 1
    assert db.session.get(Ticket, ticket.id).tag_ids
