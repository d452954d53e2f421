"""Lengths of time as people type and read them: "1h 30m", "90", "1:30", "1,5 h"."""

import re
from datetime import timedelta

from babel.units import format_unit
from flask_babel import get_locale

MINUTES = re.compile(r"([0-9]{1,5})\s*(?:m|min|mins|minutes|minuten)?\.?")
CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])")
HOURS = re.compile(
    r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?\s*(?:h|hrs?|hours?|std|stunden?)\.?"
    r"(?:\s*([0-5]?[0-9])\s*(?:m|min|mins|minutes|minuten)?\.?)?"
)


def minutes_of(typed: str) -> int | None:
    """How many whole minutes these words mean, rounded; None for what is no length of time."""
    words = typed.strip().casefold()
    if found := MINUTES.fullmatch(words):
        return int(found[1])
    if found := CLOCK.fullmatch(words):
        return 60 * int(found[1]) + int(found[2])
    if found := HOURS.fullmatch(words):
        whole, tenths, more = found.groups()
        part = int(tenths) * 60 / 10 ** len(tenths) if tenths else 0
        return 60 * int(whole) + round(part) + int(more or 0)
    return None


def duration(minutes: int) -> str:
    """`1 hr 30 min`, in the reader's language; days are not made of it, for whose would they be?"""
    locale = get_locale() or "en"
    hours, rest = divmod(minutes, 60)
    told = [format_unit(hours, "hour", "short", locale=locale)] if hours else []
    if rest or not hours:
        told.append(format_unit(rest, "minute", "short", locale=locale))
    return " ".join(told)


def span(length: timedelta) -> str:
    """The same of a length that was measured, to the minute."""
    return duration(round(length.total_seconds() / 60))
