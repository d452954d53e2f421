"""Who sees what, asked twice: as one SQL condition, and ticket by ticket."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.permissions import Role
from portal.tickets import actions
from portal.tickets.models import Part, Ticket
from portal.tickets.policy import Verb, may, visible_to
from tests import factories as make


@pytest.fixture
def town(world):
    ours, theirs = make.team(), make.team()
    users = {
        "employee": make.employee(),
        "stranger": make.employee(),
        "agent": make.agent(team=ours),
        "other agent": make.agent(team=theirs),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    tickets = {
        "new": make.ticket(users["employee"]),
        "ours": make.ticket(users["employee"], team=ours),
        "theirs": make.ticket(team=theirs),
        "secret of ours": make.ticket(team=ours, is_confidential=True),
        "secret of employee": make.ticket(users["employee"], team=ours, is_confidential=True),
    }
    return tickets, users


SEES = {
    "employee": {"new", "ours", "secret of employee"},
    "stranger": set(),
    "agent": {"new", "ours"},
    "other agent": {"new", "theirs"},
    "manager": {"new", "ours", "theirs"},
    "admin": {"new", "ours", "theirs", "secret of ours", "secret of employee"},
}


@pytest.mark.parametrize("who", SEES)
def test_each_sees_just_these_as_sql_and_one_by_one(town, who):
    tickets, users = town
    user = users[who]

    as_sql = set(db.session.scalars(select(Ticket.id).where(visible_to(user))))
    one_by_one = {name for name, ticket in tickets.items() if may(user, Verb.SEE, ticket)}

    assert as_sql == {tickets[name].id for name in SEES[who]}
    assert one_by_one == SEES[who]


@pytest.mark.parametrize("part", Part)
def test_any_part_lets_somebody_see_a_confidential_ticket(town, part):
    tickets, users = town
    actions.take_part(tickets["secret of ours"], users["stranger"], part)
    assert may(users["stranger"], Verb.SEE, tickets["secret of ours"])
    assert not may(users["stranger"], Verb.WORK, tickets["secret of ours"])


def test_a_ticket_given_to_another_team_is_no_longer_the_firsts(town):
    tickets, users = town
    actions.assign_team(tickets["ours"], users and make.team(), actor=None)
    assert not may(users["agent"], Verb.SEE, tickets["ours"])


def test_every_role_is_told_apart(town):
    assert set(Role) == {user.role for user in town[1].values()}
