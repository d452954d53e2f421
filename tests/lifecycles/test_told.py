"""What the audit log tells of a plan that became another one."""

from dataclasses import replace

from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.plan import Need, Plan
from portal.lifecycles.told import plan_told
from portal.permissions import Role
from tests.lifecycles.drafts import with_step


def lines(old, new):
    """What went and what came, of each part."""
    told = plan_told(old, new)
    return {name: (both["old"]["label"], both["new"]["label"]) for name, both in told.items()}


def test_what_is_the_same_is_not_told():
    assert plan_told(DEFAULT, DEFAULT) == {}
    assert plan_told(DEFAULT, replace(DEFAULT, steps=DEFAULT.steps[::-1])) == {}


def test_a_step_tells_what_is_not_as_usual():
    new = with_step(
        DEFAULT, "open", "closed", label="Done", roles=frozenset({Role.ADMIN}),
        teams=frozenset({"Network"}), by_requester=True, needs=frozenset({Need.COMMENT, Need.TIME}),
    )  # fmt: skip

    more = "label: Done; roles: admin; teams: Network; requester: yes; needs: comment, time"
    assert lines(DEFAULT, new) == {"steps": (["Open → Closed"], [f"Open → Closed ({more})"])}


def test_another_order_of_the_statuses_is_told_whole():
    new = replace(DEFAULT, statuses=DEFAULT.statuses[::-1])

    was, now = lines(DEFAULT, new)["statuses"]

    assert (was, now) == (now[::-1], was[::-1])
    assert len(was) == len(DEFAULT.statuses)


def test_a_plan_that_is_new_or_gone_is_told_whole():
    assert lines(Plan(), DEFAULT)["statuses"][0] == []
    assert len(lines(DEFAULT, Plan())["steps"][0]) == len(DEFAULT.steps)
