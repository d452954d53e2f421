"""What rules cost an event that none of them is for: statements and time."""

import time
from statistics import median

from sqlalchemy import select

from portal.events.deliveries import claim_next, deliver
from portal.events.models import Delivery, Event
from portal.extensions import db
from tests import factories as make
from tests.rules.conftest import chosen

HIGH = ("priority", chosen("priority", "high"))
TURNS = 40
ASKS = (
    "priority:critical type:incident",
    "category:none team:none priority>=high",
    "status:blocked waiting:supplier",
    "is:confidential -team:none",
    'title:"mail server"',
    "created<7d is:overdue",
    "project:IT assignee:me replies>3",
    "-status:open has:reply",
)


def show_to_rules():
    """The last event, also where none could be woken by it: that is what rules are compared with."""
    event = db.session.scalars(select(Event).order_by(Event.id.desc())).first()
    if db.session.get(Delivery, (event.id, "apply_rules")) is None:
        db.session.add(Delivery(event=event, ticket_id=event.ticket_id, reaction="apply_rules"))
    db.session.commit()


def next_delivery():
    """As `jobs.events.react` shows an event to `apply_rules`; other reactions cost the same either way."""
    while delivery := claim_next():
        until = delivery.lease_until
        db.session.commit()
        if delivery.reaction == "apply_rules":
            return delivery, until
        deliver(delivery, leased_until=until)
        db.session.commit()
    raise AssertionError("no event is left")


def cost(statements, requester):
    """The median of some events: how many statements showing one to the rules takes, and how long."""
    counts, times = [], []
    for _turn in range(TURNS):
        make.ticket(requester, title="Printer jam")
        db.session.commit()
        show_to_rules()
        del statements[:]
        began = time.perf_counter()
        delivery, until = next_delivery()
        deliver(delivery, leased_until=until)
        db.session.commit()
        times.append(time.perf_counter() - began)
        counts.append(len(statements))
    return median(counts), median(times[5:])  # the first ones find the plans


def test_two_hundred_rules_cost_two_statements_and_at_most_three_times_as_long(rule, statements):
    requester = make.employee()
    without = cost(statements, requester)
    for number in range(200):
        rule(ASKS[number % len(ASKS)], does=[HIGH])

    with_rules = cost(statements, requester)

    assert with_rules[0] - without[0] <= 2
    assert with_rules[1] <= 3 * without[1]
