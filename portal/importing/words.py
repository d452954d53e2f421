"""What other programs call priorities, types, statuses and moments; None for what is not known."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from portal.lifecycles.models import Category
from portal.tickets.models import Priority, TicketType

Meaning = TypeVar("Meaning", Priority, Category)

_PRIORITIES = {
    Priority.CRITICAL: {
        "critical",
        "urgent",
        "blocker",
        "highest",
        "emergency",
        "p1",
        "kritisch",
        "1",
        "sofort",
    },
    Priority.HIGH: {"high", "major", "important", "p2", "hoch", "2"},
    Priority.MEDIUM: {"medium", "normal", "moderate", "p3", "mittel", "3"},
    Priority.LOW: {"low", "minor", "trivial", "lowest", "planning", "p4", "p5", "niedrig", "4", "5"},
}
_CATEGORIES = {
    Category.NEW: {"new", "open", "to do", "todo", "unassigned", "submitted", "reopened", "neu", "offen"},
    Category.ACTIVE: {"in progress", "active", "work in progress", "assigned", "in bearbeitung", "in arbeit"},
    Category.WAITING: {"on hold", "waiting", "pending", "blocked", "wartend", "blockiert"},
    Category.DONE: {
        "closed", "resolved", "done", "solved", "complete", "completed", "cancelled", "canceled",
        "rejected", "geschlossen", "geloest", "gelöst", "erledigt",
    },
}  # fmt: skip
_TYPES = {"service request": "request", "bug": "incident", "störung": "incident", "anfrage": "request",
          "frage": "question", "aufgabe": "task", "änderung": "change"}  # fmt: skip
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
            "%Y/%m/%d", "%d %b %Y %H:%M", "%d %b %Y", "%d-%b-%Y")  # fmt: skip
_LEVELS = {"1": 1, "2": 2, "3": 3, "high": 1, "medium": 2, "low": 3, "hoch": 1, "mittel": 2, "niedrig": 3}


def priority_of(text: str) -> Priority | None:
    """`High`, `p2`, `2 - High`."""
    return _named(text, _PRIORITIES)


def priority_by(urgency: str, impact: str) -> Priority | None:
    """From urgency and impact, each 1 to 3: ITIL's table, of which 1 and 1 is critical."""
    levels = [_LEVELS[word] for level in (urgency, impact) if (word := _first_word(level)) in _LEVELS]
    if len(levels) < 2:
        return None
    return {2: Priority.CRITICAL, 3: Priority.HIGH, 4: Priority.MEDIUM}.get(sum(levels), Priority.LOW)


def category_of(status: str) -> Category | None:
    """What a status means; where the desk has one of that very name, that one is taken before."""
    return _named(status, _CATEGORIES)


def type_of(text: str) -> TicketType | None:
    small = text.strip().lower()
    name = _TYPES.get(small, small)
    return TicketType(name) if name in set(TicketType) else None


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """ISO 8601, German and spelt-out dates. One without a zone is meant as the desk's."""
    text = text.strip()
    for read in (datetime.fromisoformat, *(_reading(pattern) for pattern in _FORMATS)):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _reading(pattern: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, pattern)  # noqa: DTZ007, the zone is the desk's


def _named(text: str, names: Mapping[Meaning, set[str]]) -> Meaning | None:
    """By the whole text, else by its first word or what follows a number: `1 - Critical`."""
    small = " ".join(text.lower().replace("_", " ").split())
    for candidate in (small, re.sub(r"^\d+\s*[-–.:)]\s*", "", small), _first_word(small)):
        for meaning, words in names.items():
            if candidate in words:
                return meaning
    return None


def _first_word(text: str) -> str:
    return (re.split(r"[\s\-–.:(]+", text.strip().lower(), maxsplit=1) or [""])[0]
