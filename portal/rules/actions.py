"""Rules are made, changed, switched, deleted and rolled back; each change is a version, and audited.

Nothing here commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.changes import Changes, change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.filters import FilterError
from portal.projects.models import Project
from portal.rules.evaluating import said_of
from portal.rules.models import Rule, RuleKind, RuleVersion
from portal.rules.ordering import hold_order
from portal.rules.schedule import count_anew
from portal.rules.words import line_said

Line = Mapping[str, Any]  # {"name", "values"}
MOST = 500  # rules
NAME_LIMIT, DESCRIPTION_LIMIT = 80, 500


@dataclass(frozen=True)
class Wanted:
    """What a rule is to be. The filter is in its canonical form, the lines are as their inputs read them."""

    kind: RuleKind
    name: str
    owner: User
    description: str = ""
    is_enabled: bool = False
    stops: bool = False
    project_ids: tuple[int, ...] = ()
    triggers: tuple[Line, ...] = ()
    filter: str = ""
    actions: tuple[Line, ...] = ()


def create(wanted: Wanted, *, actor: User | None) -> Rule:
    """Keep a rule, behind all others. Raises DomainError for a name that there is, and for one too many."""
    rule = Rule()
    _begin(rule, wanted, actor)
    return rule


def edit(rule: Rule, wanted: Wanted, *, actor: User, from_version: int | None = None) -> None:
    """Change it; what it is already changes nothing. One that was paused goes on, with nothing counted.

    Raises DomainError for a name that another rule has.
    """
    was = _facts(rule)
    _keep(rule, wanted)
    changes = _changes(was, _facts(rule))
    if not changes:
        return
    rule.version, rule.updated_at = rule.version + 1, clock.now()
    rule.failures, rule.paused_at, rule.last_error = 0, None, None
    if {"is_enabled", "wakes"} & changes.keys():
        rule.armed_at = clock.now()
    db.session.flush()
    if "wakes" in changes and rule.kind is RuleKind.SCHEDULED:
        count_anew(rule)
    _keep_version(rule, actor)
    _tell_edited(rule, changes, actor, **({"from_version": from_version} if from_version else {}))


def switch(rule: Rule, *, is_enabled: bool, actor: User) -> None:
    """Let it run, or not. Enabling one that is paused lets it go on."""
    if rule.is_enabled == is_enabled and not rule.is_paused:
        return
    was = _facts(rule)
    is_going_on = rule.is_paused and is_enabled
    rule.is_enabled, rule.failures, rule.paused_at = is_enabled, 0, None
    rule.armed_at = clock.now()
    rule.version, rule.updated_at = rule.version + 1, clock.now()
    db.session.flush()
    _keep_version(rule, actor)
    changes = _changes(was, _facts(rule))
    if is_going_on:
        changes = {"paused": change(old=True, new=False)} | changes
    _tell_edited(rule, changes, actor)


def copy(rule: Rule, *, actor: User) -> Rule:
    """The same once more, not enabled yet, behind all others."""
    names = set(db.session.scalars(select(func.lower(Rule.name))))
    stem = rule.name[: NAME_LIMIT - 12]
    name = next(
        each
        for number in range(1, MOST + 2)
        if (each := _("%(name)s, copy %(number)s", name=stem, number=number)).lower() not in names
    )
    return create(replace(wanted_of(rule), name=name, is_enabled=False), actor=actor)


def delete(rule: Rule, *, actor: User) -> None:
    """What it has done stays, under its name; so do its versions, by which it can be brought back."""
    changes = _changes(_facts(rule), {})
    record(Kind.RULE_DELETED, actor=actor, **_about(rule), kind_of_rule=rule.kind, changes=changes)
    db.session.delete(rule)
    db.session.flush()


def bring_back(deleted: Event, *, actor: User) -> Rule:
    """Keep the rule again that was deleted by that event: as it was last, under its id, behind all others.

    It is not enabled: what it names may be another by now. Raises DomainError where it is there, where
    another has its name, and where it was deleted before its versions were kept.
    """
    rule_id = deleted.data["rule_id"]
    if db.session.get(Rule, rule_id):
        raise DomainError(_("“%(name)s” is there already.", name=deleted.data["automation"]))
    kept = select(RuleVersion).where(RuleVersion.rule_id == rule_id).order_by(RuleVersion.version.desc())
    last = db.session.scalar(kept.limit(1))
    if last is None:
        raise DomainError(
            _("Of “%(name)s” is not known any more what it was.", name=deleted.data["automation"])
        )
    wanted = replace(wanted_from(last.content, RuleKind(deleted.data["kind_of_rule"])), is_enabled=False)
    rule = Rule(id=rule_id, version=last.version + 1)
    _begin(rule, wanted, actor, from_version=last.version)
    return rule


def roll_back(rule: Rule, version: RuleVersion, *, actor: User) -> None:
    """Make it what it was in that version, as a new one. Raises DomainError where its owner is gone."""
    wanted = wanted_from(version.content, rule.kind)
    edit(rule, wanted, actor=actor, from_version=version.version)


def wanted_from(content: Mapping[str, Any], kind: RuleKind) -> Wanted:
    """What was kept as the content of a version. Raises DomainError where its owner is gone."""
    owner = db.session.get(User, content["owner"]["id"])
    if owner is None:
        raise DomainError(_("“%(name)s” is not there any more.", name=content["owner"]["label"]))
    return Wanted(
        kind=kind,
        name=content["name"],
        owner=owner,
        description=content["description"],
        is_enabled=content["is_enabled"],
        stops=content["stops"],
        project_ids=tuple(each["id"] for each in content["projects"]),
        triggers=tuple(content["triggers"]),
        filter=content["filter"],
        actions=tuple(content["actions"]),
    )


def wanted_of(rule: Rule) -> Wanted:
    """What it is."""
    return Wanted(
        kind=rule.kind,
        name=rule.name,
        owner=rule.owner,
        description=rule.description,
        is_enabled=rule.is_enabled,
        stops=rule.stops,
        project_ids=tuple(rule.project_ids),
        triggers=tuple(rule.triggers),
        filter=rule.filter,
        actions=tuple(rule.actions),
    )


def _begin(rule: Rule, wanted: Wanted, actor: User | None, **told: Any) -> None:
    """Behind all others."""
    if (db.session.scalar(select(func.count()).select_from(Rule)) or 0) >= MOST:
        raise DomainError(_("There are %(most)s rules already. Delete one first.", most=MOST))
    hold_order()
    last = db.session.scalar(select(func.coalesce(func.max(Rule.position), 0))) or 0
    rule.position = last + 1
    _keep(rule, wanted)
    changes = _changes({}, _facts(rule))
    _keep_version(rule, actor)
    record(Kind.RULE_CREATED, actor=actor, **_about(rule), changes=changes, **told)


def _keep(rule: Rule, wanted: Wanted) -> None:
    """Raises DomainError where another rule has the name, also from another window just now."""
    try:
        with db.session.begin_nested():
            rule.kind, rule.name, rule.description = wanted.kind, wanted.name, wanted.description
            rule.owner, rule.is_enabled, rule.stops = wanted.owner, wanted.is_enabled, wanted.stops
            rule.project_ids = sorted(wanted.project_ids)
            rule.triggers = [dict(line) for line in wanted.triggers]
            rule.filter = wanted.filter
            rule.actions = [dict(line) for line in wanted.actions]
            db.session.add(rule)
    except IntegrityError:
        raise DomainError(_("There is a rule “%(name)s” already.", name=wanted.name)) from None


def content_of(wanted: Wanted) -> dict[str, Any]:
    """What a version keeps. `asks` are its conditions one by one, as they are answered: the trace shows them
    by their place."""
    try:
        asks = said_of(wanted.filter, wanted.owner)
    except FilterError:
        asks = []
    return {
        "name": wanted.name,
        "description": wanted.description,
        "is_enabled": wanted.is_enabled,
        "stops": wanted.stops,
        "owner": {"id": wanted.owner.id, "label": wanted.owner.name},
        "projects": _projects(wanted.project_ids),
        "triggers": list(wanted.triggers),
        "filter": wanted.filter,
        "asks": asks,
        "actions": list(wanted.actions),
    }


def _keep_version(rule: Rule, actor: User | None) -> None:
    content = content_of(wanted_of(rule))
    changed_by_id = actor.id if actor else None
    row = RuleVersion(
        rule_id=rule.id,
        version=rule.version,
        content=content,
        changed_by_id=changed_by_id,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()


def _tell_edited(rule: Rule, changes: Changes, actor: User, **more: Any) -> None:
    record(Kind.RULE_EDITED, actor=actor, changes=changes, **_about(rule), version=rule.version, **more)


def _about(rule: Rule) -> dict[str, Any]:
    return {"rule_id": rule.id, "automation": rule.name}


def _facts(rule: Rule) -> dict[str, Any]:
    """What the audit log tells of it, in words."""
    return {
        "name": rule.name,
        "description": rule.description,
        "is_enabled": rule.is_enabled,
        "stops": rule.stops,
        "owner": rule.owner.name,
        "projects": [each["label"] for each in _projects(rule.project_ids)],
        "wakes": [line_said(line, is_trigger=True) for line in rule.triggers],
        "filter": rule.filter,
        "does": [line_said(line, is_trigger=False) for line in rule.actions],
    }


def _changes(was: dict[str, Any], now: dict[str, Any]) -> Changes:
    fields = [name for name in (now or was) if was.get(name) != now.get(name)]
    return {name: change(was.get(name), now.get(name)) for name in fields}


def _projects(ids: Sequence[int]) -> list[dict[str, Any]]:
    if not ids:
        return []
    named = select(Project.id, Project.key).where(Project.id.in_(ids)).order_by(Project.key)
    return [{"id": row.id, "label": row.key} for row in db.session.execute(named)]
