"""Many tickets at once: each as by its own menus, none twice, and the way back."""

import re
import threading
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.bulk import actions, running, views, work
from portal.bulk.acts import ACTS
from portal.bulk.models import BulkItem, BulkOperation, Outcome, State
from portal.bulk.queries import Chosen
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.leases import LeaseLost
from portal.lifecycles.models import Lifecycle, Status, Transition
from portal.organizations.models import TeamMember
from portal.permissions import Role
from portal.tickets import actions as ticket_actions
from portal.tickets import tagging
from portal.tickets.models import Comment, Priority, Ticket, TicketPerson
from tests import factories as make

FRAGMENT = {"HX-Request": "true"}
# What an undo need not give back: that something has happened to the ticket stays true.
MOVES_ON = {"version", "updated_at"}


@pytest.fixture
def desk(world, client_for):
    team = make.team(name="Network")
    petra = make.agent(name="Petra Lindqvist", email="petra@example.org", team=team)
    db.session.commit()
    return petra, client_for(petra), team


def some(number, **values):
    tickets = [make.ticket(title=f"Ticket {place}", **values) for place in range(number)]
    db.session.commit()
    return tickets


def send(client, tickets, act, **values):
    keys = [ticket.key for ticket in tickets]
    return client.post("/queue/bulk", data={"act": act, "ticket": keys, "back": "/queue/all", **values})


def latest():
    return db.session.scalars(
        select(BulkOperation).order_by(BulkOperation.id.desc()).execution_options(populate_existing=True)
    ).first()


def undo(client, operation=None):
    return client.post(f"/queue/bulk/{(operation or latest()).public_id}/undo", data={"back": "/queue/all"})


def outcomes(operation=None):
    rows = select(Ticket.key, BulkItem.outcome, BulkItem.reason).join(Ticket)
    rows = rows.where(BulkItem.operation_id == (operation or latest()).id).order_by(BulkItem.position)
    return {key: (outcome, reason) for key, outcome, reason in db.session.execute(rows)}


def row_of(ticket):
    """Every column of the ticket, and who takes part in it as what."""
    columns = [column for column in Ticket.__table__.columns if column.name not in MOVES_ON]
    row = db.session.execute(select(*columns).where(Ticket.id == ticket.id)).one()
    people = select(TicketPerson.user_id, TicketPerson.part).where(TicketPerson.ticket_id == ticket.id)
    return dict(row._mapping), set(db.session.execute(people).all())


def seen(*tickets):
    for ticket in tickets:
        db.session.refresh(ticket)


# Each act, and its way back.


def acts_of(desk):
    petra, _client, team = desk
    ben = make.agent(name="Ben Okafor", email="ben@example.org", team=team)
    other = make.team(name="Identity")
    into = make.ticket(title="The one that stays")
    db.session.commit()
    return {
        "assign": ({"person": "ben@example.org"}, lambda ticket: ticket.assignee_id == ben.id),
        "me": ({"whom": "me"}, lambda ticket: ticket.assignee_id == petra.id),
        "nobody": ({"whom": "none"}, lambda ticket: ticket.assignee_id is None),
        "status": (
            {"status": "in_progress"},
            lambda ticket: ticket.status.name == "in_progress",
        ),
        "priority": ({"priority": "critical"}, lambda ticket: ticket.priority is Priority.CRITICAL),
        "tags": (
            {"tags": "vpn, new one", "tag": "old"},
            lambda ticket: set(tagging.living(ticket.tag_ids).values()) == {"vpn", "new one", "stays"},
        ),
        "team": ({"team": str(other.id)}, lambda ticket: ticket.team_id == other.id),
        "merge": ({"into": into.key}, lambda ticket: ticket.merged_into_id == into.id),
        "close": ({}, lambda ticket: ticket.is_done and ticket.closed_at),
    }


