"""The words for fields and for what they held, when an event of the past is told."""

from flask_babel import gettext as _

from portal.tickets.models import Priority, TicketType, WaitingFor
from portal.tickets.relations import Relation

_ENUMS: dict[str, type[Priority | TicketType | WaitingFor]] = {
    "priority": Priority,
    "type": TicketType,
    "waiting_for": WaitingFor,
}


def field_label(name: str) -> str:
    """The field within a sentence: "changed the priority from"."""
    return {
        "title": _("the subject"),
        "description": _("the description"),
        "priority": _("the priority"),
        "type": _("the type"),
        "category": _("the category"),
        "project": _("the project"),
        "waiting_for": _("what it waits for"),
    }.get(name, name)


def relation_label(name: str) -> str:
    """What a ticket is to another one, within a sentence."""
    return Relation(name).label


def value_label(name: str, value: str | None) -> str:
    """What the field held, in the reader's language where it is one of our words."""
    if value is None:
        return _("none")
    if name in _ENUMS:
        return _ENUMS[name](value).label
    return _(value) if name == "category" else value
