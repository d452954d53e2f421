"""Rules and macros in a configuration, in their order. What refers to rows does so by their names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.configuration.entries import ConfigurationEntry, RuleEntry
from portal.configuration.reading import Place
from portal.extensions import db
from portal.filters import FilterError, read, to_text
from portal.projects.models import Project
from portal.rules import actions
from portal.rules.actions import Wanted, wanted_of
from portal.rules.inputs import Choose, Input, Mistyped
from portal.rules.models import Rule, RuleKind
from portal.rules.ordering import in_order, move
from portal.rules.registry import Part, registered
from portal.tickets.filtering import ticket_fields
from portal.tickets.vocabulary import vocabulary

NAME = "rules"
WORDS = {"when": "event", "then": "action"}  # by which each line says what it is
LANGUAGE = "en"  # in which names are written that people read in their own


def written() -> list[dict[str, Any]]:
    return [_written(wanted_of(rule)) for rule in in_order()]


def _written(rule: Wanted) -> dict[str, Any]:
    with force_locale(LANGUAGE):
        return _in_words(rule)


def _in_words(rule: Wanted) -> dict[str, Any]:
    told: dict[str, Any] = {"name": rule.name, "kind": rule.kind.value, "description": rule.description}
    told |= {"enabled": rule.is_enabled, "stops": rule.stops, "owner": rule.owner.email}
    if rule.project_ids:
        keys = select(Project.key).where(Project.id.in_(rule.project_ids)).order_by(Project.key)
        told["projects"] = list(db.session.scalars(keys))
    if rule.kind is not RuleKind.MACRO:
        told["when"] = [_line(row, "when") for row in rule.triggers]
    return told | {"if": rule.filter, "then": [_line(row, "then") for row in rule.actions]}


def _line(row: Mapping[str, Any], word: str) -> dict[str, Any]:
    part = _known(word, row["name"])
    told = {WORDS[word]: row["name"]}
    for each in part.inputs if part else ():
        if (value := row["values"].get(each.name)) not in (None, "", []):
            told[each.name] = _told(each, value)
    return told


def _told(each: Input, value: Any) -> Any:
    if isinstance(each, Choose):
        return each.said(value) if each.names_rows else value["id"]
    return value["email"] if isinstance(value, dict) else value


def problems(entry: RuleEntry, whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    """People, projects and other things that are not there, lines and filters that are none."""
    rule, owner = _called(entry.name), _owner(entry)
    if rule is not None and rule.kind is not entry.kind:
        yield ("kind",), _("There is one of this name already, and it is of another kind.")
    if owner is None:
        yield ("owner",), _("Nobody who works here has the mail address %(email)s.", email=entry.owner[:120])
    for number, key in enumerate(entry.projects):
        if key not in _projects(entry):
            yield ("projects", number), _("There is no project with the key %(key)s.", key=key[:20])
    if owner is not None:
        try:
            read(entry.asks, ticket_fields(owner, vocabulary()))
        except FilterError as error:
            yield ("if",), error.message
    yield from _problems_of_lines(entry, whole)


def _problems_of_lines(entry: RuleEntry, whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    if entry.kind is not RuleKind.MACRO and not entry.when:
        yield ("when",), _("Say what wakes the rule: add at least one line.")
    if not entry.then:
        yield ("then",), _("Say what the rule does: add at least one line.")
    to_come = {
        "canned": {each.name for each in whole.canned_replies},
        "status": {status.name for each in whole.workflows for status in each.statuses},
        "calendar": {each.name for each in whole.calendars},
    }
    for word, lines in (("when", entry.when), ("then", entry.then)):
        for number, line in enumerate(lines):
            for place, said in _read(line, word, entry.kind, to_come)[1]:
                yield (word, number, *place), said


def changes(entry: RuleEntry) -> list[str] | None:
    """What it would change, in words; None where it is new. What names of rows were kept does not count."""
    rule = _called(entry.name)
    if rule is None:
        return None
    is_other = _written(_wanted(entry)) != _written(wanted_of(rule))
    return [_("It is woken by, asks for or does something else.")] if is_other else []


def put(entry: RuleEntry, *, actor: User) -> None:
    """As a new version, where it is another one. What its lines refer to is there by now."""
    rule = _called(entry.name, to_change=True)
    if rule is None:
        actions.create(_wanted(entry), actor=actor)
    elif changes(entry):
        actions.edit(rule, _wanted(entry), actor=actor)


def put_in_order(entries: Sequence[RuleEntry], *, actor: User) -> None:
    """As the file has them; those that it does not name keep their order behind these."""
    for place in range(len(entries)):
        now = in_order()
        rule = next(each for each in now if each.name.lower() == entries[place].name.lower())
        if now[place].id != rule.id:
            move(rule, actor=actor, before=now[place])


def is_in_order(entries: Sequence[RuleEntry]) -> bool:
    """Whether they stand so already, those that are there."""
    now = [rule.name.lower() for rule in in_order()]
    named = [entry.name.lower() for entry in entries if entry.name.lower() in now]
    return now[: len(named)] == named


def _called(name: str, *, to_change: bool = False) -> Rule | None:
    found = select(Rule).where(func.lower(Rule.name) == name.lower())
    return db.session.scalar(found.with_for_update(of=Rule) if to_change else found)


def _owner(entry: RuleEntry) -> User | None:
    person = db.session.scalar(select(User).where(User.email == entry.owner.strip().lower(), User.is_active))
    return person if person and person.is_staff else None


def _projects(entry: RuleEntry) -> dict[str, int]:
    found = select(Project.key, Project.id).where(Project.key.in_(entry.projects))
    return {row.key: row.id for row in db.session.execute(found)}


def _wanted(entry: RuleEntry) -> Wanted:
    """Of an entry without problems."""
    owner = _owner(entry)
    assert owner is not None
    tree = read(entry.asks, ticket_fields(owner, vocabulary()))
    return Wanted(
        kind=entry.kind,
        name=entry.name,
        owner=owner,
        description=entry.description,
        is_enabled=entry.enabled,
        stops=entry.stops,
        project_ids=tuple(sorted(_projects(entry).values())),
        triggers=tuple(_read(line, "when", entry.kind)[0] for line in entry.when),
        filter=to_text(tree),
        actions=tuple(_read(line, "then", entry.kind)[0] for line in entry.then),
    )


def _known(word: str, name: str, kind: RuleKind | None = None) -> Part | None:
    if word == "then":
        return registered.effects.get(name)
    if kind is RuleKind.MACRO:
        return None
    waking = None if kind is RuleKind.SCHEDULED else registered.triggers.get(name)
    return waking or (None if kind is RuleKind.TRIGGER else registered.clocks.get(name))


def _read(
    line: Mapping[str, Any], word: str, kind: RuleKind, to_come: Mapping[str, set[str]] | None = None
) -> tuple[dict[str, Any], list[tuple[Place, str]]]:
    """The line as a rule keeps it, and what is wrong with it. `to_come` are names of what the file makes
    itself, by the inputs that ask for them."""
    name = str(line.get(WORDS[word], ""))
    part = _known(word, name, kind)
    if part is None:
        return {}, [((WORDS[word],), _("This is not known here."))]
    inputs = {each.name: each for each in part.inputs}
    wrong: list[tuple[Place, str]] = [
        ((each,), _("This is not known here.")) for each in line if each not in {WORDS[word], *inputs}
    ]
    values: dict[str, Any] = {}
    for each in part.inputs:
        try:
            values[each.name] = each.read(_typed(each, line.get(each.name)))
        except Mistyped as error:
            if line.get(each.name) not in (to_come or {}).get(each.name, ()):
                wrong.append(((each.name,), str(error)))
    return {"name": name, "values": values}, wrong


def _typed(each: Input, given: Any) -> str:
    """As somebody would type it in the form."""
    if isinstance(given, list):
        return ", ".join(map(str, given)) if each.kind == "tags" else ",".join(map(str, given))
    if given is None or isinstance(given, dict | bool):
        return ""
    if isinstance(each, Choose) and each.names_rows:
        with force_locale(LANGUAGE):
            known = {str(label): key for key, label in each.options()}
        return known.get(str(given), "")
    return str(given)