@pytest.mark.parametrize(
    "name", ["assign", "me", "nobody", "status", "priority", "tags", "team", "merge", "close"]
)
def test_it_does_to_each_what_its_own_menu_does_and_undo_gives_all_of_it_back(desk, name):
    petra, client, team = desk
    values, is_so = acts_of(desk)[name]
    tickets = some(3, team=team, assignee=make.agent(team=team) if name == "me" else petra)
    for ticket in tickets:
        tagging.change_tags(ticket, ["old", "stays"], actor=petra)
    db.session.commit()
    before = [row_of(ticket) for ticket in tickets]

    answer = send(client, tickets, "assign" if name in {"me", "nobody"} else name, **values)

    assert answer.location == "/queue/all"
    seen(*tickets)
    assert all(is_so(ticket) for ticket in tickets)
    operation = latest()
    assert (operation.state, operation.changed, operation.refused) == (State.DONE, 3, 0)
    page = client.get("/queue/all")
    assert "3 tickets changed" in page.text
    assert f"/queue/bulk/{operation.public_id}/undo" in page.text

    undo(client)

    assert [row_of(ticket) for ticket in tickets] == before
    assert (latest().state, latest().undone, latest().kept) == (State.UNDONE, 3, 0)
    assert {outcome for outcome, _ in outcomes().values()} == {Outcome.UNDONE}


def test_a_note_is_written_on_each_and_cannot_be_taken_back(desk):
    _petra, client, _team = desk
    tickets = some(2)
    form = client.get("/queue/bulk/new", query_string={"act": "note", "ticket": [t.key for t in tickets]})
    assert "A note cannot be taken back." in form.text

    send(client, tickets, "note", body="Waits for the part.")

    written = db.session.scalars(select(Comment).order_by(Comment.id)).all()
    assert [(note.ticket_id, note.body, note.is_internal) for note in written] == [
        (ticket.id, "Waits for the part.", True) for ticket in tickets
    ]
    assert undo(client).status_code == 409
    assert "cannot be taken back" in client.get(f"/queue/bulk/{latest().public_id}").text


def test_undo_restores_also_where_the_lifecycle_has_no_way_back(desk):
    _petra, client, _team = desk
    (ticket,) = some(1)
    closed, opened = make.status("closed"), make.status("open")
    db.session.execute(
        Transition.__table__.delete().where(
            Transition.from_status_id == closed.id, Transition.to_status_id == opened.id
        )
    )
    db.session.commit()
    send(client, [ticket], "close")

    undo(client)

    seen(ticket)
    assert ticket.status.name == "open"
    changed = select(Event.data).where(Event.ticket_id == ticket.id, Event.kind == Kind.STATUS_CHANGED)
    steps = [data["changes"]["status"] for data in db.session.scalars(changed.order_by(Event.id))]
    assert [(step["old"]["name"], step["new"]["name"]) for step in steps] == [
        ("open", "closed"),
        ("closed", "open"),
    ]


def test_a_ticket_that_was_closed_is_closed_again_since_when_it_was(desk, monkeypatch):
    _petra, client, _team = desk
    (ticket,) = some(1, status="closed")
    closed_at = ticket.closed_at
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    send(client, [ticket], "status", status="open")
    undo(client)

    seen(ticket)
    assert (ticket.status.name, ticket.closed_at) == ("closed", closed_at)


# Whose, and which.


def test_tickets_that_one_may_not_see_are_as_if_nobody_had_named_them(desk):
    _petra, client, _team = desk
    mine = some(1)[0]
    secret, elsewhere = make.ticket(is_confidential=True), make.ticket(team=make.team())
    shut = make.ticket(make.employee(), project=make.project("SECRET", members_only=True))
    db.session.commit()
    hidden = [secret, elsewhere, shut]

    page = client.get("/queue/bulk/new", query_string={"ticket": [t.key for t in [mine, *hidden]]})
    assert "1 ticket is selected." in page.text
    send(client, [mine, *hidden], "priority", priority="high")

    assert list(outcomes()) == [mine.key]
    seen(*hidden)
    assert {ticket.priority for ticket in hidden} == {Priority.MEDIUM}
    nothing = send(client, hidden, "priority", priority="high")
    unknown = client.post("/queue/bulk", data={"act": "close", "ticket": "IT-999"})
    assert (nothing.status_code, unknown.status_code) == (409, 409)
    assert "None of these tickets" in nothing.text and "None of these tickets" in unknown.text


def test_a_ticket_that_one_only_follows_is_not_changed(desk):
    petra, client, _team = desk
    followed = make.ticket(petra, project=make.project("SECRET", members_only=True))
    db.session.commit()
    assert send(client, [followed], "close").status_code == 409


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 303), (Role.EMPLOYEE, 403), (Role.AGENT, 303), (Role.MANAGER, 303), (Role.ADMIN, 303)],
)
def test_only_the_desk_changes_tickets_in_bulk(world, client_for, role, status):
    (ticket,) = some(1)
    person = make._user(role) if role else None
    db.session.commit()
    answer = send(client_for(person), [ticket], "close")
    assert answer.status_code == status
    seen(ticket)
    assert ticket.is_done is bool(person and role is not Role.EMPLOYEE)


