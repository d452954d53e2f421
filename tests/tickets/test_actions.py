import pytest
from sqlalchemy import select

from portal.errors import DomainError, NotAllowed
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.tickets import actions, comments
from portal.tickets.models import Part, Priority, Request, TicketPerson, WaitingFor
from tests import factories as make


def kinds_of(ticket):
    events = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.id)
    return list(db.session.scalars(events))


def last_event(ticket):
    return db.session.scalars(
        select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id.desc()).limit(1)
    ).one()


def test_a_submitted_ticket_is_open_has_a_key_and_is_its_requesters(world):
    ann = make.employee()

    ticket = actions.submit_ticket(ann, Request(project=world, title="VPN drops"))

    assert (ticket.key, ticket.status.name, ticket.version) == ("IT-1", "open", 1)
    assert db.session.get(TicketPerson, (ann.id, ticket.id, Part.REQUESTER))
    assert kinds_of(ticket) == [Kind.TICKET_SUBMITTED]


def test_the_first_event_holds_the_ticket_as_it_was(world):
    ticket = make.ticket(title="VPN", priority=Priority.HIGH)
    values = last_event(ticket).data["values"]

    assert values["title"]["id"] == "VPN"
    assert values["priority"]["id"] == "high"
    assert values["status"] == {
        "id": ticket.status_id,
        "label": "Open",
        "name": "open",
        "category": "new",
    }


def test_keys_count_up_per_project(world):
    hr = make.project("HR")

    keys = [make.ticket().key, make.ticket(project=hr).key, make.ticket().key]

    assert keys == ["IT-1", "HR-1", "IT-2"]


def test_the_categorys_team_gets_the_ticket_before_the_projects(world):
    network, service = make.team(), make.team()
    world.default_team_id = service.id
    vpn = make.category("VPN", team_id=network.id)

    assert make.ticket(category=vpn).team == network
    assert make.ticket().team == service


def test_an_archived_project_takes_no_tickets(world):
    world.archived_at = actions.clock.now()
    with pytest.raises(DomainError, match="takes no more tickets"):
        make.ticket()


def test_a_category_of_another_project_is_refused(world):
    salary = make.category("Salary", project_id=make.project("HR").id)
    with pytest.raises(DomainError, match="not a category of"):
        make.ticket(category=salary)


ALLOWED = {
    "open": {"in_progress", "closed"},
    "in_progress": {"open", "closed", "blocked"},
    "blocked": {"in_progress", "open"},
    "closed": {"open", "in_progress"},
}


@pytest.mark.parametrize("start", ALLOWED)
@pytest.mark.parametrize("end", ALLOWED)
def test_the_default_lifecycle_allows_just_these_steps(world, start, end):
    ticket = make.ticket()
    if start != "open":
        make.walk(ticket, start)
    before = kinds_of(ticket)

    if start == end:
        actions.change_status(ticket, make.status(end), actor=None)
        assert kinds_of(ticket) == before
    elif end in ALLOWED[start]:
        actions.change_status(ticket, make.status(end), actor=None)
        assert ticket.status.name == end
        assert ticket.status_category == make.status(end).category
    else:
        with pytest.raises(DomainError) as refused:
            actions.change_status(ticket, make.status(end), actor=None)
        for name in ALLOWED[start]:
            assert make.status(name).label in str(refused.value)
        assert kinds_of(ticket) == before


def test_what_a_ticket_waits_for_stands_beside_blocked_and_goes_with_it(world):
    ticket = make.ticket(status="in_progress")

    actions.change_status(ticket, make.status("blocked"), actor=None, waiting_for=WaitingFor.SUPPLIER)
    assert ticket.waiting_for == WaitingFor.SUPPLIER
    actions.change_status(ticket, make.status("blocked"), actor=None, waiting_for=WaitingFor.REQUESTER)
    assert ticket.waiting_for == WaitingFor.REQUESTER
    actions.change_status(ticket, make.status("open"), actor=None)
    assert ticket.waiting_for is None


def test_solving_a_blocked_ticket_walks_the_shortest_way_and_records_each_step(world):
    ticket = make.ticket(status="blocked")

    actions.settle(ticket, actor=ticket.requester)

    assert ticket.is_done
    assert ticket.closed_at is not None
    assert kinds_of(ticket)[-2:] == [Kind.STATUS_CHANGED, Kind.STATUS_CHANGED]


