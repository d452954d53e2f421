"""What tests of lifecycles share: a change of the default one, published as an admin would."""

from dataclasses import replace

from portal.extensions import db
from portal.lifecycles import publishing
from portal.lifecycles.checks import Surroundings
from portal.lifecycles.plan import Plan, PlannedStep
from portal.lifecycles.publishing import followed
from portal.lifecycles.queries import published_plan
from portal.organizations.queries import all_teams
from portal.tickets.catching_up import let_follow, standing_in
from tests import factories as make


def with_step(plan, start, end, **values):
    """The plan with that step as said, in place of the one it has, or in addition."""
    old = next((step for step in plan.steps if step.ends == (start, end)), None)
    new = replace(old or PlannedStep(start, end), **values)
    others = tuple(step for step in plan.steps if step.ends != (start, end))
    return Plan(plan.statuses, (*others, new))


def publish(plan, *, actor=None, targets=None, lifecycle=None, note=""):
    """Publish it; the tickets follow that follow at once. The event of it."""
    lifecycle, actor = lifecycle or make.lifecycle(), actor or make.admin()
    publishing.change_draft(lifecycle, plan, targets=targets or {}, seen=0, actor=actor)
    standing = standing_in(lifecycle, followed(published_plan(lifecycle), plan))
    people = {team.name: 1 for team in all_teams()}
    around = Surroundings(standing=standing, targets=targets or {}, people_in=people)
    event = publishing.publish(lifecycle, around, note=note, actor=actor)
    let_follow(event)
    db.session.flush()
    return event
