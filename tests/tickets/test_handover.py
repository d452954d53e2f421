"""Somebody leaves the desk: their open tickets wait for others, and others' tickets are none of theirs."""

import pytest
from sqlalchemy import select

from portal import invariants
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.permissions import Role
from portal.projects.models import ProjectMember
from portal.tickets import actions
from portal.tickets.handover import hand_over
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.policy import visible_to
from tests import factories as make


@pytest.fixture
def petra(world):
    """An agent, with each kind of part she may have in a ticket."""
    petra = make.agent(name="Petra")
    tickets = {
        "open": make.ticket(title="open", assignee=petra),
        "blocked": make.ticket(title="blocked", assignee=petra, status="blocked"),
        "closed": make.ticket(title="closed", assignee=petra, status="closed"),
        "watched": make.ticket(title="watched"),
        "asked": make.ticket(petra, title="asked"),
        "asked, watched": make.ticket(petra, title="asked, watched"),
        "asked, assigned": make.ticket(petra, title="asked, assigned", assignee=petra),
        "others": make.ticket(title="others", assignee=make.agent()),
    }
    actions.watch(tickets["watched"], petra)
    actions.watch(tickets["asked, watched"], petra)
    db.session.commit()
    return petra, tickets


def leave(person, actor=None):
    person.role = Role.EMPLOYEE
    hand_over(person, actor=actor)
    db.session.commit()


def seen_by(person):
    return set(db.session.scalars(select(Ticket.title).where(visible_to(person))))


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def test_they_see_what_they_asked_for_themselves_and_nothing_else(petra):
    petra, _ = petra

    leave(petra)

    assert seen_by(petra) == {"asked", "asked, watched", "asked, assigned"}
    parts = db.session.scalars(select(TicketPerson.part).where(TicketPerson.user_id == petra.id))
    assert sorted(parts) == [Part.REQUESTER] * 3 + [Part.WATCHER]


def test_they_still_take_part_where_they_were_asked_to_as_a_colleague(petra):
    petra, tickets = petra
    actions.take_part(tickets["others"], petra, Part.PARTICIPANT)

    leave(petra)

    assert "others" in seen_by(petra)


def test_open_tickets_wait_for_somebody_else_and_say_since_when(petra):
    petra, tickets = petra
    boss = make.admin()

    leave(petra, actor=boss)

    mine = {name: ticket.assignee for name, ticket in tickets.items()}
    assert mine["open"] is mine["blocked"] is mine["asked, assigned"] is None
    assert mine["closed"] == petra  # who solved it
    assert mine["others"]
    told = db.session.scalars(
        select(Event).where(Event.ticket_id == tickets["open"].id).order_by(Event.id.desc())
    ).first()
    assert (told.kind, told.actor_id) == (Kind.TICKET_ASSIGNED, boss.id)
    assert told.data["changes"]["assignee"]["old"]["label"] == "Petra"
    said = events(Kind.TICKETS_HANDED_OVER)[-1]
    assert (said.data["user_id"], said.data["unassigned"], said.data["unseen"]) == (petra.id, 3, 2)


def test_all_is_as_it_must_be_afterwards(petra):
    petra, tickets = petra
    leave(petra)

    actions.reopen(tickets["closed"], actor=tickets["closed"].requester)
    db.session.commit()

    assert invariants.broken() == {}


@pytest.mark.parametrize("role", [Role.AGENT, Role.MANAGER, Role.ADMIN])
def test_whoever_still_works_at_the_desk_keeps_everything(petra, role):
    petra, tickets = petra
    petra.role = role

    hand_over(petra, actor=None)
    db.session.commit()

    assert tickets["open"].assignee == petra
    assert {"open", "closed", "watched"} <= seen_by(petra)
    assert events(Kind.TICKETS_HANDED_OVER) == []


def test_twice_is_once(petra):
    petra, _ = petra

    leave(petra)
    leave(petra)

    assert len(events(Kind.TICKETS_HANDED_OVER)) == 1


def test_a_ticket_that_is_reopened_is_nobodys_when_its_assignee_has_left(petra):
    petra, tickets = petra
    closed = tickets["closed"]
    leave(petra)

    make.reply(closed)  # the requester's, which reopens it
    db.session.commit()

    assert (closed.status.name, closed.assignee) == ("open", None)
    assert "closed" not in seen_by(petra)


