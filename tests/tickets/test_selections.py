"""Statements that are made once: they say what one says that is made anew, for everybody and at any time."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from portal import clock, memory
from portal.desk.queues import QUEUES, Asked, Desk, listing, selection
from portal.extensions import db
from portal.filters import And, lasting
from portal.lifecycles.models import Status
from portal.tickets import spam, tagging
from portal.tickets.lists import SORTS, Sort, tickets_seen_by
from portal.tickets.models import Priority
from portal.tickets.requested import SHOWS, request_page
from portal.tickets.selections import (
    _STATEMENTS,
    Slice,
    count_of,
    count_of_statuses,
    first_of_statuses,
    page_of,
)
from tests import factories as make

FILTERS = """
is:open|is:closed|is:open is:unassigned|is:open is:mine|is:merged|-is:merged|is:spam|is:triage|is:overdue
is:snoozed|is:confidential|team:mine|team:none|-team:mine|assignee:me|assignee:none|-assignee:me
assignee:petra@example.org|requester:ann@example.org|status:open|status:open,in_progress|status:closed
priority>=high|priority:low,high|-priority:high|replies>0|replies:0,1|type:question|waiting:none|tag:vpn
tag:none|project:IT|participant:me|watcher:me|created<7d|closed<7d|printer|-printer is:open|has:reply
organization:none|rating>3|spent>0|due:none|mentions:me
"""
FILTERS = ("", *FILTERS.replace("\n", "|").strip("|").split("|"))
PASSING = """
created<7d|closed:today|due<2d|printer|-printer|is:open printer|has:reply|title:printer|-created<7d
is:open created<7d|key:IT-1|mentions:me|participant:me
"""
PASSING = PASSING.replace("\n", "|").strip("|").split("|")


@pytest.fixture
def town(world):
    ours, theirs = make.team(name="Ours"), make.team(name="Theirs")
    closed_shop = make.project(members_only=True)
    people = {
        "ann": make.employee(name="Ann", email="ann@example.org"),
        "petra": make.agent(name="Petra", email="petra@example.org", team=ours),
        "ben": make.agent(name="Ben", email="ben@example.org", team=theirs),
        "lea": make.agent(name="Lea", email="lea@example.org", team=ours, is_limited=True),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    ann, petra, ben = people["ann"], people["petra"], people["ben"]
    make.project_member(make.desk(), people["lea"])
    make.ticket(ann, title="VPN drops")
    make.ticket(ann, team=ours, assignee=petra, title="Printer on fire", priority=Priority.HIGH)
    late = make.ticket(team=theirs, assignee=ben, title="Badge reader")
    late.due_at = clock.now() - timedelta(days=1)
    make.ticket(ann, team=ours, is_confidential=True, title="Salary of the printer")
    make.ticket(ann, team=ours, assignee=ben, status="closed", title="Printer jam")
    make.ticket(petra, project=closed_shop, title="Behind doors")
    make.reply(make.ticket(ben, title="Answered", priority=Priority.LOW), ben)
    tagging.change_tags(make.ticket(ann, title="Tagged"), ["vpn"], actor=petra)
    spam.mark(make.ticket(ann, title="Cheap pills"), actor=petra)
    db.session.commit()
    memory.forget_all()
    _STATEMENTS.clear()
    return people


def keys(rows):
    return [row.key for row in rows]


def of(user, typed):
    desk = Desk.of(user)
    return selection(desk, desk.read(typed))


def test_what_is_kept_says_the_same_as_what_is_made_anew(town):
    """Asked twice by each, in turns: whoever comes second meets what was kept for the other."""
    order = Sort.typed("-created")
    staff = [person for person in town.values() if person.is_staff]
    found, kept_after = set(), []
    for _round, typed in product(range(2), FILTERS):
        for person in staff:
            kept = of(person, typed)
            anew = replace(kept, lasts=None)
            expected = page_of(anew, Slice(order)).rows
            assert page_of(kept, Slice(order)).rows == expected, (typed, person.name)
            assert count_of(kept, 9) == count_of(anew, 9) == len(expected), (typed, person.name)
            found.update(keys(expected))
        kept_after.append(len(_STATEMENTS))
    assert len(found) == 9
    assert 0 < kept_after[len(FILTERS) - 1] == kept_after[-1]  # the second round made none


def test_people_who_see_by_the_same_rules_share_a_statement(town):
    for name in ("petra", "ben"):
        page_of(of(town[name], "is:open"), Slice(Sort.typed("-id")))
    assert len(_STATEMENTS) == 1
    page_of(of(town["admin"], "is:open"), Slice(Sort.typed("-id")))
    assert len(_STATEMENTS) == 2


def test_no_more_statements_are_kept_than_there_is_room_for(town, monkeypatch):
    monkeypatch.setattr("portal.tickets.selections.MOST", 3)
    for typed in ("is:open", "is:closed", "team:mine", "team:none", "is:mine", "is:open"):
        assert page_of(of(town["ben"], typed), Slice(Sort.typed("-id")))
        assert len(_STATEMENTS) <= 3


@pytest.mark.parametrize("typed", PASSING)
def test_what_means_another_thing_tomorrow_is_not_kept(town, typed):
    desk = Desk.of(town["petra"])
    assert lasting(desk.read(typed), desk.fields) is None


def test_what_a_filter_is_made_of_tells_it_from_every_other(town):
    made_of = {}
    for person in (town["petra"], town["ben"], town["lea"]):
        desk = Desk.of(person)
        for typed in FILTERS:
            if (of_this := lasting(desk.read(typed), desk.fields)) is not None:
                made_of.setdefault(of_this, set()).add(typed)
    twice = {frozenset(each) for each in made_of.values() if len(each) > 1}
    assert twice == {frozenset({"assignee:me", "assignee:petra@example.org"})}
    assert len(made_of) > 25


def test_a_kept_list_follows_the_clock(town, monkeypatch):
    ticket = make.ticket(title="Later")
    ticket.due_at = clock.now() + timedelta(hours=1)
    db.session.flush()
    overdue = [keys(listing_of(town["admin"], "overdue"))]
    now = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    overdue.append(keys(listing_of(town["admin"], "overdue")))
    assert [ticket.key in each for each in overdue] == [False, True]


def listing_of(user, name):
    queue, desk = QUEUES[name], Desk.of(user)
    return listing(desk, Asked(queue, "", Sort.typed(queue.sort)), desk.whole(queue, And())).page.rows


def test_who_joins_a_project_or_a_team_sees_it_in_the_list_that_was_kept(town):
    lea, project = town["lea"], make.project()
    inside = make.ticket(project=project, title="Inside").key
    before = keys(listing_of(lea, "open"))
    make.project_member(project, lea)
    memory.forget_all()
    assert inside not in before
    assert inside in keys(listing_of(lea, "open"))


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_a_page_is_cut_and_counted_in_each_order(town, sort):
    admin, order = town["admin"], Sort.typed(sort)
    every = keys(page_of(of(admin, ""), Slice(order)).rows)
    for size in (1, 3, 8, 25):
        page = page_of(of(admin, ""), Slice(order, size=size))
        assert keys(page.rows) == every[:size]
        if page.older:
            assert keys(page_of(of(admin, ""), Slice(order, page.older, size)).rows) == every[size : 2 * size]
    number = len(db.session.execute(tickets_seen_by(admin)).all())
    assert [count_of(of(admin, ""), most) for most in (5, 99)] == [5, number]
    assert number == len(every)


@pytest.mark.parametrize("sort", ["-id", "due", "-priority"])
def test_the_first_of_each_status_and_their_number(town, sort):
    admin, order = town["admin"], Sort.typed(sort)
    every = page_of(of(admin, ""), Slice(order)).rows
    groups = {status.name: [status.id] for status in db.session.query(Status)}
    found = first_of_statuses(of(admin, ""), groups, sort=order, limit=2)
    numbers = count_of_statuses(of(admin, ""), groups, 3)
    for name, ids in groups.items():
        rows = [row.key for row in every if row.status_id in ids]
        assert (keys(found[name]), numbers[name]) == (rows[:2], min(3, len(rows)))
    assert max(numbers.values()) > 1
    assert (
        first_of_statuses(of(admin, ""), {}, sort=order, limit=2)
        == count_of_statuses(of(admin, ""), {}, 3)
        == {}
    )
    nothing = first_of_statuses(of(admin, "priority:critical"), groups, sort=order, limit=2)
    assert not any(nothing.values())
    assert not any(count_of_statuses(of(admin, "priority:critical"), groups, 3).values())


def test_each_sees_their_own_requests_in_the_list_that_was_kept(town):
    others = make.employee()
    theirs = make.ticket(others, title="Somebody else's").key
    for show in SHOWS:
        lists = 2 * [
            keys(request_page(person, show, And(), cursor=None).rows) for person in (town["ann"], others)
        ]
        assert lists[:2] == lists[2:]
        assert (theirs in lists[1]) == (show in {"open", "all"})
        assert not set(lists[0]) & set(lists[1])
