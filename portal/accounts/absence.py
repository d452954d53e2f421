"""Who is away, and who stands in, in the words that stand beside a name."""

from datetime import date
from zoneinfo import ZoneInfo

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Date, DateTime, cast, func, literal, true

from portal import clock
from portal.accounts.models import User
from portal.settings.cache import site


def today_of(user: User) -> date:
    """The day it is where they are."""
    zone = ZoneInfo(user.timezone or site().default_timezone)
    return clock.now().astimezone(zone).date()


def is_away(user: User) -> bool:
    if user.absent_from is None or user.absent_until is None:
        return False
    return user.absent_from <= today_of(user) <= user.absent_until


def is_there() -> ColumnElement[bool]:
    """`is_away`, asked of the people of a query; whoever is not."""
    zone = func.coalesce(User.timezone, site().default_timezone)
    today = cast(func.timezone(zone, literal(clock.now(), DateTime(timezone=True))), Date)
    return func.coalesce(~today.between(User.absent_from, User.absent_until), true())


def away(user: User) -> str:
    """`away until 24 Nov 2026, deputy Ben Okafor`; nothing for whoever is there."""
    if not is_away(user):
        return ""
    last = format_date(user.absent_until, "medium")
    deputy = user.deputy
    if deputy is None or not (deputy.is_active and deputy.is_staff):
        return _("away until %(day)s", day=last)
    return _("away until %(day)s, deputy %(name)s", day=last, name=deputy.name)


def name_and_absence(user: User) -> str:
    """A person as a list to choose from names them."""
    said = away(user)
    return f"{user.name} ({said})" if said else user.name