@pytest.mark.parametrize("gone", [{"role": Role.EMPLOYEE}, {"is_active": False}])
def test_also_when_an_agent_reopens_it(petra, gone):
    petra, tickets = petra
    for name, value in gone.items():
        setattr(petra, name, value)
    db.session.commit()

    make.walk(tickets["closed"], "in_progress")

    assert tickets["closed"].assignee is None


def test_whoever_comes_back_has_what_they_closed_when_it_is_reopened(petra):
    petra, tickets = petra
    leave(petra)
    petra.role = Role.AGENT

    actions.reopen(tickets["closed"], actor=tickets["closed"].requester)
    db.session.commit()

    assert tickets["closed"].assignee == petra
    assert "closed" in seen_by(petra)
    assert invariants.broken() == {}


def test_nobody_is_given_a_ticket_who_has_left_meanwhile(petra, app):
    """The form read who works here before the role changed, and the action asks again."""
    petra, tickets = petra
    db.session.expire_all()
    assert petra.is_staff
    db.session.execute(
        petra.__table__.update().where(petra.__table__.c.id == petra.id).values(role="employee")
    )

    with app.test_request_context(), pytest.raises(DomainError, match="does not work on tickets"):
        actions.assign(tickets["others"], petra, actor=None)


# Deactivated, in whose form the heir is chosen.


def deactivate(client, person, heir=""):
    return client.post(f"/admin/people/{person.id}/deactivate", data={"heir": heir})


def test_whoever_is_deactivated_gives_their_open_tickets_to_an_heir(petra, client_for):
    petra, tickets = petra
    boss, ben = make.admin(), make.agent(name="Ben")
    db.session.commit()
    client = client_for(boss)
    assert "They answer for 3 open tickets." in client.get(f"/admin/people/{petra.id}").text

    answer = deactivate(client, petra, ben.email)

    assert answer.status_code == 303
    db.session.expire_all()
    assert petra.is_active is False
    assert {tickets[name].assignee for name in ("open", "blocked", "asked, assigned")} == {ben}
    assert tickets["closed"].assignee == petra
    said = events(Kind.TICKETS_HANDED_OVER)[-1].data
    assert (said["given"], said["heir"], said["unassigned"]) == (3, "Ben", 0)
    assert "Ben" in client.get("/admin/audit").text
    assert invariants.broken() == {}


def test_without_an_heir_they_wait_and_it_is_said(petra, client_for):
    petra, tickets = petra
    boss = make.admin()
    db.session.commit()
    client = client_for(boss)

    deactivate(client, petra)

    db.session.expire_all()
    assert tickets["open"].assignee is None
    assert "3 open tickets wait for somebody" in client.get(f"/admin/people/{petra.id}").text


def test_what_the_heir_may_not_work_on_waits_too(petra, client_for):
    petra, tickets = petra
    boss, ben = make.admin(), make.agent()
    shut = make.project("HR", members_only=True)
    make.make(ProjectMember, user_id=petra.id, project_id=shut.id)
    inside = make.ticket(project=shut, assignee=petra)
    db.session.commit()

    deactivate(client_for(boss), petra, ben.email)

    db.session.expire_all()
    assert tickets["open"].assignee == ben
    assert inside.assignee is None
    assert events(Kind.TICKETS_HANDED_OVER)[-1].data["unassigned"] == 1


@pytest.mark.parametrize("heir", ["ann@example.org", "nobody@example.org", "petra@example.org"])
def test_an_heir_who_is_none_is_refused_and_nothing_happens(petra, client_for, heir):
    petra, tickets = petra
    petra.email = "petra@example.org"
    make.employee(email="ann@example.org")
    boss = make.admin()
    db.session.commit()

    answer = deactivate(client_for(boss), petra, heir)

    assert answer.status_code == 422
    assert heir in answer.text
    db.session.expire_all()
    assert petra.is_active is True
    assert tickets["open"].assignee == petra


def test_the_deputy_is_offered_as_heir(petra, client_for):
    petra, _ = petra
    petra.deputy = make.agent(name="Hana Nova", email="hana@example.org")
    boss = make.admin()
    db.session.commit()

    assert "Hana Nova &lt;hana@example.org&gt;" in client_for(boss).get(f"/admin/people/{petra.id}").text