def test_an_operation_is_its_owners_alone(desk, client_for):
    _petra, client, _team = desk
    send(client, some(1), "priority", priority="high")
    boss, path = client_for(make.admin()), f"/queue/bulk/{latest().public_id}"

    answers = [boss.get(path), boss.post(f"{path}/undo"), boss.post(f"{path}/cancellation")]

    assert {answer.status_code for answer in answers} == {404}
    assert "Priority: High" not in boss.get("/queue/bulk").text
    assert "Priority: High" in client.get("/queue/bulk").text


def test_all_that_match_are_those_of_the_list_and_not_of_its_page(desk, queue):
    petra, client, team = desk
    wanted = some(4, team=team, priority=Priority.HIGH)
    some(2, team=team)
    make.ticket(priority=Priority.HIGH, team=make.team())
    db.session.commit()
    assert "All that match" in client.get("/queue?q=priority:high&size=2").text
    number = client.get("/queue/open/number?q=priority:high&size=2&shown=2")
    assert "All 4 that match" in number.text

    asked = {"all": "yes", "queue": "open", "q": "priority:high", "act": "assign", "person": petra.email}
    client.post("/queue/bulk", data=asked)

    assert set(outcomes()) == {ticket.key for ticket in wanted}
    assert latest().filter == "is:open priority:high"
    assert latest().place == "All open"


def test_a_selection_that_makes_no_sense_is_refused(desk):
    _petra, client, _team = desk
    answer = client.post("/queue/bulk", data={"all": "yes", "queue": "open", "q": "statsu:x", "act": "close"})
    assert answer.status_code == 422
    assert client.post("/queue/bulk", data={"all": "yes", "queue": "none", "act": "close"}).status_code == 404
    assert client.post("/queue/bulk", data={"all": "yes", "view": "x", "act": "close"}).status_code == 404


# What is said before.


def test_the_preview_says_how_many_would_change(desk):
    _petra, client, _team = desk
    tickets = [*some(2), *some(1, priority=Priority.HIGH), *some(1, status="closed")]
    asked = {"ticket": [ticket.key for ticket in tickets], "act": "priority", "priority": "high"}

    page = unescape(client.get("/queue/bulk/new", query_string=asked).text)

    told = " ".join(re.sub("<[^>]+>", "", page.split('id="bulk-foreseen"')[1].split("</div>")[0]).split())
    assert "4 tickets. 1 of them is closed already. 1 is so already and stays as it is." in told
    assert "3 would change." in told
    send(client, tickets, "priority", priority="high")
    assert (latest().changed, latest().unchanged) == (3, 1)


@pytest.mark.parametrize(
    ("act", "values", "words"),
    [
        ("assign", {"person": ""}, "Enter a name or a mail address."),
        ("assign", {"person": "nobody@example.org"}, "Nobody is found"),
        ("status", {"status": ""}, "Choose a status."),
        ("priority", {"priority": "urgent"}, "Not a valid choice"),
        ("tags", {"tags": "", "tag": ""}, "Enter a tag"),
        ("tags", {"tags": "a", "tag": "a"}, "at once"),
        ("team", {"team": "999"}, "Not a valid choice"),
        ("note", {"body": "  "}, "Write something first."),
        ("merge", {"into": "IT-999"}, "There is no ticket"),
    ],
)
def test_what_is_no_input_is_said_at_its_field_and_the_selection_kept(desk, act, values, words):
    _petra, client, _team = desk
    (ticket,) = some(1)
    answer = send(client, [ticket], act, **values)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert f'name="ticket" value="{ticket.key}"' in answer.text
    assert latest() is None


def test_an_act_that_there_is_not_is_refused(desk):
    _petra, client, _team = desk
    assert send(client, some(1), "burn").status_code == 400


# Refusals.


