"""What was promised and is due, or late, wakes rules as anything else that happens."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.sla.raising import raise_due
from portal.tickets.models import Priority
from tests import factories as make
from tests.rules.conftest import chosen

HIGH = ("priority", chosen("priority", "critical"))


@pytest.mark.parametrize(
    ("wakes", "kind", "minutes"),
    [("sla_warned", Kind.SLA_WARNED, 55), ("sla_breached", Kind.SLA_BREACHED, 61)],
)
def test_a_rule_is_woken_once_by_what_is_due(rule, deliver, outcomes, monkeypatch, wakes, kind, minutes):
    make.policy(first=60, following=None, resolution=None)
    woken = rule(on=wakes, does=[HIGH])
    ticket = make.ticket()
    deliver()
    later = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: later)

    for _twice in range(2):
        raise_due()
        deliver()

    happened = db.session.scalars(select(Event).where(Event.ticket_id == ticket.id, Event.kind == kind)).one()
    assert outcomes(happened) == {woken.id: "ran"}
    assert (ticket.priority, woken.runs) == (Priority.CRITICAL, 1)
