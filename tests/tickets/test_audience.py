"""Who sees a ticket and why: the page says of each user what the policy says."""

import re
from html import unescape
from itertools import product

import pytest
from sqlalchemy import or_, select

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import Membership, Shares, TeamMember
from portal.tickets import actions
from portal.tickets.audience import SHOWN, audience, reasons
from portal.tickets.models import Part, Ticket
from portal.tickets.policy import keeps_sight_of, visible_in_parts, visible_to
from tests import factories as make


@pytest.fixture
def small_world(world):
    """Two teams; of each role one in none, one in each, one leading each; each kind of ticket and part.

    And of each kind of sharing an organization, with people and tickets in no department and in two.
    And a project for members only: of each of the desk some work there, and some are limited to it
    or to the other project.
    """
    teams = [make.team(name="Network"), make.team(name="HR")]
    users = []
    for role, team in product((make.employee, make.agent, make.manager, make.admin), [None, *teams]):
        users.append(role(team=team))
        if team:
            users.append(role(name=f"Lead {len(users)}"))
            make.make(TeamMember, user_id=users[-1].id, team_id=team.id, is_lead=True)
    users.append(make.agent(team=teams[0], is_active=False))
    tickets = [
        make.ticket(users[0], team=team, is_confidential=secret)
        for team, secret in product([None, *teams], (True, False))
    ]
    for shares in Shares:
        house = make.organization(shares=shares)
        rooms = [None, make.department(house), make.department(house)]
        for role, room in product((make.employee, make.agent), rooms):
            users.append(role())
            make.make(Membership, user_id=users[-1].id, organization_id=house.id, department=room)
        for room, secret in product(rooms, (True, False)):
            tickets.append(make.ticket(users[0], team=teams[0], is_confidential=secret))
            tickets[-1].organization, tickets[-1].department_id = house, room.id if room else None
    _add_a_project_for_members_only(world, teams, users, tickets)
    for place, (ticket, part) in enumerate(product(tickets, Part)):
        actions.take_part(ticket, users[(place * 5 + 1) % len(users)], part)
    db.session.commit()
    return tickets, users


def _add_a_project_for_members_only(world, teams, users, tickets):
    shut, lead = make.project("SHUT", members_only=True), make.agent(team=teams[0], is_limited=True)
    shut.lead_id = lead.id
    users.append(lead)
    for role, limited, team in product((make.agent, make.manager), (True, False), [None, *teams]):
        for projects in ([], [shut], [world], [shut, world]):
            users.append(role(team=team, is_limited=limited))
            for project in projects:
                make.project_member(project, users[-1])
    for member in users[3:13:2]:  # leads among them
        make.project_member(shut, member)
    for team, secret in product([None, *teams], (True, False)):
        tickets.append(make.ticket(users[0], team=team, is_confidential=secret, project=shut))
    tickets.append(make.ticket(users[0], team=teams[0], project=shut))
    tickets[-1].organization = tickets[-8].organization  # which shares all


def seen(user):
    return set(db.session.scalars(select(Ticket.id).where(visible_to(user))))


def test_for_every_user_the_page_answers_as_the_policy(small_world):
    tickets, users = small_world
    for ticket in tickets:
        whom = select(User.id).where(or_(*reasons(ticket).values()))
        by_page = set(db.session.scalars(whom))
        by_policy = {user.id for user in users if ticket.id in seen(user)}
        assert by_page == by_policy, (ticket.team, ticket.is_confidential)


def test_what_is_shown_are_those_who_are_active(small_world, monkeypatch):
    monkeypatch.setattr("portal.tickets.audience.SHOWN", 100)
    tickets, users = small_world
    for ticket in tickets:
        shown = {user.id for reason in audience(ticket) for user in reason.people}
        assert shown == {user.id for user in users if user.is_active and ticket.id in seen(user)}


def test_the_parts_that_are_counted_are_what_is_seen_each_ticket_once(small_world):
    _, users = small_world
    for user in users:
        parts = [list(db.session.scalars(select(Ticket.id).where(part))) for part in visible_in_parts(user)]
        together = [ticket_id for part in parts for ticket_id in part]
        assert sorted(together) == sorted(seen(user)), user.role