def test_refused_tickets_are_named_with_the_reason_and_the_others_changed(desk):
    _petra, client, _team = desk
    fine, wrong = some(1)[0], some(1, status="closed")[0]

    answer = send(client, [fine, wrong], "status", status="blocked")

    assert answer.location == f"/queue/bulk/{latest().public_id}"
    assert outcomes()[wrong.key] == (
        Outcome.REFUSED,
        "A ticket that is Closed can become: Open, In progress.",
    )
    page = client.get(f"/queue/bulk/{latest().public_id}?show=refused")
    assert wrong.key in page.text and "A ticket that is Closed can become" in page.text


def test_a_status_that_the_lifecycle_of_a_ticket_lacks_is_refused(desk):
    _petra, client, _team = desk
    plain = make.make(Lifecycle, name="Plain")
    make.make(Status, lifecycle_id=plain.id, name="open", stored_label="Open", category="new")
    other = make.ticket(project=make.project("PLAIN", lifecycle_id=plain.id))
    db.session.commit()
    send(client, [other], "status", status="in_progress")
    assert outcomes()[other.key] == (
        Outcome.REFUSED,
        "There is no status “In progress” in its project.",
    )


def test_whoever_loses_sight_of_a_ticket_meanwhile_does_not_change_it(desk, queue):
    petra, _client, team = desk
    tickets = some(2, team=team)
    operation = begin(petra, tickets, "priority", priority="high")
    tickets[1].team_id = make.team().id
    db.session.commit()

    drive(operation)

    assert outcomes(operation)[tickets[1].key] == (Outcome.REFUSED, "You do not see it any more.")
    assert latest().changed == 1


def test_whoever_left_changes_nothing_any_more(desk):
    petra, _client, _team = desk
    (ticket,) = some(1)
    operation = begin(petra, [ticket], "priority", priority="high")
    petra.is_active = False
    db.session.commit()

    drive(operation)

    assert outcomes(operation)[ticket.key][0] is Outcome.REFUSED
    assert ticket.priority.value == "medium"


def test_a_ticket_that_somebody_merged_meanwhile_is_refused(desk):
    petra, client, _team = desk
    source, into = some(2)
    operation = begin(petra, [source], "priority", priority="high")
    client.post(f"/tickets/{source.key}/merge", data={"into": into.key})

    drive(operation)

    outcome, reason = outcomes(operation)[source.key]
    assert outcome is Outcome.REFUSED and "was merged into" in reason


def test_a_ticket_that_is_the_one_to_merge_into_is_left(desk):
    _petra, client, _team = desk
    source, into = some(2)
    send(client, [source, into], "merge", into=into.key)
    assert outcomes()[into.key][0] is Outcome.REFUSED
    assert outcomes()[source.key][0] is Outcome.CHANGED


def test_what_nobody_foresaw_stops_one_ticket_and_not_the_others(desk, monkeypatch):
    petra, _client, _team = desk
    tickets = some(3)
    operation = begin(petra, tickets, "priority", priority="high")
    real = ACTS["priority"].apply

    def broken(ticket, what, *, actor):
        if ticket.key == tickets[1].key:
            raise ValueError(ticket.key)
        real(ticket, what, actor=actor)

    monkeypatch.setattr(ACTS["priority"], "apply", broken)
    drive(operation)
    assert [outcome for outcome, _ in outcomes(operation).values()] == [
        Outcome.CHANGED,
        Outcome.REFUSED,
        Outcome.CHANGED,
    ]


# By a worker.


def begin(owner, tickets, act, **what):
    """An operation that nobody has worked on yet."""
    chosen = Chosen.by_keys(owner, [ticket.key for ticket in tickets])
    operation = actions.begin(chosen, ACTS[act], what | {"label": act}, owner=owner)
    db.session.commit()
    return operation


def drive(operation, steps=1000):
    """Work off so many of its tickets, as whoever holds its lease."""
    lease = operation.lease_until
    for _step in range(steps):
        lease = work.do_next(operation.id, lease)
        db.session.commit()
        if lease is None:
            return


def test_more_than_fifty_are_left_to_a_worker_with_progress_that_survives_a_reload(desk, queue, monkeypatch):
    _petra, client, _team = desk
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    tickets = some(5)
    queue.jobs.clear()

    answer = send(client, tickets, "priority", priority="high")

    path = answer.location
    assert path == f"/queue/bulk/{latest().public_id}"
    assert ("jobs.bulk.work", ()) in queue.jobs
    page = client.get(path)
    assert 'max="5" value="0"' in page.text and 'hx-trigger="every 1s"' in page.text
    queue.run()
    page = client.get(path, headers=FRAGMENT)
    assert "every 1s" not in page.text
    assert (latest().state, latest().changed) == (State.DONE, 5)
    undo(client)
    assert latest().state is State.UNDOING
    queue.run()
    assert (latest().state, latest().undone) == (State.UNDONE, 5)


