"""What a version changes: everything that differs, and nothing that does not."""

from dataclasses import replace

from hypothesis import given

from portal.lifecycles.differences import Change, Difference, differences
from portal.lifecycles.models import Category, Colour
from portal.lifecycles.plan import Need, PlannedStep
from tests.lifecycles.test_checks import STANDARD, plans, status


@given(plans(), plans())
def test_nothing_is_told_of_the_same_and_something_of_all_others(one, other):
    def whole(plan):
        return plan.statuses, set(plan.steps)

    assert differences(one, one) == []
    assert bool(differences(one, other)) == (whole(one) != whole(other))


@given(plans(), plans())
def test_backwards_each_is_told_the_other_way_round(one, other):
    turned = {
        Change.STATUS_ADDED: Change.STATUS_REMOVED,
        Change.STATUS_REMOVED: Change.STATUS_ADDED,
    }

    def of_statuses(found):
        return {each for each in found if each.status or each.change is Change.REORDERED}

    back = {
        replace(each, change=turned.get(each.change, each.change), old=each.new, new=each.old)
        for each in of_statuses(differences(other, one))
    }
    assert of_statuses(differences(one, other)) == back


def test_each_is_told_with_what_was_and_what_is():
    blocked = replace(STANDARD.status("blocked"), label="On hold", colour=Colour.RED)
    statuses = tuple(blocked if each.name == "blocked" else each for each in STANDARD.statuses)
    steps = (
        *(step for step in STANDARD.steps if (step.start, step.end) != ("open", "closed")),
        PlannedStep("open", "lab"),
    )
    changed = replace(STANDARD, statuses=(*statuses, status("lab", Category.ACTIVE)), steps=steps)

    assert set(differences(STANDARD, changed)) == {
        Difference(Change.RENAMED, "blocked", old="Blocked", new="On hold"),
        Difference(Change.COLOURED, "blocked", old=Colour.AMBER, new=Colour.RED),
        Difference(Change.STATUS_ADDED, "lab", new="Lab"),
        Difference(Change.STEP_ADDED, step=("open", "lab")),
        Difference(Change.STEP_REMOVED, step=("open", "closed")),
    }


def test_the_steps_of_a_status_that_goes_are_not_told_one_by_one():
    assert differences(STANDARD, STANDARD.without("blocked")) == [
        Difference(Change.STATUS_REMOVED, "blocked", old="Blocked")
    ]


def test_of_a_step_it_is_told_who_may_take_it_and_what_it_asks_for():
    first, *others = STANDARD.steps
    changed = replace(first, by_requester=True, needs=frozenset({Need.COMMENT}), label="Begin")
    told = differences(STANDARD, replace(STANDARD, steps=(changed, *others)))

    assert [each.change for each in told] == [Change.STEP_LABELLED, Change.MAY_TAKE, Change.ASKS_FOR]
    assert told[1].new == (first.roles, frozenset(), True)
