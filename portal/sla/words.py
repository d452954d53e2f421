"""What is promised, and how it stands with that, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as babel_datetime
from babel.dates import format_timedelta
from flask_babel import format_datetime, format_percent, get_locale, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.sla.forecast import MINIMUM, Breadth, Forecast
from portal.sla.replay import Target
from portal.tickets.clocked import Standing, standing_of
from portal.tickets.models import Priority, TicketType
from portal.tickets.vocabulary import vocabulary
from portal.web.locale import day_pattern

TARGET_LABELS = {
    Target.FIRST_RESPONSE: _l("First answer"),
    Target.NEXT_RESPONSE: _l("Next answer"),
    Target.RESOLUTION: _l("Solution"),
}
NEAR = timedelta(days=6)  # a weekday is enough to say which day is meant
SHAPES = {  # of `components/ui.html`: clock
    Standing.BREACHED: "late",
    Standing.SOON: "soon",
    Standing.RUNNING: "",
    Standing.PAUSED: "paused",
    Standing.KEPT: "met",
    Standing.MISSED: "late",
}


@dataclass(frozen=True)
class Badge:
    """A shape and words: `left` of the time, in percent, drains the ring."""

    shape: str
    words: str
    title: str = ""
    left: int = 100


def target_label(name: str) -> str:
    return str(TARGET_LABELS[Target(name)])


def badge(ticket: Any) -> Badge | None:
    """Of a ticket, or of a row of a list; None where nothing is promised."""
    now = clock.now()
    stands = standing_of(ticket, now)
    if stands is None:
        return None
    if stands in {Standing.PAUSED, Standing.KEPT, Standing.MISSED}:
        return Badge(SHAPES[stands], _SAID[stands]())
    due_at = ticket.sla_due_at
    title = _("%(target)s due %(moment)s", target=target_label(ticket.sla_target), moment=_moment(due_at))
    whole = (due_at - ticket.created_at).total_seconds()
    left = round(100 * (due_at - now).total_seconds() / whole) if whole > 0 else 0
    return Badge(SHAPES[stands], _told(stands, due_at - now), title, max(left, 0))


def promised(ticket: Any) -> str:
    """What whoever asked may hope for: the answer that is due next. Nothing of what is late already."""
    due_at, target = ticket.sla_due_at, ticket.sla_target
    if standing_of(ticket, clock.now()) not in {Standing.RUNNING, Standing.SOON}:
        return ""
    if target == Target.FIRST_RESPONSE:
        return _("First answer by %(moment)s.", moment=_moment(due_at))
    if target == Target.NEXT_RESPONSE:
        return _("Next answer by %(moment)s.", moment=_moment(due_at))
    return ""


_SAID = {
    Standing.PAUSED: lambda: _("Paused"),
    Standing.KEPT: lambda: _("Kept"),
    Standing.MISSED: lambda: _("Missed"),
}


def _told(stands: Standing, left: timedelta) -> str:
    told = format_timedelta(abs(left), threshold=1.2, format="short", locale=get_locale() or "en")
    if stands is Standing.BREACHED:
        return _("Late by %(time)s", time=told)
    return _("Soon: %(time)s", time=told) if stands is Standing.SOON else told


def until(moment: datetime) -> str:
    """By when, to whom it is mostly today: `17:00`, else with its day."""
    is_today = to_user_timezone(moment).date() == to_user_timezone(clock.now()).date()
    return format_datetime(moment, "HH:mm") if is_today else _moment(moment)


def forecast_said(forecast: Forecast) -> str:
    """What became of similar promises that had taken as long, and how sure that is."""
    chance = forecast.chance
    if chance is None:
        return _(
            "Too little history for a forecast: fewer than %(number)s similar cases had taken as long.",
            number=MINIMUM,
        )
    return _(
        "Of %(known)s similar cases (%(similar)s) that had taken as long, %(late)s were late:"
        " %(least)s to %(most)s, with 95 percent certainty.",
        known=chance.known,
        similar=similar(forecast),
        late=percent(chance.late),
        least=percent(chance.least),
        most=percent(chance.most),
    )


def similar(forecast: Forecast) -> str:
    """What is the same of all that a forecast rests on."""
    traits = forecast.traits
    teams = {team.id: team.label for team in vocabulary().teams}
    named = [Priority(traits.priority).label]
    if forecast.breadth is not Breadth.PRIORITY:
        named.append(teams.get(traits.team_id, "") if traits.team_id else _("No team"))
    if forecast.breadth is Breadth.TYPE:
        named.append(TicketType(traits.type).label)
    return ", ".join(filter(None, named))


def percent(share: float) -> str:
    return format_percent(share)


def in_zone(moment: datetime, zone: ZoneInfo) -> str:
    """Its day and time in that zone, whatever the reader's is: `Mon, 23 Nov 2026, 09:00`."""
    pattern = f"EEE, {day_pattern(get_locale())} y, HH:mm"
    return babel_datetime(moment, pattern, tzinfo=zone, locale=get_locale() or "en")


def _moment(moment: datetime) -> str:
    is_near = abs(moment - clock.now()) < NEAR
    return format_datetime(moment, "EEE HH:mm" if is_near else "EEE d MMM y, HH:mm")
