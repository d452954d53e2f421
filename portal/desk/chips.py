"""A filter told part by part, each with the filter that is left without it."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from portal.filters import And, Comparison, Condition, Fields, Node, Not, Value, to_text
from portal.filters.fields import Field, Within
from portal.filters.moments import Deadline


@dataclass(frozen=True)
class Chip:
    """`rest` is the text of the filter without this part."""

    name: str
    value: str
    rest: str


def chips(tree: And, fields: Fields) -> list[Chip]:
    return [
        Chip(*_told(part, fields), to_text(And(tree.parts[:place] + tree.parts[place + 1 :])))
        for place, part in enumerate(tree.parts)
    ]


def _told(part: Node, fields: Fields) -> tuple[str, str]:
    match part:
        case Not(Condition() as condition):
            return _("%(field)s is not", field=fields[condition.name].label), _values(condition, fields)
        case Condition() as condition:
            return str(fields[condition.name].label), _values(condition, fields)
        case Not(word):
            return _("Does not contain"), to_text(word)
        case word:
            return _("Contains"), to_text(word)


def _values(condition: Condition, fields: Fields) -> str:
    is_ahead = isinstance(_plain(fields[condition.name]), Deadline)
    return _(" or ").join(
        _value(condition.comparison, value, is_ahead=is_ahead) for value in condition.values
    )


def _plain(field: Field) -> Field:
    return field.field if isinstance(field, Within) else field


def _value(comparison: Comparison, value: Value, *, is_ahead: bool) -> str:
    told = str(value.label or value.text)
    if isinstance(value.meaning, timedelta) and is_ahead:
        is_later = comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return _("in more than %(age)s", age=told) if is_later else _("within %(age)s from now", age=told)
    if isinstance(value.meaning, timedelta):
        is_older = comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return _("more than %(age)s ago", age=told) if is_older else _("less than %(age)s ago", age=told)
    sign = {
        Comparison.AT_LEAST: "≥ ",
        Comparison.AT_MOST: "≤ ",
        Comparison.MORE: "> ",
        Comparison.LESS: "< ",
    }
    return sign.get(comparison, "") + told
