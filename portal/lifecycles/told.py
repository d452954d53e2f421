"""What became of a plan, as events keep it: a line for each status and step, as its labels are."""

from portal.events.changes import Changes, change
from portal.lifecycles.plan import Plan, PlannedStep


def plan_told(old: Plan, new: Plan) -> Changes:
    """The lines that only one of them has; where nothing but their order is another, all of them."""
    lines = {"statuses": (_statuses(old), _statuses(new)), "steps": (_steps(old), _steps(new))}
    return {name: change(*_apart(was, now)) for name, (was, now) in lines.items() if was != now}


def _apart(was: list[str], now: list[str]) -> tuple[list[str], list[str]]:
    gone, come = [line for line in was if line not in now], [line for line in now if line not in was]
    return (gone, come) if gone or come else (was, now)


def _statuses(plan: Plan) -> list[str]:
    return [f"{each.label} ({each.category}, {each.colour})" for each in plan.statuses]


def _steps(plan: Plan) -> list[str]:
    """In an order of their own, for that in which they are written is none of people's."""
    return sorted(_step(step, plan) for step in plan.steps)


def _step(step: PlannedStep, plan: Plan) -> str:
    """`In progress → Closed (roles: agent; needs: comment)`, without what is as usual."""
    way = f"{plan.label_of(step.start)} → {plan.label_of(step.end)}"
    more = [f"{name}: {_said(value)}" for name, value in step.written().items() if name not in {"from", "to"}]
    return f"{way} ({'; '.join(more)})" if more else way


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)
