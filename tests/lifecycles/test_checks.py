"""What is wrong with a plan: each defect is found where it stands, and nothing is found in a sound one."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.checks import (
    Finding,
    Flaw,
    Surroundings,
    can_be_published,
    findings,
    reachable,
    reaching,
)
from portal.lifecycles.models import USUAL_COLOUR, Category
from portal.lifecycles.plan import Plan, PlannedStatus, PlannedStep, new_name
from portal.permissions import STAFF, Role


def status(name, category, label=None):
    return PlannedStatus(name, label or name.title(), category, USUAL_COLOUR[category])


STANDARD = DEFAULT


def found(plan, **around):
    return {(each.flaw, each.status, each.step) for each in findings(plan, Surroundings(**around))}


def at(flaw, status="", step=None):
    return (flaw, status, step)


def test_the_seeded_lifecycle_is_sound():
    assert findings(STANDARD, Surroundings(standing={"open": 0})) == []


NAMES = ("a", "b", "c", "d", "e")
ROLES = st.sampled_from([STAFF, frozenset(), frozenset({Role.ADMIN})])


@st.composite
def plans(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    statuses = tuple(status(name, draw(st.sampled_from(Category))) for name in names)
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    steps = draw(st.lists(st.tuples(ends, ROLES, st.booleans()), max_size=12, unique_by=lambda each: each[0]))
    return Plan(
        statuses,
        tuple(PlannedStep(*end, roles=roles, by_requester=asked) for end, roles, asked in steps),
    )


def ways(plan):
    """An oracle: the closure of the steps, by Warshall's rule (Journal of the ACM 9, 1962)."""
    joined = {(step.start, step.end) for step in plan.steps if not step.is_for_nobody}
    joined |= {(name, name) for name in plan.names}
    for between, start, end in product(plan.names, repeat=3):
        if (start, between) in joined and (between, end) in joined:
            joined.add((start, end))
    return joined


@given(plans())
def test_ways_are_those_of_the_graph(plan):
    joined = ways(plan)
    for name in plan.names:
        assert reachable(plan, {name}) == {end for start, end in joined if start == name}
        assert reaching(plan, {name}) == {start for start, end in joined if end == name}


@given(plans())
def test_what_cannot_be_reached_or_left_is_found_and_nothing_else(plan):
    joined, said = ways(plan), found(plan)
    done = {each.name for each in plan.statuses if each.category == Category.DONE}
    starts = [each.name for each in plan.statuses if each.category == Category.NEW]

    lost = {name for name in plan.names if starts and (starts[0], name) not in joined}
    stuck = {name for name in plan.names if done and not any((name, end) in joined for end in done)}

    assert {name for flaw, name, _ in said if flaw is Flaw.UNREACHABLE} == lost
    assert {name for flaw, name, _ in said if flaw is Flaw.DEAD_END} == stuck
    assert (at(Flaw.NO_START) in said, at(Flaw.NO_END) in said) == (not starts, not done)
    for_nobody = {(step.start, step.end) for step in plan.steps if step.is_for_nobody}
    assert {step for flaw, _, step in said if flaw is Flaw.FOR_NOBODY} == for_nobody


@given(plans())
def test_errors_come_first_and_keep_it_from_being_published(plan):
    said = [each.is_error for each in findings(plan)]

    assert said == sorted(said, reverse=True)
    assert can_be_published(plan) == (True not in said)


@given(plans())
def test_what_is_written_reads_as_the_same_plan(plan):
    assert Plan.read(plan.written()) == plan


def with_step(*steps):
    return replace(STANDARD, steps=(*STANDARD.steps, *steps))


def with_status(*statuses):
    return replace(STANDARD, statuses=(*STANDARD.statuses, *statuses))


