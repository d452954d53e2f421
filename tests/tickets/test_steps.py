"""Steps of a lifecycle: whose they are, what they ask for, and that nobody gets round it."""

import pytest

from portal import clock
from portal.bulk.acts import ACTS
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.models import Category
from portal.lifecycles.plan import Need
from portal.permissions import Role
from portal.tickets import actions, comments, spent, wishes
from portal.tickets.models import WaitingFor
from portal.tickets.steps import steps_for
from tests import factories as make
from tests.lifecycles.drafts import publish, with_step

BLOCKED, CLOSED = "blocked", "closed"
MANAGERS = {"roles": frozenset({Role.MANAGER}), "teams": frozenset(), "by_requester": False}


@pytest.fixture
def people(world):
    team = make.team(name="Closers")
    return {
        "agent": make.agent(),
        "of team": make.agent(team=team),
        "manager": make.manager(),
        "requester": make.employee(),
    }


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ({"label": "Close it"}, {"agent", "of team", "manager"}),
        (MANAGERS, {"manager"}),
        (MANAGERS | {"teams": frozenset({"Closers"})}, {"manager", "of team"}),
        ({"roles": frozenset(), "by_requester": True}, {"requester"}),
    ],
)
def test_a_step_is_taken_by_those_it_is_for_alone(people, who, may):
    publish(with_step(DEFAULT, "open", CLOSED, **who))

    for name, person in people.items():
        ticket = make.ticket(people["requester"])
        offered = [step.name for step in steps_for(ticket, person)]
        assert (CLOSED in offered) == (name in may)
        if name in may:
            actions.change_status(ticket, make.status(CLOSED), actor=person)
            assert ticket.status.name == CLOSED
            continue
        with pytest.raises(DomainError, match="You may not take the step from Open to Closed"):
            actions.change_status(ticket, make.status(CLOSED), actor=person)
        assert ticket.status.name == "open"


def test_a_refusal_names_what_they_can_do_instead(people):
    publish(with_step(DEFAULT, "open", CLOSED, **MANAGERS))

    with pytest.raises(DomainError, match="You can make it: In progress\\."):
        actions.change_status(make.ticket(), make.status(CLOSED), actor=people["agent"])


def test_nobody_gets_round_it_by_closing_with_a_reply_or_in_bulk(people):
    everything = DEFAULT
    for start in ("open", "in_progress"):
        everything = with_step(everything, start, CLOSED, **MANAGERS)
    publish(everything)
    ticket, agent = make.ticket(people["requester"]), people["agent"]
    said = comments.reply(ticket, "Done.", author=agent)

    for attempt in (
        lambda: wishes.follow_up(ticket, "close", actor=agent, said=said),
        lambda: wishes.settle(ticket, actor=agent),
        lambda: ACTS["close"].apply(ticket, {}, actor=agent),
    ):
        with pytest.raises(DomainError, match="no way leads there"):
            attempt()
    assert ticket.status.name == "open"


def test_a_way_along_steps_that_are_theirs_is_taken_though_it_is_longer(people):
    publish(with_step(DEFAULT, "open", CLOSED, **MANAGERS))
    ticket = make.ticket()

    wishes.walk(ticket, Category.DONE, actor=people["agent"])

    assert ticket.status.name == CLOSED


def test_whoever_asked_says_that_it_is_solved_whoever_may_close(people):
    publish(with_step(DEFAULT, "open", CLOSED, **MANAGERS))
    ticket = make.ticket(people["requester"])

    wishes.settle(ticket, actor=people["requester"])

    assert ticket.status.name == CLOSED


@pytest.mark.parametrize("need", list(Need))
def test_a_step_asks_for_what_is_missing_and_takes_it(world, need):
    publish(with_step(DEFAULT, "open", CLOSED, needs=frozenset({need})))
    petra, ticket = make.agent(), make.ticket(category=None)
    ticket.team = None

    with pytest.raises(DomainError, match="Before IT-1 can become Closed it needs"):
        actions.change_status(ticket, make.status(CLOSED), actor=petra)
    said = give(need, ticket, petra)
    actions.change_status(ticket, make.status(CLOSED), actor=petra, said=said)

    assert ticket.status.name == CLOSED


def give(need, ticket, petra):
    match need:
        case Need.COMMENT:
            return comments.add_note(ticket, "Looked at it.", author=petra)
        case Need.ASSIGNEE:
            actions.assign(ticket, petra, actor=petra)
        case Need.TEAM:
            actions.assign_team(ticket, make.team(), actor=petra)
        case Need.CATEGORY:
            actions.edit(ticket, actor=petra, category=make.category("VPN"))
        case Need.DUE:
            ticket.due_at = clock.now()
        case Need.TIME:
            spent.spend(ticket, 5, by=petra, on=clock.now().date(), note="")
    return None


def test_a_reply_that_closes_is_the_comment_that_closing_asks_for(world):
    publish(with_step(DEFAULT, "open", CLOSED, needs=frozenset({Need.COMMENT})))
    petra, ticket = make.agent(), make.ticket()
    said = comments.reply(ticket, "Here is how.", author=petra)

    wishes.follow_up(ticket, "close", actor=petra, said=said)

    assert ticket.status.name == CLOSED


def test_from_one_waiting_status_to_another_it_waits_for_the_same(world):
    waiting = make.planned("supplier", Category.WAITING)
    plan = type(DEFAULT)((*DEFAULT.statuses, waiting), DEFAULT.steps)
    publish(with_step(with_step(plan, BLOCKED, "supplier"), "supplier", "open"))
    petra, ticket = make.agent(), make.ticket(status="in_progress")
    actions.change_status(ticket, make.status(BLOCKED), actor=petra, waiting_for=WaitingFor.SUPPLIER)

    actions.change_status(ticket, make.status("supplier"), actor=petra)

    assert ticket.waiting_for == WaitingFor.SUPPLIER
    db.session.flush()
