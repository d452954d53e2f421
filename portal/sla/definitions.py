"""What a calendar and a policy are to be, as forms say it and versions keep it. Knows no table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale

from portal.sla.calendar import Hours
from portal.sla.replay import Target


@dataclass(frozen=True)
class OwnDay:
    day: date
    name: str
    hours: Hours = ()


@dataclass(frozen=True)
class WantedCalendar:
    name: str
    zone: str
    week: tuple[Hours, ...]
    country: str = ""
    region: str = ""
    days: tuple[OwnDay, ...] = ()

    def definition(self) -> dict[str, Any]:
        """As JSON, in one order whatever they were typed in, so that the same is equal."""
        return {
            "name": self.name,
            "zone": self.zone,
            "week": [[list(pair) for pair in sorted(hours)] for hours in self.week],
            "country": self.country,
            "region": self.region,
            "days": [
                {
                    "day": each.day.isoformat(),
                    "name": each.name,
                    "hours": [list(pair) for pair in sorted(each.hours)],
                }
                for each in sorted(self.days, key=lambda each: each.day)
            ],
        }


@dataclass(frozen=True)
class WantedPolicy:
    """`targets` in minutes, by priority."""

    name: str
    calendar_id: int
    targets: Mapping[Target, Mapping[str, int]]
    description: str = ""
    filter: str = ""
    pauses: tuple[str, ...] = ()
    warn_at: int = 75

    def definition(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "filter": self.filter,
            "targets": {
                target.value: dict(sorted(minutes.items())) for target, minutes in self.targets.items()
            },
            "pauses": sorted(self.pauses),
            "warn_at": self.warn_at,
        }


def calendar_of(definition: Mapping[str, Any]) -> WantedCalendar:
    return WantedCalendar(
        name=definition["name"],
        zone=definition["zone"],
        week=tuple(_hours(hours) for hours in definition["week"]),
        country=definition["country"],
        region=definition["region"],
        days=tuple(
            OwnDay(date.fromisoformat(each["day"]), each["name"], _hours(each["hours"]))
            for each in definition["days"]
        ),
    )


def policy_of(definition: Mapping[str, Any], calendar_id: int) -> WantedPolicy:
    return WantedPolicy(
        name=definition["name"],
        calendar_id=calendar_id,
        targets={Target(name): dict(minutes) for name, minutes in definition["targets"].items()},
        description=definition["description"],
        filter=definition["filter"],
        pauses=tuple(definition["pauses"]),
        warn_at=definition["warn_at"],
    )


def told_of_calendar(definition: Mapping[str, Any]) -> dict[str, str]:
    """Field by field, as the audit log and the list of versions say it."""
    week = dict(zip(WEEKDAYS, definition["week"], strict=True))
    return {
        "name": definition["name"],
        "zone": definition["zone"],
        **{day: hours_in_words(hours) for day, hours in week.items()},
        "country": " ".join(filter(None, (definition["country"], definition["region"]))),
        "days": "; ".join(
            " ".join(filter(None, (each["day"], each["name"], hours_in_words(each["hours"]))))
            for each in definition["days"]
        ),
    }


def told_of_policy(definition: Mapping[str, Any], calendar: str) -> dict[str, Any]:
    targets = {
        f"{name}.{priority}": minutes
        for name, by_priority in definition["targets"].items()
        for priority, minutes in by_priority.items()
    }
    return {
        "name": definition["name"],
        "description": definition["description"],
        "filter": definition["filter"],
        "calendar": calendar,
        **targets,
        "pauses": ", ".join(definition["pauses"]),
        "warn_at": definition["warn_at"],
    }


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekday_names() -> list[str]:
    """Monday first, in the reader's language."""
    names = get_day_names("wide", locale=get_locale() or "en")
    return [names[number] for number in range(7)]


def hours_in_words(hours: Any) -> str:
    """`09:00-12:00, 13:00-17:00`, as it is typed; nothing where there are none."""
    return ", ".join(f"{_clock(first)}-{_clock(last)}" for first, last in hours)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _hours(pairs: Any) -> Hours:
    return tuple((int(first), int(last)) for first, last in pairs)
