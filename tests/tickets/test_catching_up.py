"""Tickets follow what was published: few at once, many by a worker; whoever changes one finds it there."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.models import Category, StatusMove
from portal.lifecycles.plan import Plan
from portal.tickets import actions, catching_up, comments
from portal.tickets.models import Ticket, WaitingFor
from tests import factories as make
from tests.lifecycles.drafts import publish

WITHOUT_BLOCKED = DEFAULT.without("blocked")


@pytest.fixture
def blocked(world):
    """Three of the default project, and one that is open."""
    petra = make.agent()
    tickets = [make.ticket(status="in_progress") for _ in range(3)]
    for ticket in tickets:
        actions.change_status(ticket, make.status("blocked"), actor=petra, waiting_for=WaitingFor.SUPPLIER)
    make.ticket()
    db.session.flush()
    return tickets


def names():
    db.session.flush()
    return [ticket.status.name for ticket in db.session.scalars(select(Ticket).order_by(Ticket.id))]


def test_few_follow_at_once_each_with_an_event_that_says_why(blocked):
    published = publish(WITHOUT_BLOCKED, targets={"blocked": "in_progress"})

    assert names() == ["in_progress"] * 3 + ["open"]
    moved = db.session.scalars(select(Event).where(Event.cause_id == published.id).order_by(Event.id)).all()
    assert [event.kind for event in moved] == [Kind.STATUS_CHANGED] * 3
    assert {event.actor_id for event in moved} == {published.actor_id}
    assert all(event.data["followed"] and event.is_public for event in moved)
    assert moved[0].data["changes"]["status"]["old"]["category"] == "waiting"
    assert {(each.waiting_for, each.status_category) for each in blocked} == {(None, "active")}
    assert db.session.scalar(select(StatusMove)).done_at


def test_many_are_left_to_a_worker_batch_by_batch(blocked, monkeypatch, queue):
    monkeypatch.setattr(catching_up, "AT_ONCE", 2)

    publish(WITHOUT_BLOCKED, targets={"blocked": "open"})
    assert names() == ["blocked"] * 3 + ["open"]

    catching_up.bring_some(at_most=2)
    assert names() == ["open", "open", "blocked", "open"]
    while catching_up.bring_some(at_most=2):
        pass
    move = db.session.scalar(select(StatusMove))
    assert (names(), move.moved, move.tickets) == (["open"] * 4, 3, 3)


def test_whoever_changes_one_meanwhile_finds_it_where_it_goes(blocked, monkeypatch, queue):
    monkeypatch.setattr(catching_up, "AT_ONCE", 0)
    publish(WITHOUT_BLOCKED, targets={"blocked": "in_progress"})
    first, second, third = blocked

    actions.change_status(first, make.status("closed"), actor=make.agent())
    comments.reply(second, "Any news?", author=second.requester)
    with pytest.raises(DomainError, match="A ticket that is In progress can become"):
        actions.change_status(third, make.status("blocked"), actor=make.agent())

    assert first.status.name == "closed"
    while catching_up.bring_some():
        pass
    assert names() == ["closed", "in_progress", "in_progress", "open"]


def test_a_status_that_means_something_else_takes_its_tickets_along(blocked):
    plan = Plan(
        tuple(
            replace(each, category=Category.ACTIVE) if each.name == "blocked" else each
            for each in DEFAULT.statuses
        ),
        DEFAULT.steps,
    )

    publish(plan)

    assert names() == ["blocked"] * 3 + ["open"]
    assert {(each.status_category, each.waiting_for) for each in blocked} == {("active", None)}


def test_closed_tickets_that_follow_stay_closed_since_then(world):
    ticket = make.ticket(status="closed")
    since = ticket.closed_at
    done = make.planned("solved", Category.DONE)
    steps = tuple(
        replace(step, start="solved" if step.start == "closed" else step.start,
                end="solved" if step.end == "closed" else step.end)
        for step in DEFAULT.steps
    )  # fmt: skip
    publish(
        Plan((*(each for each in DEFAULT.statuses if each.name != "closed"), done), steps),
        targets={"closed": "solved"},
    )

    assert (ticket.status.name, ticket.closed_at) == ("solved", since)
    of_it = select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id.desc())
    last = db.session.scalars(of_it).first()
    assert not last.is_public, "nothing has happened that whoever asked would know"


def test_a_status_that_came_back_keeps_who_has_not_left_yet(blocked, monkeypatch, queue):
    monkeypatch.setattr(catching_up, "AT_ONCE", 0)
    publish(WITHOUT_BLOCKED, targets={"blocked": "open"})
    publish(DEFAULT)

    while catching_up.bring_some():
        pass

    assert names() == ["blocked"] * 3 + ["open"]


def test_what_two_versions_in_a_row_say_is_followed_to_the_end(blocked, monkeypatch, queue):
    monkeypatch.setattr(catching_up, "AT_ONCE", 0)
    publish(WITHOUT_BLOCKED, targets={"blocked": "in_progress"})
    rest = WITHOUT_BLOCKED.without("in_progress")
    publish(rest, targets={"in_progress": "closed"})

    while catching_up.bring_some():
        pass

    assert names() == ["closed"] * 3 + ["open"]


def test_an_undo_gives_no_status_that_is_no_more(blocked):
    ticket, petra = blocked[0], make.agent()
    gone = ticket.status
    publish(WITHOUT_BLOCKED, targets={"blocked": "open"})

    actions.change_status(ticket, make.status("closed"), actor=petra)
    actions.put_back(ticket, gone, actor=petra, waiting_for=None, closed_at=None)

    assert ticket.status.name == "open"
