"""The configuration of the desk as one file: written down, checked, and put in place whole or not at all.

What the file does not name stays as it is: nothing is deleted by it. Nothing here commits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from portal.accounts.models import User
from portal.configuration import calendars, canned, policies, rules, workflows
from portal.configuration.entries import ConfigurationEntry
from portal.configuration.reading import Fault, Faulty, Place, Text, read_yaml, write_yaml
from portal.events.kinds import Kind
from portal.events.record import record

# In the order in which they are put in place: what is on the right refers to what is on its left.
SECTIONS: tuple[ModuleType, ...] = (workflows, calendars, policies, canned, rules)
ORDERED: tuple[ModuleType, ...] = (policies, rules)  # whose order means something
SECTION_LABELS = {
    "workflows": _l("Workflow"),
    "calendars": _l("Calendar"),
    "sla_policies": _l("SLA policy"),
    "canned_replies": _l("Canned reply"),
    "rules": _l("Rule"),
}


@dataclass(frozen=True)
class Deed:
    """What happens to one entry: it is new where `is_new`, else its `changes` say what, in words."""

    section: str
    name: str
    is_new: bool
    changes: list[str]

    @property
    def label(self) -> str:
        return str(SECTION_LABELS[self.section])

    @property
    def does_something(self) -> bool:
        return self.is_new or bool(self.changes)


def write() -> str:
    """Everything that can be written down; the same configuration is the same text, byte by byte."""
    content: dict[str, Any] = {"desk": 1}
    return write_yaml(content | {section.NAME: section.written() for section in SECTIONS})


def read(text: str) -> ConfigurationEntry:
    """Raises Faulty, with everything that is wrong, for what cannot be put in place as it is."""
    known = read_yaml(text)
    try:
        wanted = ConfigurationEntry.model_validate(known.content)
    except ValidationError as error:
        raise Faulty([_fault(known, each) for each in error.errors()]) from None
    if faults := [*_doubles(wanted, known), *_problems(wanted, known)]:
        raise Faulty(sorted(faults, key=lambda fault: fault.line))
    return wanted


def deeds(wanted: ConfigurationEntry) -> list[Deed]:
    """What putting it in place would do, in the order in which it would."""
    done = []
    for section in SECTIONS:
        entries = getattr(wanted, section.NAME)
        for entry in entries:
            changes = section.changes(entry)
            done.append(Deed(section.NAME, entry.name, changes is None, changes or []))
        if section in ORDERED and entries and not section.is_in_order(entries):
            order = ", ".join(entry.name for entry in entries)
            done.append(Deed(section.NAME, _("Order"), is_new=False, changes=[order]))
    return done


def put(wanted: ConfigurationEntry, *, actor: User) -> list[Deed]:
    """Put it in place, by the actions that admins' forms use; what was done."""
    done = [deed for deed in deeds(wanted) if deed.does_something]
    for section in SECTIONS:
        for entry in getattr(wanted, section.NAME):
            section.put(entry, actor=actor)
        if section in ORDERED and getattr(wanted, section.NAME):
            section.put_in_order(getattr(wanted, section.NAME), actor=actor)
    if done:
        new = sum(deed.is_new for deed in done)
        record(Kind.CONFIGURATION_IMPORTED, actor=actor, made=new, changed=len(done) - new)
    return done


def _problems(wanted: ConfigurationEntry, known: Text) -> Iterator[Fault]:
    for section in SECTIONS:
        for number, entry in enumerate(getattr(wanted, section.NAME)):
            for place, said in section.problems(entry, wanted):
                yield known.fault((section.NAME, number, *place), said)


def _doubles(wanted: ConfigurationEntry, known: Text) -> Iterator[Fault]:
    """Names are told apart as the desk does: those of rules and canned replies whatever their letters."""
    for section in SECTIONS:
        seen: set[tuple[Any, ...]] = set()
        for number, entry in enumerate(getattr(wanted, section.NAME)):
            is_loose = section in {canned, rules}
            name = (entry.name.lower() if is_loose else entry.name, getattr(entry, "team", None))
            if name in seen:
                yield known.fault((section.NAME, number, "name"), _("This name stands there twice."))
            seen.add(name)


def _fault(known: Text, error: ErrorDetails) -> Fault:
    """In our own words, for people who edit the file."""
    place: Place = tuple(part for part in error["loc"] if isinstance(part, int | str))
    told = error.get("ctx", {})
    said = {
        "missing": _("This is missing."),
        "extra_forbidden": _("This is not known here."),
        "string_type": _("This has to be a text. Put it in quotes."),
        "string_too_long": _("Use at most %(max)d characters.", max=told.get("max_length", 0)),
        "string_too_short": _("This is empty."),
        "string_pattern_mismatch": _("Use small letters, digits and underscores."),
        "list_type": _("This has to be a list."),
        "dict_type": _("This has to have names and values."),
        "date_from_datetime_parsing": _("This has to be a day, such as 2026-12-24."),
        "date_type": _("This has to be a day, such as 2026-12-24."),
        "greater_than_equal": _("Enter a number from 1 to 99."),
        "less_than_equal": _("Enter a number from 1 to 99."),
        "bool_type": _("This has to be true or false."),
        "bool_parsing": _("This has to be true or false."),
        "value_error": _("Say which team, if it is shared with a team; else none."),
    }.get(error["type"])
    if error["type"] in {"enum", "literal_error"}:
        said = _("This has to be one of: %(expected)s.", expected=told.get("expected", ""))
    return known.fault(place, said or _("This is not what belongs here."))