def test_solving_twice_is_solving_once(world):
    ticket = make.ticket(status="closed")
    before = kinds_of(ticket)
    actions.settle(ticket, actor=ticket.requester)
    assert kinds_of(ticket) == before


def test_a_reopened_ticket_is_open_or_with_its_assignee_in_progress(world):
    alone, taken = make.ticket(status="closed"), make.ticket(assignee=make.agent(), status="closed")

    actions.reopen(alone, actor=alone.requester)
    actions.reopen(taken, actor=taken.requester)

    assert (alone.status.name, taken.status.name) == ("open", "in_progress")
    assert alone.closed_at is None


def test_assigning_replaces_whoever_it_was(world):
    first, second = make.agent(), make.agent()
    ticket = make.ticket(assignee=first)

    actions.assign(ticket, second, actor=first)

    assert last_event(ticket).data["changes"]["assignee"]["old"]["id"] == first.id
    assert db.session.get(TicketPerson, (second.id, ticket.id, Part.ASSIGNEE))
    assert db.session.get(TicketPerson, (first.id, ticket.id, Part.ASSIGNEE)) is None


def test_assigning_to_whom_it_is_assigned_changes_nothing(world):
    petra = make.agent()
    ticket = make.ticket(assignee=petra)
    before = kinds_of(ticket)
    actions.assign(ticket, petra, actor=petra)
    assert kinds_of(ticket) == before


@pytest.mark.parametrize("who", ["employee", "gone"])
def test_only_active_staff_can_be_assigned(world, who):
    person = make.employee() if who == "employee" else make.agent(is_active=False)
    with pytest.raises(DomainError, match="does not work on tickets"):
        actions.assign(make.ticket(), person, actor=None)


def test_an_edit_says_what_each_field_was_and_became(world):
    ticket = make.ticket(title="Old", priority=Priority.LOW)

    actions.edit(ticket, actor=None, title="New", priority=Priority.HIGH, description="")

    changes = last_event(ticket).data["changes"]
    assert set(changes) == {"title", "priority"}
    assert changes["title"] == {"old": {"id": "Old", "label": "Old"}, "new": {"id": "New", "label": "New"}}


def test_an_edit_of_nothing_is_no_event(world):
    ticket = make.ticket()
    actions.edit(ticket, actor=None, title=ticket.title)
    assert kinds_of(ticket) == [Kind.TICKET_SUBMITTED]


def test_the_version_counts_the_changes(world):
    ticket = make.ticket()
    actions.edit(ticket, actor=None, title="New")
    actions.assign(ticket, make.agent(), actor=None)
    make.reply(ticket)
    assert ticket.version == 3
    assert last_event(ticket).kind == Kind.COMMENT_ADDED


def test_the_requesters_reply_sets_a_ticket_going_that_waited_for_it(world):
    ticket = make.ticket(status="in_progress")
    actions.change_status(ticket, make.status("blocked"), actor=None, waiting_for=WaitingFor.REQUESTER)

    make.reply(ticket)

    assert ticket.status_category == Category.ACTIVE


def test_the_requesters_reply_reopens_a_closed_ticket_but_an_agents_does_not(world):
    ticket = make.ticket(status="closed")
    make.reply(ticket, make.agent())
    assert ticket.is_done
    make.reply(ticket)
    assert not ticket.is_done
    assert ticket.reply_count == 2


def test_the_requesters_reply_leaves_a_ticket_that_waits_for_a_supplier(world):
    ticket = make.ticket(status="in_progress")
    actions.change_status(ticket, make.status("blocked"), actor=None, waiting_for=WaitingFor.SUPPLIER)
    make.reply(ticket)
    assert ticket.status.name == "blocked"


def test_a_note_is_never_public(world):
    ticket = make.ticket()
    note = make.note(ticket)
    assert note.is_internal
    assert last_event(ticket).is_public is False
    assert ticket.reply_count == 0


def test_an_employee_writes_no_notes(world):
    ticket = make.ticket()
    with pytest.raises(NotAllowed):
        comments.add_note(ticket, "x", author=ticket.requester)


def test_watching_twice_is_watching_once(world):
    ticket, petra = make.ticket(), make.agent()
    actions.watch(ticket, petra)
    actions.watch(ticket, petra)
    assert kinds_of(ticket).count(Kind.TICKET_WATCHED) == 1
    actions.unwatch(ticket, petra)
    actions.unwatch(ticket, petra)
    assert kinds_of(ticket).count(Kind.TICKET_UNWATCHED) == 1