@pytest.mark.parametrize(
    ("plan", "around", "finding"),
    [
        (Plan(), {}, at(Flaw.NO_STATUS)),
        (with_status(status("lab", Category.ACTIVE)), {}, at(Flaw.UNREACHABLE, "lab")),
        (
            replace(
                with_status(status("lab", Category.ACTIVE)),
                steps=(*STANDARD.steps, PlannedStep("open", "lab")),
            ),
            {},
            at(Flaw.DEAD_END, "lab"),
        ),
        (with_status(status("shut", Category.DONE, " closed ")), {}, at(Flaw.SAME_LABEL, "closed")),
        (with_status(status("shut", Category.DONE, "  ")), {}, at(Flaw.NO_LABEL, "shut")),
        (with_status(status("open", Category.DONE, "Over")), {}, at(Flaw.SAME_NAME, "open")),
        (with_step(PlannedStep("open", "lab")), {}, at(Flaw.UNKNOWN_STATUS, step=("open", "lab"))),
        (with_step(PlannedStep("open", "open")), {}, at(Flaw.TO_ITSELF, step=("open", "open"))),
        (with_step(PlannedStep("open", "closed")), {}, at(Flaw.SAME_STEP, step=("open", "closed"))),
        (
            with_step(PlannedStep("open", "blocked", roles=frozenset())),
            {},
            at(Flaw.FOR_NOBODY, step=("open", "blocked")),
        ),
        (
            with_step(PlannedStep("open", "blocked", roles=frozenset(), teams=frozenset({"Night"}))),
            {"people_in": {"Night": 0}},
            at(Flaw.EMPTY_TEAMS, step=("open", "blocked")),
        ),
        (
            with_step(PlannedStep("open", "blocked", teams=frozenset({"Gone"}))),
            {"people_in": {"Night": 4}},
            at(Flaw.UNKNOWN_TEAM, step=("open", "blocked")),
        ),
        (STANDARD.without("blocked"), {"standing": {"blocked": 3}}, at(Flaw.TICKETS_STAND, "blocked")),
        (
            STANDARD.without("blocked"),
            {"standing": {"blocked": 3}, "targets": {"blocked": "lab"}},
            at(Flaw.BAD_TARGET, "blocked"),
        ),
    ],
)
def test_each_defect_is_found_where_it_stands(plan, around, finding):
    assert finding in found(plan, **around)
    assert not can_be_published(plan, Surroundings(**around))


def test_a_status_that_goes_needs_no_target_where_no_ticket_stands_in_it_or_one_is_given():
    shorter = STANDARD.without("blocked")
    assert can_be_published(shorter, Surroundings(standing={"blocked": 0}))
    assert can_be_published(shorter, Surroundings(standing={"blocked": 3}, targets={"blocked": "open"}))


@pytest.mark.parametrize(
    ("plan", "around", "finding"),
    [
        (
            replace(STANDARD, steps=tuple(step for step in STANDARD.steps if step.start != "closed")),
            {},
            at(Flaw.NO_WAY_BACK, "closed"),
        ),
        (
            replace(
                STANDARD,
                steps=tuple(
                    replace(step, roles=frozenset(), by_requester=True) if step.start == "blocked" else step
                    for step in STANDARD.steps
                ),
            ),
            {},
            at(Flaw.ONLY_REQUESTER, "blocked"),
        ),
        (STANDARD, {"standing": {"blocked": 2}}, at(Flaw.MEANS_ELSE, "blocked")),
    ],
)
def test_a_warning_is_said_and_stands_in_nobodys_way(plan, around, finding):
    assert finding in found(plan, **around)
    assert can_be_published(plan, Surroundings(**around))


def test_a_finding_says_how_many_tickets_and_where_to():
    said = findings(STANDARD.without("blocked"), Surroundings(standing={"blocked": 3}))
    assert said == [Finding(Flaw.TICKETS_STAND, "blocked", number=3)]


@pytest.mark.parametrize(
    ("label", "taken", "name"),
    [
        ("Waiting for vendor", (), "waiting_for_vendor"),
        ("Zurückgestellt", (), "zurueckgestellt"),
        ("Open", ("open",), "open_2"),
        ("Open", ("open", "open_2"), "open_3"),
        ("待機", (), "status"),
        ("x" * 60, ("x" * 40,), "x" * 38 + "_2"),
    ],
)
def test_a_new_status_has_a_name_of_its_own(label, taken, name):
    assert new_name(label, taken) == name
