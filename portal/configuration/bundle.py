"""The configuration of the desk as one file: written down, checked, and put in place whole or not at all.

What the file does not name stays as it is: nothing is deleted by it. Nothing here commits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from portal.accounts.models import User
from portal.configuration import canned, workflows
from portal.configuration.entries import ConfigurationEntry
from portal.configuration.reading import Fault, Faulty, Place, Text, read_yaml, write_yaml
from portal.events.kinds import Kind
from portal.events.record import record

SECTIONS: tuple[ModuleType, ...] = (workflows, canned)  # in the order in which they are put in place
SECTION_LABELS = {"workflows": _l("Workflow"), "canned_replies": _l("Canned reply")}


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
    return [
        Deed(section.NAME, entry.name, changes is None, changes or [])
        for section in SECTIONS
        for entry in getattr(wanted, section.NAME)
        for changes in [section.changes(entry)]
    ]


def put(wanted: ConfigurationEntry, *, actor: User) -> list[Deed]:
    """Put it in place, by the actions that admins' forms use; what was done."""
    done = [deed for deed in deeds(wanted) if deed.does_something]
    for section in SECTIONS:
        for entry in getattr(wanted, section.NAME):
            section.put(entry, actor=actor)
    if done:
        new = sum(deed.is_new for deed in done)
        record(Kind.CONFIGURATION_IMPORTED, actor=actor, made=new, changed=len(done) - new)
    return done


def _problems(wanted: ConfigurationEntry, known: Text) -> Iterator[Fault]:
    for section in SECTIONS:
        for number, entry in enumerate(getattr(wanted, section.NAME)):
            for place, said in section.problems(entry):
                yield known.fault((section.NAME, number, *place), said)


def _doubles(wanted: ConfigurationEntry, known: Text) -> Iterator[Fault]:
    named: Iterable[tuple[Place, tuple[Any, ...]]] = (
        *((("workflows", at), ("w", each.name)) for at, each in enumerate(wanted.workflows)),
        *(
            (("canned_replies", at), ("c", each.team, each.name.lower()))
            for at, each in enumerate(wanted.canned_replies)
        ),
    )
    seen: set[tuple[Any, ...]] = set()
    for place, name in named:
        if name in seen:
            yield known.fault((*place, "name"), _("This name stands there twice."))
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
        "bool_type": _("This has to be true or false."),
        "bool_parsing": _("This has to be true or false."),
        "value_error": _("Say which team, if it is shared with a team; else none."),
    }.get(error["type"])
    if error["type"] in {"enum", "literal_error"}:
        said = _("This has to be one of: %(expected)s.", expected=told.get("expected", ""))
    return known.fault(place, said or _("This is not what belongs here."))
