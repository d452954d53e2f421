"""A plan as the fields of one form, and back.

A field goes by what it is of: `label:open`, `step:open:closed`. The names of the
statuses stand in `status`, in their order; what was typed for a status that is new
stands in `new_label` and the like.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from portal.lifecycles.models import USUAL_COLOUR, Category, Colour
from portal.lifecycles.plan import Need, Plan, PlannedStatus, PlannedStep, moved, new_name
from portal.permissions import STAFF, Role
from portal.web.forms import tidy

LABEL_LIMIT = 60  # as statuses and steps keep theirs
MOST = 24  # statuses of one lifecycle; each may lead to each other, and the page shows them all
_NAME = re.compile(r"[a-z0-9_]{1,40}")
Fields = Mapping[str, Sequence[str]]
Word = TypeVar("Word", bound=StrEnum)


def fields_of(plan: Plan) -> dict[str, list[str]]:
    """Everything that the form of this plan sends, where nothing is changed in it."""
    fields: dict[str, list[str]] = {"status": list(plan.names)}
    for status in plan.statuses:
        fields[f"label:{status.name}"] = [status.label]
        fields[f"category:{status.name}"] = [status.category.value]
        fields[f"colour:{status.name}"] = [status.colour.value]
    for step in plan.steps:
        ends = f"{step.start}:{step.end}"
        fields[f"step:{ends}"] = ["yes"]
        fields[f"said:{ends}"] = [step.label]
        fields[f"roles:{ends}"] = [role.value for role in Role if role in step.roles]
        fields[f"teams:{ends}"] = sorted(step.teams)
        fields[f"requester:{ends}"] = ["yes"] if step.by_requester else []
        fields[f"needs:{ends}"] = [need.value for need in Need if need in step.needs]
    return fields


def plan_of(fields: Fields) -> Plan:
    """What was typed, as far as it makes sense: what is wrong with it is for `checks` to say, and what no
    form of ours sends is as if it were not there."""
    names = [name for name in dict.fromkeys(fields.get("status", ())) if _NAME.fullmatch(name)][:MOST]
    statuses = tuple(_status(name, fields) for name in names)
    steps = tuple(
        _step(start, end, fields) for start in names for end in names if f"step:{start}:{end}" in fields
    )
    return Plan(statuses, steps)


def targets_of(fields: Fields) -> dict[str, str]:
    """Which status the tickets of one that goes are to have, by their names, where that was chosen."""
    chosen = {
        name.removeprefix("target:"): typed for name, typed in fields.items() if name.startswith("target:")
    }
    return {
        name: typed[0]
        for name, typed in chosen.items()
        if typed and all(map(_NAME.fullmatch, (name, typed[0])))
    }


def after(plan: Plan, act: str, fields: Fields) -> Plan:
    """The plan once a button of its form was pressed: `add`, `remove:open`, `up:open`, `down:open`.

    Another one changes nothing.
    """
    verb, _, name = act.partition(":")
    if verb == "add":
        return _with_new(plan, fields)
    if name not in plan.names:
        return plan
    if verb == "remove":
        return plan.without(name)
    if verb in {"up", "down"}:
        order = moved(plan.names, name, up=verb == "up")
        by_name = {status.name: status for status in plan.statuses}
        return Plan(tuple(by_name[each] for each in order), plan.steps)
    return plan


def _with_new(plan: Plan, fields: Fields) -> Plan:
    label = _text(fields, "new_label")
    if not label or len(plan.statuses) >= MOST:
        return plan
    category = _word(Category, fields, "new_category", Category.ACTIVE)
    status = PlannedStatus(new_name(label, plan.names), label, category, USUAL_COLOUR[category])
    return Plan((*plan.statuses, status), plan.steps)


def _status(name: str, fields: Fields) -> PlannedStatus:
    category = _word(Category, fields, f"category:{name}", Category.ACTIVE)
    colour = _word(Colour, fields, f"colour:{name}", USUAL_COLOUR[category])
    return PlannedStatus(name, _text(fields, f"label:{name}"), category, colour)


def _step(start: str, end: str, fields: Fields) -> PlannedStep:
    """One that was only just ticked has nothing else yet: it is for the whole desk."""
    ends = f"{start}:{end}"
    if f"said:{ends}" not in fields:
        return PlannedStep(start, end)
    return PlannedStep(
        start,
        end,
        label=_text(fields, f"said:{ends}"),
        roles=_words(Role, fields, f"roles:{ends}") & STAFF,
        teams=frozenset(fields.get(f"teams:{ends}", ())),
        by_requester=bool(fields.get(f"requester:{ends}")),
        needs=_words(Need, fields, f"needs:{ends}"),
    )


def _text(fields: Fields, name: str) -> str:
    return (tidy(next(iter(fields.get(name, ())), "").replace("\0", "")) or "")[:LABEL_LIMIT]


def _word(kind: Callable[[Any], Word], fields: Fields, name: str, usual: Word) -> Word:
    try:
        return kind(next(iter(fields.get(name, ())), ""))
    except ValueError:
        return usual


def _words(kind: type[Word], fields: Fields, name: str) -> frozenset[Word]:
    known = {word.value: word for word in kind}
    return frozenset(known[typed] for typed in fields.get(name, ()) if typed in known)
