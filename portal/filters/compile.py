"""From a tree to one SQL condition on the columns that are handed in."""

from collections.abc import Hashable, Sequence

from sqlalchemy import ColumnElement, and_, true

from portal.filters.fields import Columns
from portal.filters.reading import Fields
from portal.filters.tree import And, Condition, Node, Not, Word, words


def where(node: Node, columns: Columns, fields: Fields) -> ColumnElement[bool]:
    """The rows that the filter asks for; an empty filter asks for all.

    The words of one `And` are looked for together, in one text. What is not known
    (NULL) is not so, and its opposite is: `-assignee:ann` finds what nobody has.
    """
    match node:
        case And(parts):
            rest = [where(part, columns, fields) for part in parts if not isinstance(part, Word)]
            wanted = words(node)
            return and_(true(), *rest, *([_holding(wanted, columns, fields)] if wanted else []))
        case Not(Word(text)) if fields.lacks:
            return fields.lacks(columns, (text,))
        case Not(part):
            return where(part, columns, fields).is_not(true())
        case Condition(name, comparison, values):
            return fields[name].where(columns, comparison, values)
        case Word(text):
            return _holding((text,), columns, fields)


def lasting(node: Node, fields: Fields) -> Hashable | None:
    """All that `where` is made of, beside the columns, where it means the same at any moment: two filters of
    which it is equal are one condition. None where it does not: what words find, or "today", is another
    thing tomorrow."""
    match node:
        case And(parts):
            each = tuple(lasting(part, fields) for part in parts)
            return None if None in each else each
        case Not(part):
            made_of = lasting(part, fields)
            return None if made_of is None else ("-", made_of)
        case Condition(name, comparison, values):
            made_of = fields[name].lasting(values)
            return None if made_of is None else (name, comparison, made_of)
        case Word():
            return None


def _holding(wanted: Sequence[str], columns: Columns, fields: Fields) -> ColumnElement[bool]:
    """Raises LookupError where no text can be searched; `read` refuses the words before."""
    if fields.words is None:
        raise LookupError("These fields come without a text that words could be looked for in.")
    return fields.words(columns, wanted)
