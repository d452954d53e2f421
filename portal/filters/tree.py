"""A filter that is understood: what is asked of which field, put together by "and" and "not"."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.filters.grammar import Comparison, quoted_value, quoted_word


@dataclass(frozen=True)
class Value:
    """What a field is compared with: as it is typed, as people read it, and what it means in SQL.

    `lasts`, of a meaning that makes a condition: all that it is made of, where that means the same at any
    moment; None where it does not.
    """

    text: str
    label: str = field(default="", compare=False)
    meaning: Any = field(default=None, compare=False)
    also: tuple[str, ...] = field(default=(), compare=False)  # other ways to type it
    lasts: Hashable | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Condition:
    """A field, by its own name, compared with any of the values."""

    name: str
    comparison: Comparison
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Word:
    """A word to be found in the text; with blanks in it, those words in this order."""

    text: str


@dataclass(frozen=True)
class Not:
    part: "Node"


@dataclass(frozen=True)
class And:
    parts: tuple["Node", ...] = ()


Node = And | Not | Condition | Word


def to_text(node: Node) -> str:
    """The filter as it is typed, in its one canonical form."""
    match node:
        case And(parts):
            return " ".join(to_text(part) for part in parts)
        case Not(part):
            return f"-{to_text(part)}"
        case Condition(name, comparison, values):
            return f"{name}{comparison}" + ",".join(quoted_value(value.text) for value in values)
        case Word(text):
            return quoted_word(text)


def conditions(tree: And, name: str) -> Iterator[Condition | Not]:
    """What the filter asks of that field, negated or not."""
    for part in tree.parts:
        match part:
            case Condition(asked) | Not(Condition(asked)) if asked == name:
                yield part


def words(tree: And) -> tuple[str, ...]:
    """The words that have to be found."""
    return tuple(part.text for part in tree.parts if isinstance(part, Word))


def without(tree: And, is_gone: Callable[[Node], bool]) -> And:
    """The filter without the parts of which that is true."""
    return And(tuple(part for part in tree.parts if not is_gone(part)))
