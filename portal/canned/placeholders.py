"""Placeholders such as `{{ ticket.key }}`: a fixed list of names, and nothing that is run.

A text is read once, from left to right. Each name is replaced by its value; what a value
holds is never read again. So neither a text nor a value can reach anything but this list.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from flask_babel import lazy_gettext as _l

NAMES = {
    "ticket.key": _l("The ticket’s key"),
    "ticket.title": _l("Its subject"),
    "ticket.status": _l("Its status, in the requester’s language"),
    "ticket.project": _l("The name of its project"),
    "ticket.url": _l("The address of its page"),
    "requester.name": _l("Who asked for it"),
    "requester.first_name": _l("The first word of that name"),
    "agent.name": _l("Whoever inserts the reply"),
    "agent.first_name": _l("The first word of that name"),
    "desk.name": _l("The name of this desk"),
    "today": _l("The day it is where the requester is, in their language"),
}
RAW = {"ticket.key", "ticket.url"}  # the desk's own, without a sign that means anything in Markdown

_BRACES = re.compile(r"\{\{(?P<word>[^{}\n]*)\}\}|\{\{|\}\}")
_LONGEST_WORD = 60  # of what is said back
_PUNCTUATION = r"!-/:-@\[-`{-~"
# What Markdown would read as a mark, wherever it stands in a line (CommonMark 0.31, with tables and ~~).
_MARKS = re.compile(rf"[*`\[\]<~|]|\\(?=[{_PUNCTUATION}]|$)|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|\#$")
_FIRST = re.compile(rf"[{_PUNCTUATION}]")  # at the beginning it may open a list, a heading, a rule, a target
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")


@dataclass(frozen=True)
class Problem:
    """Two braces that are no placeholder: the word in them, if they are closed, and what may be meant."""

    word: str | None
    line: int
    nearest: str = ""


def problems(text: str) -> Iterator[Problem]:
    """What is wrong with the placeholders of a text, in the order it stands there."""
    for found in _BRACES.finditer(text):
        word = found["word"]
        if word is not None and word.strip() in NAMES:
            continue
        line = text.count("\n", 0, found.start()) + 1
        yield Problem(None, line) if word is None else _unknown(word.strip(), line)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in place of their names, each so that Markdown shows it as it is.

    What is no placeholder stays as it was typed; `problems` has told of it when the text was saved.
    """
    return _BRACES.sub(lambda found: _value(found, values), text)


def escaped(value: str) -> str:
    """Markdown that reads as this text, on one line; names and subjects mostly stay as they are."""
    line = " ".join(value.split())
    if not line:
        return ""
    rest = _MARKS.sub(lambda mark: "\\" + mark[0], line)
    if _FIRST.match(line) and rest[0] == line[0] and not rest.startswith("\\"):
        return "\\" + rest
    return _NUMBERED.sub(r"\1\\\2", rest, count=1) if _NUMBERED.match(rest) else rest


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name = (found["word"] or "").strip()
    if name not in NAMES:
        return found[0]
    return values[name] if name in RAW else escaped(values[name])


def _unknown(word: str, line: int) -> Problem:
    shown = word[:_LONGEST_WORD]
    nearest = get_close_matches(shown.lower(), NAMES, n=1, cutoff=0)
    return Problem(shown, line, nearest[0])