def test_the_form_sent_twice_counts_once(desk):
    _petra, client, _team = desk
    tickets = some(2)
    first = send(client, tickets, "note", body="Once.", idempotency_key="k1")
    again = send(client, tickets, "note", body="Once.", idempotency_key="k1")
    assert (first.status_code, again.location) == (303, f"/queue/bulk/{latest().public_id}")
    assert len(db.session.scalars(select(Comment)).all()) == 2


def test_a_worker_that_is_killed_in_the_middle_is_followed_by_one_that_changes_nothing_twice(
    desk, queue, monkeypatch
):
    petra, _client, _team = desk
    tickets = some(4)
    operation = begin(petra, tickets, "note", body="Exactly once.")
    drive(operation, steps=2)
    queue.jobs.clear()
    running.work_off(5)
    assert latest().changed == 2, "somebody is at it still"

    later = clock.now() + actions.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    app_sweep(queue)

    assert (latest().state, latest().changed) == (State.DONE, 4)
    notes = db.session.scalars(select(Comment.ticket_id).order_by(Comment.ticket_id)).all()
    assert notes == sorted(ticket.id for ticket in tickets)


def app_sweep(queue):
    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    while queue.jobs:
        name, _ = queue.jobs[0]
        if name in {"jobs.sweep.sweep", "jobs.bulk.work"}:
            queue.run_next()
        else:
            queue.jobs.pop(0)


def test_who_has_lost_the_lease_changes_nothing_more(desk, monkeypatch):
    petra, _client, _team = desk
    tickets = some(2)
    operation = begin(petra, tickets, "priority", priority="high")
    stale = operation.lease_until
    later = clock.now() + actions.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert work.claim_next().id == operation.id
    db.session.commit()

    with pytest.raises(LeaseLost):
        work.do_next(operation.id, stale)
    db.session.rollback()

    seen(*tickets)
    assert {ticket.priority for ticket in tickets} == {Priority.MEDIUM}
    assert {outcome for outcome, _ in outcomes().values()} == {Outcome.PENDING}


def test_a_ticket_at_which_workers_die_is_left_out_in_the_end(desk, monkeypatch):
    petra, _client, _team = desk
    tickets = some(2)
    begin(petra, tickets, "priority", priority="high")
    now = clock.now()
    for death in range(1, work.MAX_ATTEMPTS + 2):
        monkeypatch.setattr(clock, "now", lambda death=death: now + death * (actions.LEASE * 2))
        claimed = work.claim_next()
        db.session.commit()
    drive(claimed)
    first, second = outcomes().values()
    assert first[0] is Outcome.REFUSED and "failed on it several times" in first[1]
    assert second[0] is Outcome.CHANGED


def test_a_cancelled_operation_stops_and_what_it_has_changed_can_be_undone(desk, monkeypatch):
    petra, client, _team = desk
    tickets = some(3)
    operation = begin(petra, tickets, "priority", priority="high")
    lease = work.do_next(operation.id, operation.lease_until)
    db.session.commit()

    client.post(f"/queue/bulk/{operation.public_id}/cancellation")

    with pytest.raises(LeaseLost):
        work.do_next(operation.id, lease)
    db.session.rollback()
    assert latest().state is State.CANCELLED
    undo(client)
    assert (latest().state, latest().undone) == (State.UNDONE, 1)
    seen(*tickets)
    assert {ticket.priority for ticket in tickets} == {Priority.MEDIUM}


def test_a_request_that_takes_too_long_leaves_the_rest_to_a_worker(desk, queue, monkeypatch):
    _petra, client, _team = desk
    monkeypatch.setattr(views, "PATIENCE", -1.0)
    answer = send(client, some(2), "priority", priority="high")
    assert answer.location == f"/queue/bulk/{latest().public_id}"
    assert (latest().state, latest().changed) == (State.RUNNING, 0)
    queue.run()
    assert (latest().state, latest().changed) == (State.DONE, 2)


