"""Calendars in a configuration."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.configuration.entries import CalendarEntry, ConfigurationEntry
from portal.configuration.reading import Place
from portal.extensions import db
from portal.sla import actions
from portal.sla.definitions import WEEKDAYS, OwnDay, WantedCalendar, calendar_of, hours_in_words
from portal.sla.forms import NoHoursTyped, hours_of
from portal.sla.models import SlaCalendar
from portal.sla.public_holidays import countries, regions
from portal.web.locale import TIMEZONES

NAME = "calendars"


def written() -> list[dict[str, Any]]:
    """By name."""
    every = db.session.scalars(select(SlaCalendar).order_by(SlaCalendar.name))
    return [_written(calendar_of(each.current.definition)) for each in every]


def _written(wanted: WantedCalendar) -> dict[str, Any]:
    week = dict(zip(WEEKDAYS, map(hours_in_words, wanted.week), strict=True))
    told: dict[str, Any] = {"name": wanted.name, "zone": wanted.zone}
    told["week"] = {day: hours for day, hours in week.items() if hours}
    told |= {name: value for name in ("country", "region") if (value := getattr(wanted, name))}
    days = [
        {"day": each.day, "name": each.name} | ({"hours": hours_in_words(each.hours)} if each.hours else {})
        for each in wanted.days
    ]
    return told | ({"days": days} if days else {})


def problems(entry: CalendarEntry, _whole: ConfigurationEntry) -> Iterator[tuple[Place, str]]:
    """Zones and regions that are not known, and hours that are none."""
    if entry.zone not in TIMEZONES:
        yield ("zone",), _("There is no time zone “%(name)s”.", name=entry.zone[:60])
    if entry.country and entry.country not in countries():
        yield ("country",), _("No public holidays are known of “%(name)s”.", name=entry.country[:60])
    elif entry.region and entry.region not in regions(entry.country):
        yield ("region",), _("No public holidays are known of “%(name)s”.", name=entry.region[:60])
    is_fine = True
    for place, typed in [
        *((("week", day), hours) for day, hours in entry.week.items()),
        *((("days", number, "hours"), each.hours) for number, each in enumerate(entry.days)),
    ]:
        try:
            hours_of(typed)
        except NoHoursTyped as error:
            is_fine = False
            yield place, str(error)
    if is_fine and not any(hours_of(hours) for hours in entry.week.values()):
        yield ("week",), _("A calendar needs hours on one day of the week at least.")
    if len({each.day for each in entry.days}) < len(entry.days):
        yield ("days",), _("A day stands there twice.")


def changes(entry: CalendarEntry) -> list[str] | None:
    """What it would change, in words; None where it is new."""
    calendar = calendar_called(entry.name)
    if calendar is None:
        return None
    is_other = calendar.current.definition != _wanted(entry).definition()
    return [_("Its hours, holidays or days are others.")] if is_other else []


def put(entry: CalendarEntry, *, actor: User) -> None:
    """As a new version, where it is another one."""
    calendar = calendar_called(entry.name, to_change=True)
    if calendar is None:
        actions.create_calendar(_wanted(entry), actor=actor)
    else:
        actions.edit_calendar(calendar, _wanted(entry), actor=actor)


def calendar_called(name: str, *, to_change: bool = False) -> SlaCalendar | None:
    found = select(SlaCalendar).where(SlaCalendar.name == name)
    return db.session.scalar(found.with_for_update() if to_change else found)


def _wanted(entry: CalendarEntry) -> WantedCalendar:
    week: dict[str, str] = {str(day): hours for day, hours in entry.week.items()}
    return WantedCalendar(
        name=entry.name,
        zone=entry.zone,
        week=tuple(hours_of(week.get(day, "")) for day in WEEKDAYS),
        country=entry.country,
        region=entry.region,
        days=tuple(OwnDay(each.day, each.name, hours_of(each.hours)) for each in entry.days),
    )
