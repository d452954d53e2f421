"""Rules that are tried on what has happened: how far it is, and what they would have done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import request, url_for

from portal.admin.blueprint import bp
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.rules import trials
from portal.rules.models import RuleTrial, RuleTrialCase, TrialState
from portal.rules.triggers import FIELDS
from portal.rules.words import lines_said
from portal.web.forms import whole_number
from portal.web.htmx import go_to, render
from portal.web.session import me

PAGE, FRAGMENT = "rules/trial.html", "rules/_trial.html"
TRIAL = "/rule-trials/<public_id>"
SHOWN = 50  # cases on a page


@dataclass(frozen=True)
class Foreseen:
    """Something that would be recorded, as the templates of events show them."""

    id: str
    kind: str
    created_at: datetime
    data: Mapping[str, Any]
    key: str = ""  # of another ticket on which it would happen
    text: str = ""
    actor: None = None
    cause_id: None = None
    source_key: None = None
    is_of_many: bool = False
    tells_of_rules: bool = True


@dataclass(frozen=True)
class Shown:
    case: RuleTrialCase
    key: str
    title: str
    deeds: list[Foreseen] = field(default_factory=list)


@bp.get(TRIAL)
@requires(Permission.RULE_MANAGE)
def rule_trial(public_id: str):
    """Asked for again and again until it is done."""
    trial = trials.trial_or_404(public_id, reader=me())
    shown = _shown(trial) if trial.state is TrialState.DONE else {}
    words = {"said": _said(trial), "lines_said": lines_said, "fields": FIELDS}
    return render(PAGE, FRAGMENT, trial=trial, **words, **shown)


@bp.post(f"{TRIAL}/cancellation")
@requires(Permission.RULE_MANAGE)
def cancel_rule_trial(public_id: str):
    trials.cancel(trials.trial_or_404(public_id, reader=me(), to_change=True))
    db.session.commit()
    return go_to(url_for(".rule_trial", public_id=public_id))


def _shown(trial: RuleTrial) -> dict[str, Any]:
    """The latest cases first, from the one on that is asked for."""
    after = _after()
    rows = trials.cases_of(trial, reader=me()).where(RuleTrialCase.position >= after)
    found = db.session.execute(rows.order_by(RuleTrialCase.position).limit(SHOWN + 1)).all()
    cases = [_case(*row) for row in found[:SHOWN]]
    later = found[SHOWN][0].position if len(found) > SHOWN else None
    return {"cases": cases, "after": after, "later": later, "before": max(0, after - SHOWN)}


def _after() -> int:
    try:
        return max(0, whole_number(request.args.get("after", "")) or 0)
    except ValueError:
        return 0


def _case(case: RuleTrialCase, key: str, title: str) -> Shown:
    """Of another ticket only that it is concerned: what rules do to a new one is a case of its own."""
    elsewhere: set[str] = set()
    deeds = []
    for number, deed in enumerate(case.deeds):
        if deed["kind"].startswith("tag.") or deed["key"] in elsewhere:
            continue
        elsewhere |= {deed["key"]} - {""}
        by = {"rule": {"label": deed["rule"]}} if deed["rule"] else {}
        told = {"id": f"{case.position}-{number}", "created_at": case.at, "data": deed["data"] | by}
        deeds.append(Foreseen(kind=deed["kind"], key=deed["key"], text=deed["text"], **told))
    return Shown(case, key, title, deeds)


def _said(trial: RuleTrial) -> dict[str, Any]:
    """Of what is told in short, what a page says of it."""
    told = trial.told
    if not told:
        return {}
    asks = trial.content["asks"]
    not_so = [(text, number) for text, number in zip(asks, told["not_so"], strict=False) if number]
    moments = {name: datetime.fromisoformat(told[name]) for name in ("since", "until")}
    return told | moments | {"not_so": not_so}