def test_a_deadlock_is_tried_again_and_whoever_is_always_in_the_way_is_named(desk, monkeypatch):
    petra, _client, _team = desk
    tickets = some(2)
    operation = begin(petra, tickets, "priority", priority="high")
    real, fails = ACTS["priority"].apply, [1]

    class Deadlock(Exception):
        sqlstate = "40P01"

    def crossing(ticket, what, *, actor):
        if ticket.key == tickets[1].key or fails.pop() if fails else ticket.key == tickets[1].key:
            raise OperationalError("", {}, Deadlock())
        real(ticket, what, actor=actor)

    monkeypatch.setattr(ACTS["priority"], "apply", crossing)
    assert running.run(operation.id, operation.lease_until, until=float("inf"))
    first, second = outcomes().values()
    assert first[0] is Outcome.CHANGED
    assert second[0] is Outcome.REFUSED and "at the same moment" in second[1]


def test_more_than_there_may_be_at_once_are_refused_before_anything_is_changed(desk, monkeypatch):
    petra, client, _team = desk
    monkeypatch.setattr("portal.bulk.queries.MOST", 2)
    monkeypatch.setattr(views, "MOST", 2)
    monkeypatch.setattr(actions, "MOST", 2)
    tickets = some(3)
    refused = send(client, tickets, "close")
    assert refused.status_code == 409 and "Narrow the filter" in refused.text
    seen(*tickets)
    assert not any(ticket.is_done for ticket in tickets)
    monkeypatch.setattr(actions, "RUNNING", 1)
    begin(petra, tickets[:1], "close")
    refused = send(client, tickets[:1], "close")
    assert refused.status_code == 409
    assert "Wait until one of your changes is done" in refused.text
    assert f'name="ticket" value="{tickets[0].key}"' in refused.text


# The way back.


def test_tickets_that_somebody_changed_since_are_kept_and_named(desk):
    _petra, client, team = desk
    ben = make.agent(name="Ben Okafor", team=team)
    tickets = some(2)
    send(client, tickets, "priority", priority="high")
    ticket_actions.edit(tickets[1], actor=ben, priority=Priority.CRITICAL)
    db.session.commit()

    answer = undo(client)

    assert answer.location == f"/queue/bulk/{latest().public_id}"
    assert outcomes()[tickets[1].key] == (Outcome.KEPT, "Ben Okafor has changed it since.")
    seen(*tickets)
    assert [ticket.priority for ticket in tickets] == [Priority.MEDIUM, Priority.CRITICAL]
    assert "Ben Okafor has changed it since." in client.get(answer.location).text


