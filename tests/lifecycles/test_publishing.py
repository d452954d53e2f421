"""What is published is what the tables say, version after version, and an older version comes again."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as sought
from hypothesis import strategies as st
from sqlalchemy import select

from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles import publishing
from portal.lifecycles.actions import DEFAULT
from portal.lifecycles.checks import Surroundings
from portal.lifecycles.differences import differences
from portal.lifecycles.models import Category, Colour, Status, Transition
from portal.lifecycles.plan import Need, Plan, PlannedStatus, PlannedStep
from portal.lifecycles.queries import published_plan
from portal.organizations.models import Team
from portal.permissions import STAFF, Role
from tests import factories as make
from tests.lifecycles.drafts import publish


@st.composite
def sound_plans(draw):
    """Statuses in a ring, from new to done and back again, with more steps across it."""
    inner = draw(st.lists(st.sampled_from(["desk", "vendor", "tests", "blocked"]), max_size=3, unique=True))
    between = [
        make.planned(name, draw(st.sampled_from([Category.ACTIVE, Category.WAITING]))) for name in inner
    ]
    ends = make.planned("open", Category.NEW), make.planned("closed", Category.DONE)
    statuses = (ends[0], *between, ends[1])
    names = [status.name for status in statuses]
    ring = set(zip(names, [*names[1:], names[0]], strict=True))
    across = draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=4))
    more = draw(
        st.fixed_dictionaries(
            {
                "label": st.sampled_from(["", "Go on"]),
                "roles": st.sampled_from([STAFF, frozenset({Role.ADMIN})]),
                "by_requester": st.booleans(),
                "needs": st.sets(st.sampled_from(Need), max_size=3).map(frozenset),
            }
        )
    )
    steps = sorted(ring | {(start, end) for start, end in across if start != end})
    return Plan(statuses, tuple(PlannedStep(*each, **more) for each in steps))


def plan_in_the_tables(lifecycle):
    """Read from the rows that tickets go by, not from the version."""
    held = select(Status).where(Status.lifecycle_id == lifecycle.id, Status.removed_at.is_(None))
    statuses = db.session.scalars(held.order_by(Status.position)).all()
    names = {status.id: status.name for status in statuses}
    teams = {team.id: team.name for team in db.session.scalars(select(Team))}
    steps = db.session.scalars(select(Transition).where(Transition.from_status_id.in_(names)))
    return Plan(
        tuple(
            PlannedStatus(each.name, each.stored_label, Category(each.category), Colour(each.colour))
            for each in statuses
        ),
        tuple(
            PlannedStep(
                names[each.from_status_id],
                names[each.to_status_id],
                each.label,
                frozenset(Role(role) for role in each.roles),
                frozenset(teams[team_id] for team_id in each.team_ids),
                each.by_requester,
                frozenset(Need(need) for need in each.needs),
            )
            for each in steps
        ),
    )


@sought(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=sound_plans(), second=sound_plans())
def test_the_tables_say_what_was_published_and_again_after_a_roll_back(world, first, second):
    lifecycle, boss = world.lifecycle, make.admin()
    nested = db.session.begin_nested()
    try:
        for plan in (first, second):
            if not differences(published_plan(lifecycle), plan):
                continue
            publish(
                plan, actor=boss, lifecycle=lifecycle, targets=dict.fromkeys(DEFAULT.names, plan.names[0])
            )
            assert differences(plan_in_the_tables(lifecycle), plan) == []
        back = publishing.roll_back(lifecycle, 1, actor=boss)
        assert Plan.read(back.content) == DEFAULT
    finally:
        nested.rollback()
        db.session.expire_all()


def test_without_a_draft_or_a_change_there_is_nothing_to_publish(world):
    lifecycle, boss = world.lifecycle, make.admin()
    with pytest.raises(DomainError, match="There is no draft"):
        publishing.publish(lifecycle, Surroundings(), note="", actor=boss)
    publishing.change_draft(lifecycle, DEFAULT, targets={}, seen=0, actor=boss)
    with pytest.raises(DomainError, match="changes nothing"):
        publishing.publish(lifecycle, Surroundings(), note="", actor=boss)


def test_a_draft_with_an_error_is_not_published_and_one_with_a_warning_is(world):
    lifecycle, boss = world.lifecycle, make.admin()
    one_way = Plan(DEFAULT.statuses, tuple(step for step in DEFAULT.steps if step.start != "closed"))
    publish(one_way, actor=boss)

    lost = Plan((*DEFAULT.statuses, make.planned("lost", Category.ACTIVE)), DEFAULT.steps)
    with pytest.raises(DomainError, match="Something is wrong with the draft"):
        publish(lost, actor=boss)
    assert lifecycle.number == 2
