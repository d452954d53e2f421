"""Each thing that a rule can do, and what it does where it cannot."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from portal import clock
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.projects.models import TicketCategory
from portal.rules.choosing import least_loaded, next_in_turn
from portal.rules.models import Turn
from portal.rules.registry import registered
from portal.tickets.models import Comment, Part, Priority, Ticket, TicketPerson, TicketType, WaitingFor
from portal.tickets.relations import TicketLink
from portal.tickets.tag_lists import names_of
from tests import factories as make
from tests.rules.conftest import chosen, person, tags


@pytest.fixture
def do(world):
    """Do it to a ticket as a rule of an admin would."""
    owner = make.admin(name="Olga Owner")

    def apply(name, ticket, **values):
        registered.effects[name].apply(ticket, values, actor=owner)
        db.session.flush()

    apply.owner = owner
    return apply


def kinds_on(ticket):
    events = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.id)
    return list(db.session.scalars(events))


def of_team(team):
    return chosen("team", str(team.id), team.name)


def test_fields_are_set(do):
    ticket, topic = make.ticket(), make.category("Hardware")

    do("priority", ticket, **chosen("priority", "critical"))
    do("type", ticket, **chosen("type", "incident"))
    do("category", ticket, **chosen("category", str(topic.id)))

    assert (ticket.priority, ticket.type, ticket.category) == (Priority.CRITICAL, TicketType.INCIDENT, topic)


def test_a_category_that_is_gone_is_said_so(do):
    with pytest.raises(DomainError, match="Gone"):
        do("category", make.ticket(), category={"id": "999999", "label": "Gone"})
    assert db.session.get(TicketCategory, 999_999) is None


def test_it_is_due_so_many_hours_from_then_or_never(do):
    ticket = make.ticket()

    do("due", ticket, hours=8)
    assert timedelta(0) <= clock.now() + timedelta(hours=8) - ticket.due_at < timedelta(minutes=1, seconds=5)
    do("due", ticket, hours=None)
    assert ticket.due_at is None


def test_it_is_assigned_taken_away_and_given_to_a_team(do):
    ticket, petra, team = make.ticket(), make.agent(name="Petra"), make.team()

    do("assign", ticket, **person(petra))
    assert ticket.assignee == petra
    do("unassign", ticket)
    assert ticket.assignee is None
    do("team", ticket, **of_team(team))
    assert ticket.team == team


def test_its_status_moves_along_the_lifecycle_only(do):
    ticket = make.ticket()

    do("status", ticket, **chosen("status", "in_progress"), waiting_for=None)
    do("status", ticket, **chosen("status", "blocked"), **chosen("waiting_for", "supplier"))
    assert (ticket.status.name, ticket.waiting_for) == ("blocked", WaitingFor.SUPPLIER)
    with pytest.raises(DomainError, match="can become"):
        do("status", ticket, **chosen("status", "closed"), waiting_for=None)


def test_tags_are_put_on_and_taken_off_beside_the_others(do):
    ticket = make.ticket()

    do("add_tags", ticket, **tags("one", "two"))
    do("add_tags", ticket, **tags("three"))
    do("remove_tags", ticket, **tags("two", "never-there"))

    assert names_of(ticket) == ["one", "three"]


def test_somebody_watches_who_works_there(do):
    ticket, petra = make.ticket(), make.agent()

    do("watcher", ticket, **person(petra))
    do("watcher", ticket, **person(petra))

    watching = select(TicketPerson.user_id).where(TicketPerson.part == Part.WATCHER)
    assert list(db.session.scalars(watching)) == [petra.id]
    with pytest.raises(DomainError, match="does not work"):
        do("watcher", ticket, **person(make.employee()))


def test_a_note_and_a_canned_reply_are_written(do):
    ticket = make.ticket(make.employee(name="Ann Asker"))
    canned = make.canned(name="Hello", body="Dear {{ requester.first_name }}", everyone=True)

    do("note", ticket, body="For us.")
    do("reply", ticket, **chosen("canned", canned.public_id, "Hello"))

    written = [(c.is_internal, c.body) for c in db.session.scalars(select(Comment).order_by(Comment.id))]
    assert written == [(True, "For us."), (False, "Dear Ann")]


def test_nobody_elses_own_reply_is_sent(do):
    canned = make.canned(make.agent(), name="Mine")

    with pytest.raises(DomainError, match="cannot be used here"):
        do("reply", make.ticket(), **chosen("canned", canned.public_id, "Mine"))


@pytest.mark.parametrize("group", ["assignee", "team", "watchers"])
def test_those_are_told_whom_it_concerns(do, group):
    team = make.team()
    petra, ben = make.agent(team=team), make.agent()
    ticket = make.ticket(team=team, assignee=ben)
    do("watcher", ticket, **person(petra))

    do("tell_group", ticket, **chosen("group", group), words="")

    told = db.session.scalars(select(Event).where(Event.kind == Kind.PEOPLE_TOLD)).one()
    assert told.data["told"] == [{"assignee": ben.id, "team": petra.id, "watchers": petra.id}[group]]


def test_nobody_to_tell_is_no_event(do):
    do("tell_group", make.ticket(), **chosen("group", "assignee"), words="Hello")

    assert db.session.scalar(select(Event).where(Event.kind == Kind.PEOPLE_TOLD)) is None


def test_a_linked_ticket_is_created(do):
    ticket, facility = make.ticket(title="New colleague"), make.project("FAC")
    values = {"title": "Desk for {{ ticket.key }}: {{ ticket.title }}", "description": None}

    do(
        "create",
        ticket,
        **values,
        **chosen("project", str(facility.id)),
        **chosen("relation", "child_of"),
        **chosen("for", "owner"),
    )

    made = db.session.scalars(select(Ticket).where(Ticket.project_id == facility.id)).one()
    assert made.title == f"Desk for {ticket.key}: New colleague"
    assert made.requester == do.owner
    linked = db.session.scalars(select(TicketLink)).one()
    assert (linked.from_id, linked.to_id, linked.kind) == (made.id, ticket.id, "child_of")


def test_it_becomes_confidential_and_open_again(do):
    ticket = make.ticket()

    do("confidential", ticket)
    assert ticket.is_confidential
    do("not_confidential", ticket)
    do("not_confidential", ticket)

    assert not ticket.is_confidential
    assert kinds_on(ticket).count(Kind.CONFIDENTIALITY_CHANGED) == 2


def test_its_subject_is_another_one(do):
    ticket = make.ticket(title="Printer")

    do("title", ticket, title="{{ ticket.key }}: {{ ticket.title }} {{ 7*7 }}")

    assert ticket.title == f"{ticket.key}: Printer {{{{ 7*7 }}}}"


def test_a_subject_that_grows_too_long_is_cut(do):
    ticket = make.ticket(title="x" * 200)

    do("title", ticket, title="New: {{ ticket.title }}")

    assert ticket.title == "New: " + "x" * 195


def test_a_text_is_put_behind_the_description_once_or_takes_its_place(do):
    ticket = make.ticket(make.employee(name="Ann Asker"), description="It burns.")

    do("description", ticket, text="For {{ requester.first_name }}.", **chosen("how", "append"))
    do("description", ticket, text="For {{ requester.first_name }}.", **chosen("how", "append"))
    assert ticket.description == "It burns.\n\nFor Ann."
    do("description", ticket, text="*Another*", **chosen("how", "replace"))

    assert (ticket.description, "<em>Another</em>" in ticket.description_html) == ("*Another*", True)
    assert kinds_on(ticket).count(Kind.TICKET_EDITED) == 2


def test_a_text_behind_nothing_is_the_description(do):
    ticket = make.ticket(description="")

    do("description", ticket, text="Read this.", **chosen("how", "append"))

    assert ticket.description == "Read this."


def test_a_description_grows_no_longer_than_can_be_kept(do):
    ticket = make.ticket(description="x" * 19_999)

    with pytest.raises(DomainError, match="longer than"):
        do("description", ticket, text="more", **chosen("how", "append"))
    assert len(ticket.description) == 19_999


def test_what_it_waits_for_changes_alone(do):
    ticket = make.ticket(status="blocked")

    do("waiting_for", ticket, **chosen("waiting_for", "supplier"))

    assert (ticket.status.name, ticket.waiting_for) == ("blocked", WaitingFor.SUPPLIER)
    assert kinds_on(ticket)[-1] == Kind.TICKET_EDITED


def test_what_waits_for_nothing_is_said_so(do):
    with pytest.raises(DomainError, match="waits for nothing"):
        do("waiting_for", make.ticket(), **chosen("waiting_for", "supplier"))


def test_it_is_taken_from_its_category_and_team(do):
    ticket = make.ticket(category=make.category("Hardware"), team=make.team())

    do("no_category", ticket)
    do("no_team", ticket)

    assert (ticket.category, ticket.team) == (None, None)


def test_somebody_takes_part_who_need_not_work_here(do):
    ticket, ann = make.ticket(), make.employee()

    do("participant", ticket, **person(ann))
    do("participant", ticket, **person(ann))
    do("participant", ticket, **person(ticket.requester))

    taking_part = select(TicketPerson.user_id).where(TicketPerson.part == Part.PARTICIPANT)
    assert list(db.session.scalars(taking_part)) == [ann.id]


def test_nobody_takes_part_who_has_gone(do):
    ann = make.employee(name="Ann")
    ann.is_active = False

    with pytest.raises(DomainError, match="Ann is not there any more"):
        do("participant", make.ticket(), **person(ann))


def test_it_is_given_to_another_project(do):
    ticket, facility = make.ticket(), make.project("FAC")

    do("project", ticket, **chosen("project", str(facility.id)))

    assert (ticket.project, ticket.key) == (facility, "FAC-1")


def test_no_rule_gives_it_where_its_owner_does_not_work(do):
    ticket, closed = make.ticket(), make.project(members_only=True)
    agent = make.agent()

    with pytest.raises(DomainError, match="does not work in"):
        registered.effects["project"].apply(ticket, chosen("project", str(closed.id)), actor=agent)
    assert ticket.project != closed


def some_team(number):
    team = make.team()
    return team, [make.agent(team=team) for _each in range(number)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.integers(1, 5), rounds=st.integers(1, 25))
def test_taking_turns_is_fair(world, people, rounds):
    """Whatever the number of tickets, nobody is given two more than anybody else, nor two in a row."""
    team, members = some_team(people)
    ticket = make.ticket()

    given_to = [next_in_turn(team, ticket).id for _turn in range(rounds)]

    counts = [given_to.count(member.id) for member in members]
    assert max(counts) - min(counts) <= 1
    for first, second in pairwise(given_to):
        assert people == 1 or first != second


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=5, max_size=30))
def test_turns_stay_fair_while_people_come_and_go(world, happenings):
    """Of those who are there, the one is next who was given one the longest ago."""
    team, members = some_team(4)
    ticket, there, last = make.ticket(), {member.id for member in members}, {}
    for turn, (who, leaves) in enumerate(happenings):
        member = members[who]
        member.is_active = not leaves
        db.session.flush()
        (there.discard if leaves else there.add)(member.id)

        chosen_one = next_in_turn(team, ticket)

        if not there:
            assert chosen_one is None
            continue
        assert chosen_one.id == min(there, key=lambda each: (last.get(each, -1), each))
        last[chosen_one.id] = turn


def test_who_is_away_or_not_of_the_project_has_no_turn(world):
    team, (away, outside, here) = some_team(3)
    today = clock.now().date()
    away.absent_from, away.absent_until = today - timedelta(days=1), today + timedelta(days=1)
    closed = make.project(members_only=True)
    make.project_member(closed, away, here)

    assert {next_in_turn(team, make.ticket(project=closed)) for _turn in range(3)} == {here}
    assert outside.is_active


def test_a_ticket_waits_in_the_team_where_nobody_is_there(do):
    team = make.team()
    ticket = make.ticket()

    do("in_turn", ticket, **of_team(team))
    do("least_loaded", ticket, **of_team(team))

    assert (ticket.team, ticket.assignee) == (team, None)


def test_whoever_has_least_to_do_is_given_it(do):
    team, (busy, idle) = some_team(2)
    for _each in range(2):
        make.ticket(assignee=busy)
    make.ticket(assignee=idle, status="closed")
    make.ticket(assignee=idle)

    assert least_loaded(team, make.ticket()) == idle
    make.ticket(assignee=idle)
    do("least_loaded", ticket := make.ticket(), **of_team(team))
    assert ticket.assignee == busy


def test_turns_of_who_leaves_the_team_are_nobodys(world):
    team, (first, second) = some_team(2)
    ticket = make.ticket()
    next_in_turn(team, ticket)
    db.session.execute(delete(TeamMember).where(TeamMember.user_id == second.id))

    assert next_in_turn(team, ticket) == first
    assert db.session.get(Turn, (team.id, first.id)).number == 2