def test_who_keeps_sight_is_who_would_see_it_if_it_were_confidential(small_world):
    tickets, users = small_world
    kept = {(user.id, ticket.id) for user in users for ticket in tickets if keeps_sight_of(user, ticket)}
    for ticket in tickets:
        ticket.is_confidential = True
    db.session.commit()
    assert kept == {(user.id, ticket_id) for user in users for ticket_id in seen(user)}


def test_a_lead_who_has_left_the_desk_sees_nothing_of_the_team(world):
    team = make.team()
    petra = make.agent()
    make.make(TeamMember, user_id=petra.id, team_id=team.id, is_lead=True)
    secret = make.ticket(team=team, is_confidential=True)
    assert seen(petra) == {secret.id}
    petra.role = "employee"
    assert seen(petra) == set()


def test_the_page_names_people_and_their_reasons(world, client_for):
    team = make.team(name="Network")
    petra = make.agent(name="Petra", team=team)
    zoe = make.employee(name="Zoe")
    ticket = make.ticket(make.employee(name="Ann"), team=team, assignee=petra)
    actions.take_part(ticket, zoe, Part.PARTICIPANT)
    for _number in range(SHOWN + 2):
        make.agent(team=team)
    db.session.commit()

    page = unescape(client_for(petra).get(f"/tickets/{ticket.key}/people").text)

    for words in ("Requester", "Ann", "Takes part", "Zoe", "Assignee", "Works in the team Network",
                  f"and {3} others"):  # fmt: skip
        assert words in page
    assert "Admin: sees every ticket" not in page  # there is none


def test_the_page_is_the_desks_alone_and_of_no_foreign_ticket(world, client_for):
    ann = make.employee()
    ticket = make.ticket(ann, team=make.team(), is_confidential=True)
    db.session.commit()
    path = f"/tickets/{ticket.key}/people"
    assert client_for(ann).get(path).status_code == 403
    assert client_for(make.agent(team=make.team())).get(path).status_code == 404
    assert client_for(make.manager()).get(path).status_code == 404
    assert client_for(make.admin()).get(path).status_code == 200


def test_the_page_needs_the_same_statements_with_few_and_with_many(world, client_for, statements):
    team = make.team()
    petra, ticket = make.agent(team=team), make.ticket(team=team)
    db.session.commit()
    client, counts = client_for(petra), []
    for number in (1, 30):
        for _turn in range(number):
            actions.take_part(ticket, make.agent(team=team), Part.WATCHER)
        db.session.commit()
        client.get(f"/tickets/{ticket.key}/people")
        statements.clear()
        client.get(f"/tickets/{ticket.key}/people")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 13


@pytest.mark.parametrize(
    ("shares", "in_department", "secret", "told"),
    [
        (Shares.OWN, True, False, False),
        (Shares.DEPARTMENT, True, False, True),
        (Shares.DEPARTMENT, False, False, False),
        (Shares.ALL, False, False, True),
        (Shares.ALL, True, True, False),
    ],
)
def test_beside_a_ticket_stands_that_its_organization_shares_it(
    world, client_for, shares, in_department, secret, told
):
    house = make.organization(name="Acme", shares=shares)
    ticket = make.ticket(is_confidential=secret)
    ticket.organization = house
    ticket.department_id = make.department(house).id if in_department else None
    db.session.commit()
    page = client_for(make.admin()).get(f"/tickets/{ticket.key}").text
    assert ("Acme shares it with colleagues of the requester." in page) == told


def test_what_is_known_of_the_requester_stands_apart(world, client_for):
    ann = make.employee(phone="+49 30 5550 142")
    ticket = make.ticket(ann)
    ticket.organization = make.organization(name="Acme")
    db.session.commit()
    page = client_for(make.admin()).get(f"/tickets/{ticket.key}").text
    assert re.sub("<[^>]*>", "", page).count("Acme · +49 30 5550 142") == 1
