"""From text to a tree: each name is a field that there is, each value one that it knows."""

import difflib
from collections.abc import Callable, Iterable, Sequence

from flask_babel import gettext as _
from sqlalchemy import ColumnElement

from portal.filters.errors import FilterError, UnknownValue
from portal.filters.fields import Columns, Field
from portal.filters.grammar import Comparison, Part, Piece, holds_a_word, parts, plain_words, quoted_value
from portal.filters.tree import And, Condition, Node, Not, Value, Word

FindWords = Callable[[Columns, Sequence[str]], ColumnElement[bool]]


class Fields:
    """What can be asked of one kind of thing, by one reader, now.

    `words` makes the condition for words outside a field: all of them in one
    text. `lacks` makes the opposite for one word; without it, it is negated.
    """

    def __init__(
        self, fields: Iterable[Field], words: FindWords | None = None, lacks: FindWords | None = None
    ) -> None:
        self.all = tuple(fields)
        self.words = words
        self.lacks = lacks
        self._called = {called: field for field in self.all for called in (field.name, *field.aliases)}

    def __getitem__(self, name: str) -> Field:
        return self._called[name]

    def get(self, called: str) -> Field | None:
        """The field of that name or alias, in small or large letters."""
        return self._called.get(called.casefold())

    def nearest(self, called: str) -> str:
        """The name of a field that was perhaps meant; empty where none is like it."""
        near = difflib.get_close_matches(called.casefold(), self._called, n=1, cutoff=0.6)
        return self._called[near[0]].name if near else ""


def read(text: str, fields: Fields) -> And:
    """Understand the filter. Raises FilterError, which says what is wrong and where."""
    return And(tuple(_node(part, text, fields) for part in parts(text)))


def read_words(text: str) -> And:
    """All that is typed as words. Raises FilterError where there is something, but no word in it."""
    words = plain_words(text)
    if text.strip() and not words:
        raise FilterError(_("Enter a word or a number to search for."), word=text, at=0)
    return And(tuple(Not(Word(word)) if is_missing else Word(word) for word, is_missing in words))


def _node(part: Part, text: str, fields: Fields) -> Node:
    node = _word(part.word, fields) if part.word else _condition(part, text, fields)
    return Not(node) if part.negated else node


def _word(word: Piece, fields: Fields) -> Word:
    if fields.words is None:
        raise FilterError(_("Words cannot be searched for here."), word=word.text, at=word.start)
    if not holds_a_word(word.text):
        raise FilterError(
            _("“%(word)s” holds no letter and no digit to search for.", word=word.text),
            word=word.text, at=word.start,
        )  # fmt: skip
    return Word(word.text)


def _condition(part: Part, text: str, fields: Fields) -> Condition:
    field = fields.get(part.name.text)
    if field is None:
        raise _unknown_field(part.name, text, fields)
    if part.comparison not in field.comparisons:
        raise _wrong_comparison(part, field)
    if part.comparison is not Comparison.EQUALS and len(part.values) > 1:
        raise FilterError(
            _("“%(name)s” can be compared with one value only.", name=field.name),
            word=part.values[1].text, at=part.values[1].start,
        )  # fmt: skip
    try:
        values = field.read([piece.text for piece in part.values])
    except UnknownValue as unknown:
        raise _unknown_value(part, text, unknown) from unknown
    if part.comparison is not Comparison.EQUALS and values[0].meaning is None:
        raise _without_order(part, text, field, values[0])
    return Condition(field.name, part.comparison, tuple(dict.fromkeys(values)))


def _unknown_field(name: Piece, text: str, fields: Fields) -> FilterError:
    nearest = fields.nearest(name.text)
    if nearest:
        message = _(
            "There is no field “%(name)s”. Did you mean “%(nearest)s”?", name=name.text, nearest=nearest
        )
    else:
        known = ", ".join(field.name for field in fields.all)
        message = _(
            "There is no field “%(name)s”, only %(known)s."
            " To search for it as a word, put it in quotation marks.",
            name=name.text, known=known,
        )  # fmt: skip
    corrected = _put(text, name, nearest) if nearest else ""
    return FilterError(message, word=name.text, at=name.start, nearest=nearest, corrected=corrected)


def _wrong_comparison(part: Part, field: Field) -> FilterError:
    message = _(
        "“%(name)s” has no order: use “%(name)s:” instead of “%(name)s%(comparison)s”.",
        name=field.name, comparison=part.comparison.value,
    )  # fmt: skip
    return FilterError(message, word=part.name.text + part.comparison, at=part.name.start)


def _without_order(part: Part, text: str, field: Field, value: Value) -> FilterError:
    """What is empty comes neither before nor after anything."""
    asked, piece = f"{field.name}:{value.text}", part.values[0]
    message = _("“%(value)s” has no order: use “%(asked)s”.", value=value.text, asked=asked)
    whole = Piece("", part.name.start, piece.end)
    return FilterError(
        message, word=piece.text, at=piece.start, nearest=asked, corrected=_put(text, whole, asked)
    )


def _unknown_value(part: Part, text: str, unknown: UnknownValue) -> FilterError:
    piece = next(piece for piece in part.values if piece.text == unknown.text)
    corrected = _put(text, piece, quoted_value(unknown.nearest)) if unknown.nearest else ""
    return FilterError(
        unknown.message, word=piece.text, at=piece.start, nearest=unknown.nearest, corrected=corrected
    )


def _put(text: str, piece: Piece, instead: str) -> str:
    return text[: piece.start] + instead + text[piece.end :]
