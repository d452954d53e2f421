"""A rule in words: each line by what is registered for it, with the names of now."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.rules.registry import Part, registered


def line_said(line: Mapping[str, Any], *, is_trigger: bool) -> str:
    """`Assign to a person: Ben Okafor`; by its stored name where nothing is registered under it any more."""
    part = part_of(line, is_trigger=is_trigger)
    if part is None:
        return str(line["name"])
    said = part.said(line["values"])
    return f"{part.label}: {said}" if said else str(part.label)


def lines_said(lines: Sequence[Mapping[str, Any]], *, is_trigger: bool) -> str:
    return " · ".join(line_said(line, is_trigger=is_trigger) for line in lines)


def part_of(line: Mapping[str, Any], *, is_trigger: bool) -> Part | None:
    if not is_trigger:
        return registered.effects.get(line["name"])
    return registered.triggers.get(line["name"]) or registered.clocks.get(line["name"])