def test_after_half_an_hour_nothing_is_undone(desk, monkeypatch):
    _petra, client, _team = desk
    (ticket,) = some(1)
    send(client, [ticket], "priority", priority="high")
    later = clock.now() + timedelta(minutes=30, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = undo(client)

    assert answer.status_code == 409 and "30 minutes" in answer.text
    seen(ticket)
    assert ticket.priority is Priority.HIGH
    assert "/undo" not in client.get("/queue/bulk").text


def test_undoing_twice_undoes_once(desk):
    _petra, client, _team = desk
    (ticket,) = some(1)
    send(client, [ticket], "priority", priority="high")
    undo(client)
    seen(ticket)
    version = ticket.version
    assert undo(client).status_code == 303
    seen(ticket)
    assert ticket.version == version


def test_tickets_given_to_another_team_by_mistake_come_back(desk):
    """Whoever gave them away does not see them any more until they are back."""
    _petra, client, team = desk
    other = make.team(name="Elsewhere")
    tickets = some(2, team=team)
    send(client, tickets, "team", team=str(other.id))
    path = f"/queue/bulk/{latest().public_id}"
    assert tickets[0].title not in client.get(path).text

    undo(client)

    seen(*tickets)
    assert {ticket.team_id for ticket in tickets} == {team.id}


def test_who_works_there_no_more_gives_nothing_back(desk):
    petra, client, team = desk
    tickets = some(1, team=team)
    send(client, tickets, "priority", priority="high")
    db.session.execute(TeamMember.__table__.delete().where(TeamMember.user_id == petra.id))
    db.session.commit()
    undo(client)
    assert outcomes()[tickets[0].key] == (Outcome.KEPT, "You do not work on it any more.")
    seen(tickets[0])
    assert tickets[0].priority is Priority.HIGH


def test_the_assignee_who_left_the_desk_meanwhile_is_not_given_it_back(desk):
    petra, client, team = desk
    gone = make.agent(name="Gone", team=team)
    tickets = some(1, team=team, assignee=gone)
    send(client, tickets, "assign", person=petra.email)
    gone.is_active = False
    db.session.commit()
    undo(client)
    outcome, reason = outcomes()[tickets[0].key]
    assert outcome is Outcome.KEPT and "does not work on tickets" in reason


# History.


def test_what_it_does_has_the_operation_as_its_cause(desk):
    petra, client, _team = desk
    tickets = some(2)
    send(client, tickets, "priority", priority="high")
    undo(client)

    events = db.session.scalars(
        select(Event).where(Event.kind == Kind.TICKET_EDITED).order_by(Event.id)
    ).all()
    assert [event.cause.kind for event in events] == [Kind.BULK_BEGAN] * 2 + [Kind.BULK_UNDO_BEGAN] * 2
    assert {event.actor_id for event in events} == {petra.id}
    began = events[0].cause
    assert (began.data["act"], began.data["tickets"], began.data["operation"]) == (
        "priority",
        2,
        latest().public_id,
    )


def test_the_desk_reads_that_it_was_done_to_others_as_well_and_who_asked_does_not(desk, client_for):
    petra, client, _team = desk
    ann = make.employee()
    one, other = some(2, requester=ann)
    send(client, [one], "priority", priority="high")
    ticket_actions.edit(other, actor=petra, priority=Priority.CRITICAL)
    db.session.commit()

    assert client.get(f"/tickets/{one.key}").text.count("with other tickets") == 1
    assert "with other tickets" not in client.get(f"/tickets/{other.key}").text
    assert "with other tickets" not in client_for(ann).get(f"/tickets/{one.key}").text


def test_the_words_of_a_note_are_not_in_the_audit_log(desk):
    _petra, client, _team = desk
    send(client, some(1), "note", body="SECRETWORD")
    told = select(Event.data).where(Event.kind == Kind.BULK_BEGAN)
    assert "SECRETWORD" not in str(db.session.scalars(told).all())


# Two at the same moment.


def test_two_crossing_operations_are_both_done(shared_app):
    world = make.desk()
    team = make.team()
    people = [make.agent(team=team) for _ in range(2)]
    tickets = [make.ticket(project=world, team=team) for _ in range(8)]
    into = [make.ticket(project=world, team=team) for _ in range(2)]
    db.session.commit()
    operations = [
        begin(people[0], tickets[::-1], "merge", into_id=into[0].id),
        begin(people[1], [*tickets, into[0]], "priority", priority="high"),
    ]
    leases = [(operation.id, operation.lease_until) for operation in operations]
    db.session.remove()
    broken = []

    def work_off(operation_id, lease):
        with shared_app.app_context():
            try:
                running.run(operation_id, lease, until=float("inf"))
            except Exception as error:  # noqa: BLE001, told below
                broken.append(error)

    threads = [threading.Thread(target=work_off, args=each) for each in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert broken == []
    done = db.session.scalars(select(BulkOperation).order_by(BulkOperation.id)).all()
    assert [operation.state for operation in done] == [State.DONE, State.DONE]
    assert [operation.reached for operation in done] == [8, 9]
    assert done[0].changed == 8


# What pages cost.


def test_its_pages_need_the_same_few_statements_for_few_and_many(desk, statements):
    _petra, client, _team = desk
    counts = []
    for number in (3, 40):
        tickets = some(number)
        send(client, tickets, "priority", priority="high")
        path = f"/queue/bulk/{latest().public_id}"
        asked = {"ticket": [ticket.key for ticket in tickets], "act": "priority", "priority": "low"}
        counts.append([])
        for page, query in ((path, {}), ("/queue/bulk", {}), ("/queue/bulk/new", asked)):
            client.get(page, query_string=query)
            statements.clear()
            assert client.get(page, query_string=query).status_code == 200
            counts[-1].append(len(statements))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 7


def test_domain_errors_reach_whoever_begins(desk):
    petra, _client, _team = desk
    with pytest.raises(DomainError):
        actions.begin(Chosen.by_keys(petra, []), ACTS["close"], {}, owner=petra)
