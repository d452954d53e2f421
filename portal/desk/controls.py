"""What controls say of a filter, and the filter that is meant by them: each kind both ways.

A control takes the place of what it could show, and of nothing else: what it cannot say,
such as a negation, stays in the filter as it was typed.
"""

import re
from dataclasses import dataclass

from portal.filters import And, Comparison, Condition, Node, conditions, to_text, without
from portal.filters.grammar import quoted_value

AS_TYPED = "as-typed"  # what one choice cannot say, such as two statuses, stays as it is

_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*?))\s*(?:,|$)')
_IN_BRACKETS = re.compile(r".*<([^<>\s]+@[^<>\s]+)>")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Select:
    """One of a list of values. What is chosen takes the place of all that was asked of the field."""

    name: str

    def shown(self, tree: And) -> str:
        match list(conditions(tree, self.name)):
            case []:
                return ""
            case [Condition(_, Comparison.EQUALS, (value,))]:
                return value.text
        return AS_TYPED

    def rest(self, tree: And, sent: str) -> And:
        if sent == AS_TYPED:
            return tree
        return without(tree, lambda part: next(conditions(And((part,)), self.name), None) is not None)

    def typed(self, sent: str) -> str:
        return "" if sent in {"", AS_TYPED} else f"{self.name}:{quoted_value(sent)}"


@dataclass(frozen=True)
class Line:
    """Any of the values that are typed with commas between them."""

    name: str

    def shown(self, tree: And) -> str:
        found = self._said(tree)
        return ", ".join(_item(value.text) for value in found.values) if found else ""

    def rest(self, tree: And, sent: str) -> And:
        return _without_one(tree, self._said(tree))

    def typed(self, sent: str) -> str:
        values = [_meant(text) for text in items(sent)]
        return f"{self.name}:" + ",".join(quoted_value(value) for value in values) if values else ""

    def _said(self, tree: And) -> Condition | None:
        asked = (part for part in conditions(tree, self.name) if isinstance(part, Condition))
        return next((part for part in asked if part.comparison is Comparison.EQUALS), None)


@dataclass(frozen=True)
class Day:
    """From that day on, or until it: one end of a span."""

    name: str
    comparison: Comparison  # AT_LEAST or AT_MOST

    def shown(self, tree: And) -> str:
        found = self._said(tree)
        return found.values[0].text if found else ""

    def rest(self, tree: And, sent: str) -> And:
        return _without_one(tree, self._said(tree))

    def typed(self, sent: str) -> str:
        return f"{self.name}{self.comparison}{quoted_value(sent.strip())}" if sent.strip() else ""

    def _said(self, tree: And) -> Condition | None:
        asked = (part for part in conditions(tree, self.name) if isinstance(part, Condition))
        fits = (part for part in asked if part.comparison is self.comparison)
        return next((part for part in fits if _DAY.fullmatch(part.values[0].text)), None)


@dataclass(frozen=True)
class Tick:
    """Whether one value of a field is asked for by itself."""

    name: str
    value: str

    def shown(self, tree: And) -> bool:
        return self._said(tree) is not None

    def rest(self, tree: And, sent: bool) -> And:
        return _without_one(tree, self._said(tree))

    def typed(self, sent: bool) -> str:
        return f"{self.name}:{self.value}" if sent else ""

    def _said(self, tree: And) -> Node | None:
        return next((part for part in tree.parts if to_text(part) == f"{self.name}:{self.value}"), None)


SELECTS = {
    name: Select(name)
    for name in ("status", "priority", "type", "waiting", "assignee", "team", "project", "category")
}
LINES = {
    name: Line(name)
    for name in ("tag", "requester", "participant", "watcher", "mentions", "organization", "department")
}
SPANNED = ("due", "created", "updated", "closed")
DAYS = {
    f"{name}_{end}": Day(name, comparison)
    for name in SPANNED
    for end, comparison in (("from", Comparison.AT_LEAST), ("to", Comparison.AT_MOST))
}
TICKS = {
    "overdue": Tick("is", "overdue"),
    "confidential": Tick("is", "confidential"),
    "file": Tick("has", "file"),
}
CONTROLS: dict[str, Select | Line | Day | Tick] = {**SELECTS, **LINES, **DAYS, **TICKS}


def items(sent: str) -> list[str]:
    """What stands between the commas; a comma in quotation marks belongs to what is quoted."""
    found = (re.sub(r'\\(["\\])', r"\1", quoted) or bare for quoted, bare in _ITEM.findall(sent))
    return [item for item in (text.strip() for text in found) if item]


def _item(text: str) -> str:
    return quoted_value(text) if "," in text or text.startswith('"') else text


def _meant(text: str) -> str:
    """The address of somebody who is written with it: `Ann <ann@example.org>`."""
    named = _IN_BRACKETS.fullmatch(text)
    return named[1] if named else text


def _without_one(tree: And, gone: Node | None) -> And:
    """The first such part only: what is typed twice is there once more."""
    if gone is None:
        return tree
    place = tree.parts.index(gone)
    return And(tree.parts[:place] + tree.parts[place + 1 :])
