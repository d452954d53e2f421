"""What people type, cut into its parts, each with its place in the text.

    filter     = [ part { blank part } ] ;
    part       = [ "-" ] ( condition | word ) ;
    condition  = name comparison value { "," value } ;
    name       = letter { letter | digit | "_" } ;
    comparison = ":" | [ ":" ] ( ">=" | "<=" | ">" | "<" ) ;
    value      = quoted | bare without commas ;
    word       = quoted | bare ;
    quoted     = '"' { character | '\"' | '\\' } '"' ;
    bare       = character that is no blank, { the same } ;

Parts stand for "and", commas for "any of", a minus for "not". Control characters
are blanks. `OR` by itself is kept for what it will mean one day.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import gettext as _

from portal.filters.errors import FilterError

MAX_LENGTH = 1000  # characters
MAX_PARTS = 30  # conditions and words together
RESERVED = "OR"

_CONDITION = re.compile(r"(?P<name>[^\W\d]\w*)(?P<comparison>:>=|:<=|:>|:<|>=|<=|:|>|<)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r'\\(["\\])')
_BARE_VALUE = re.compile(r"[^ ,]+")
_BARE_WORD = re.compile(r"[^ ]+")
_PLAIN_WORD = re.compile(r'(-?)(?:"([^"]+)"|([^ ]+))')


class Comparison(StrEnum):
    """How a field is compared; EQUALS with several values means any of them."""

    EQUALS = ":"
    AT_LEAST = ">="
    AT_MOST = "<="
    MORE = ">"
    LESS = "<"


@dataclass(frozen=True)
class Piece:
    """A value or a word as it is meant, and from where to where it stands in the text."""

    text: str
    start: int
    end: int


NAMELESS = Piece("", 0, 0)


@dataclass(frozen=True)
class Part:
    """A word, or a name with its comparison and values."""

    negated: bool
    word: Piece | None = None
    name: Piece = NAMELESS
    comparison: Comparison = Comparison.EQUALS
    values: tuple[Piece, ...] = ()


def parts(text: str) -> list[Part]:
    """Cut the text into its parts. Raises FilterError."""
    text = _seen(text)
    found: list[Part] = []
    place = _skip_blanks(text, 0)
    while place < len(text):
        part, place = _part(text, place)
        found.append(part)
        _refuse_too_many(found)
        place = _skip_blanks(text, place)
    return found


def plain_words(text: str) -> list[tuple[str, bool]]:
    """Only words, as people type them who know no grammar, and whether each is to be missing: it has a
    minus right before it. Quotation marks hold some together. Raises FilterError for too much.
    """
    found = [
        (quoted.strip() or bare, bool(minus)) for minus, quoted, bare in _PLAIN_WORD.findall(_seen(text))
    ]
    words = [(word, is_missing) for word, is_missing in found if holds_a_word(word)]
    _refuse_too_many(words)
    return words


def holds_a_word(text: str) -> bool:
    """Whether there is anything in it that can be searched for."""
    return any(letter.isalnum() for letter in text)


def is_blank(letter: str) -> bool:
    """Blanks, and what cannot be seen or stored: control characters and halves of pairs."""
    return letter.isspace() or unicodedata.category(letter) in {"Cc", "Cs"}


def _seen(text: str) -> str:
    """The text with a plain blank for each blank, so that places stay. Raises FilterError."""
    if len(text) > MAX_LENGTH:
        raise FilterError(_("Use at most %(max)d characters.", max=MAX_LENGTH))
    return "".join(" " if is_blank(letter) else letter for letter in text)


def _refuse_too_many(found: list) -> None:
    if len(found) > MAX_PARTS:
        raise FilterError(_("Use at most %(max)d conditions and words.", max=MAX_PARTS))


def quoted_word(text: str) -> str:
    """The word as it has to be typed."""
    plain = _BARE_WORD.fullmatch(text) and not _CONDITION.match(text)
    return text if plain and text[0] not in '-"' and text != RESERVED else _quoted(text)


def quoted_value(text: str) -> str:
    """The value as it has to be typed behind a comparison or a comma."""
    plain = _BARE_VALUE.fullmatch(text) and text[0] not in '"<>='
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _part(text: str, place: int) -> tuple[Part, int]:
    negated = text[place] == "-" and text[place + 1 : place + 2] not in {"", " "}
    place += negated
    condition = _CONDITION.match(text, place)
    if condition:
        return _condition(text, condition, negated=negated)
    word = _piece(text, place, _BARE_WORD)
    if text[word.start : word.end] == RESERVED:
        raise FilterError(
            _("“OR” cannot be used here. To ask for any of several values, put commas between them."),
            word=word.text,
            at=word.start,
        )
    return Part(negated, word=word), word.end


def _condition(text: str, found: re.Match[str], *, negated: bool) -> tuple[Part, int]:
    name = Piece(found["name"], found.start("name"), found.end("name"))
    comparison = Comparison(found["comparison"].removeprefix(":") or ":")
    values = [_piece(text, found.end(), _BARE_VALUE)]
    while text[values[-1].end : values[-1].end + 1] == ",":
        values.append(_piece(text, values[-1].end + 1, _BARE_VALUE))
    if not all(value.text.strip() for value in values):
        raise FilterError(
            _("Say what “%(name)s” should be, right behind the “%(comparison)s”.",
              name=name.text, comparison=found["comparison"]),
            word=name.text, at=name.start,
        )  # fmt: skip
    return Part(negated, name=name, comparison=comparison, values=tuple(values)), values[-1].end


def _piece(text: str, place: int, bare: re.Pattern[str]) -> Piece:
    """What stands here, quoted or bare; empty where nothing does."""
    if text[place : place + 1] != '"':
        found = bare.match(text, place)
        return Piece(found[0], place, found.end()) if found else Piece("", place, place)
    quoted = _QUOTED.match(text, place)
    if quoted is None:
        raise FilterError(
            _("The quotation mark is never closed."), word=text[place:].partition(" ")[0], at=place
        )
    return Piece(_ESCAPE.sub(r"\1", quoted[1]), place, quoted.end())


def _skip_blanks(text: str, place: int) -> int:
    while text[place : place + 1] == " ":
        place += 1
    return place
