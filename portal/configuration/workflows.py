"""Workflows in a configuration."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.configuration.entries import ConfigurationEntry, WorkflowEntry
from portal.configuration.reading import Place
from portal.extensions import db
from portal.lifecycles import actions, publishing
from portal.lifecycles.checks import Finding, findings
from portal.lifecycles.differences import differences
from portal.lifecycles.models import Lifecycle
from portal.lifecycles.plan import Plan
from portal.lifecycles.queries import draft_of, published_plan
from portal.lifecycles.words import said_of, sentence
from portal.tickets.catching_up import let_follow, surroundings

NAME = "workflows"


def written() -> list[dict[str, Any]]:
    """What holds; drafts are nobody's business yet. The standard one first."""
    every = db.session.scalars(select(Lifecycle).order_by(Lifecycle.id))
    return [
        {"name": each.name, "description": each.description} | published_plan(each).written()
        for each in every
    ]


def problems(entry: WorkflowEntry, _whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    """What keeps it from being published, each with its place within the entry."""
    plan, lifecycle = entry.plan, _called(entry.name)
    now = published_plan(lifecycle) if lifecycle else Plan()
    if lifecycle and differences(now, plan) and draft_of(lifecycle):
        yield (), _("Somebody has a draft of it. Publish or discard that first.")
    for finding in findings(plan, surroundings(lifecycle, now, plan, targets=entry.becomes)):
        if finding.is_error:
            yield _place_of(finding, entry), sentence(finding, plan if plan.status(finding.status) else now)


def changes(entry: WorkflowEntry) -> list[str] | None:
    """What it would change, in words; None where it is new."""
    lifecycle = _called(entry.name)
    if lifecycle is None:
        return None
    now, plan = published_plan(lifecycle), entry.plan
    said = [said_of(each, now, plan) for each in differences(now, plan)]
    if lifecycle.description != entry.description:
        said.append(_("Its description is another one."))
    return said


def put(entry: WorkflowEntry, *, actor: User) -> None:
    """Make it so, as an admin would: a new version, and its tickets follow."""
    lifecycle = _called(entry.name, to_change=True)
    if lifecycle is None:
        actions.create_lifecycle(entry.name, actor=actor, description=entry.description, plan=entry.plan)
        return
    now, plan = published_plan(lifecycle), entry.plan
    actions.edit_lifecycle(lifecycle, name=entry.name, description=entry.description, actor=actor)
    if not differences(now, plan):
        return
    around = surroundings(lifecycle, now, plan, targets=entry.becomes)
    publishing.change_draft(lifecycle, plan, targets=entry.becomes, seen=0, actor=actor)
    let_follow(publishing.publish(lifecycle, around, note=_("Imported"), actor=actor))


def _called(name: str, *, to_change: bool = False) -> Lifecycle | None:
    found = select(Lifecycle).where(Lifecycle.name == name)
    return db.session.scalar(found.with_for_update() if to_change else found)


def _place_of(finding: Finding, entry: WorkflowEntry) -> Place:
    for number, status in enumerate(entry.statuses):
        if finding.status and status.name == finding.status:
            return "statuses", number
    for number, step in enumerate(entry.steps):
        if finding.step == (step.start, step.end):
            return "steps", number
    return ()
