"""The form of a plan: what it shows comes back as it was, and nonsense is as if it were not there."""

from hypothesis import given
from hypothesis import strategies as st

from portal.lifecycles.models import Category
from portal.lifecycles.plan import Need, Plan, PlannedStep
from portal.lifecycles.typed import MOST, after, fields_of, plan_of
from portal.permissions import STAFF, Role
from tests.lifecycles.test_checks import STANDARD, plans


def whole(plan):
    return plan.statuses, set(plan.steps)


@given(plans())
def test_what_the_form_shows_comes_back_as_it_was(plan):
    assert whole(plan_of(fields_of(plan))) == whole(plan)


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=8), max_size=3), max_size=8))
def test_nonsense_makes_a_plan_that_can_be_checked(fields):
    plan = plan_of(fields)
    assert Plan.read(plan.written()) == plan


@given(plans(), st.sampled_from(["up", "down", "remove", "add", "burn"]), st.sampled_from("abcde"))
def test_a_button_changes_the_one_thing_it_says(plan, verb, name):
    changed = after(plan, f"{verb}:{name}", {"new_label": ["Fresh"]})

    if verb == "remove":
        assert changed == plan.without(name)
    elif verb == "add":
        assert changed.names == (*plan.names, "fresh")
    else:
        assert sorted(changed.names) == sorted(plan.names)
        assert sum(one != other for one, other in zip(plan.names, changed.names, strict=True)) in (0, 2)
        assert changed.steps == plan.steps


def test_a_step_that_was_only_ticked_is_for_the_whole_desk():
    fields = fields_of(STANDARD) | {"step:open:blocked": ["yes"]}
    assert PlannedStep("open", "blocked", roles=STAFF) in plan_of(fields).steps


def test_all_of_a_step_is_read():
    ends = "open:blocked"
    fields = fields_of(STANDARD) | {
        f"step:{ends}": ["yes"],
        f"said:{ends}": ["  Put   on hold "],
        f"roles:{ends}": ["manager", "employee", "king"],
        f"teams:{ends}": ["Night"],
        f"requester:{ends}": ["yes"],
        f"needs:{ends}": ["comment", "blood"],
    }
    assert (
        PlannedStep(
            "open",
            "blocked",
            label="Put on hold",
            roles=frozenset({Role.MANAGER}),
            teams=frozenset({"Night"}),
            by_requester=True,
            needs=frozenset({Need.COMMENT}),
        )
        in plan_of(fields).steps
    )


def test_a_new_status_has_what_was_typed_and_one_without_a_label_is_none():
    added = after(STANDARD, "add", {"new_label": ["Open"], "new_category": ["waiting"]})
    assert added.statuses[-1].name == "open_2"
    assert added.statuses[-1].category == Category.WAITING
    assert after(STANDARD, "add", {"new_label": ["  "]}) == STANDARD


def test_there_is_an_end_to_statuses():
    plan = STANDARD
    for number in range(2 * MOST):
        plan = after(plan, "add", {"new_label": [f"Status {number}"]})
    assert len(plan.statuses) == MOST
    assert len(plan_of({"status": [str(number) for number in range(2 * MOST)]}).statuses) == MOST
