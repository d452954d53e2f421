"""The language of the filter, told field by field, each with an example that works."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.filters import Fields
from portal.filters.fields import Choice, Field

NAMED = 9  # values that are listed


@dataclass(frozen=True)
class Explained:
    """A field with its other names, an example of it, what that means, and some of its values."""

    name: str
    aliases: tuple[str, ...]
    label: str
    example: str
    meaning: Any
    values: tuple[str, ...] = ()
    has_more: bool = False


RULES = (
    (_l("A comma means “or”:"), "status:open,blocked"),
    (_l("A minus in front means “not”:"), "-category:hardware"),
    (_l("What has a blank in it stands in quotation marks:"), 'department:"Human Resources"'),
    (_l("What has an order is compared with <, <=, > and >=:"), "priority>=high"),
    (
        _l(
            "Days are written 2026-11-21, today, yesterday or tomorrow, and are yours;"
            " distances 30min, 12h, 7d or 2w:"
        ),
        "created>=2026-11-01 updated<12h",
    ),
    (
        _l("All else are words, which are looked for in subject, description and comments:"),
        '"printer jam" vpn',
    ),
)
EXAMPLES = {
    "status": ("status:open,in_progress", _l("Has one of these statuses.")),
    "priority": ("priority>=high", _l("Is high or critical.")),
    "assignee": ("assignee:me", _l("You answer for it; “none” is nobody.")),
    "project": ("project:IT", _l("Belongs to that project.")),
    "category": ("category:none", _l("Has no category.")),
    "team": ("team:mine", _l("Is with one of your teams; “none” is no team.")),
    "tag": ("tag:vpn,mail", _l("Has any of these tags; for both, write tag:vpn tag:mail.")),
    "due": (
        "due<7d",
        _l("Is due within the next 7 days. due>7d is due later than that; due:none has no due date."),
    ),
    "sla": (
        "sla:breached,soon",
        _l("What was promised is late, or soon will be; sla:none has no promise."),
    ),
    "sla_due": (
        "sla_due<4h",
        _l("What was promised next is due within four hours; sla_due:none has no time."),
    ),
    "rating": ("rating<=2", _l("Its requester was not satisfied: 1 to 5.")),
    "spent": ("spent>120", _l("The desk has worked on it for more than two hours.")),
    "requester": ("requester:me", _l("You asked for it; or give a name or a mail address.")),
    "participant": ("participant:me", _l("You take part in it.")),
    "watcher": ("watcher:me", _l("You watch it.")),
    "mentions": ("mentions:me", _l("Somebody wrote @ and your name there.")),
    "organization": ('organization:"Hafen Logistik"', _l("Was asked for in that organization.")),
    "department": ("department:none", _l("Was asked for by somebody without a department.")),
    "type": ("type:incident,problem", _l("Is one of these.")),
    "waiting": ("waiting:supplier", _l("Is blocked and waits for a supplier; “none” waits for nothing.")),
    "created": ("created<7d", _l("Came within the last 7 days. created>7d is older than that.")),
    "updated": ("updated>2w", _l("Has not been changed for two weeks.")),
    "closed": ("closed:today", _l("Was closed today; “none” is not closed.")),
    "replies": ("replies>5", _l("Has more than 5 public replies.")),
    "title": (
        "title:printer",
        _l("The word stands in the subject; in quotation marks, several of them."),
    ),
    "key": ("key:IT-7,IT-12", _l("Has one of these keys.")),
    "is": (
        "is:triage",
        _l(
            "Is new, and nobody has decided what becomes of it; is:overdue should have been done by now;"
            " is:spam is what no other list shows."
        ),
    ),
    "has": ("has:file", _l("Has a file that was checked.")),
}


def explained(fields: Fields) -> list[Explained]:
    return [_explained(field) for field in fields.all]


def _explained(field: Field) -> Explained:
    example, meaning = EXAMPLES[field.name]
    values = tuple(value.text for value in field.options) if isinstance(field, Choice) else ()
    shown, has_more = values[:NAMED], len(values) > NAMED
    return Explained(field.name, field.aliases, str(field.label), example, meaning, shown, has_more)
