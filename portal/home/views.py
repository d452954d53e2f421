"""The first page, by role: a greeting and one's requests, or the desk's figures."""

from datetime import datetime

from flask import Blueprint, render_template, url_for
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from portal import clock
from portal.home.chart import chart
from portal.home.queries import MOST, Day, Figures, last_days, oldest_open, open_figures
from portal.permissions import for_members
from portal.tickets.filtering import zone_of
from portal.tickets.models import Priority
from portal.tickets.requested import counts, open_requests
from portal.tickets.vocabulary import Named, vocabulary
from portal.tickets.words import standing
from portal.web.locale import day_pattern
from portal.web.session import me

bp = Blueprint("home", __name__)
SHOWN = 5  # requests


@bp.get("/")
@for_members
def index():
    return _dashboard() if me().is_staff else _portal()


def _portal():
    return render_template(
        "home/portal.html",
        greeting=_greeting(clock.now().astimezone(zone_of(me()))),
        requests=open_requests(me(), limit=SHOWN),
        counts=counts(me()),
        standing=lambda ticket: standing(ticket, me()),
    )


def _greeting(moment: datetime) -> str:
    """By the hour of the reader's day, and by the first of their names."""
    name = me().name.split(" ")[0]
    if 5 <= moment.hour < 12:
        return _("Good morning, %(name)s. How can we help?", name=name)
    if 12 <= moment.hour < 18:
        return _("Good afternoon, %(name)s. How can we help?", name=name)
    return _("Good evening, %(name)s. How can we help?", name=name)


def _dashboard():
    statuses = vocabulary().statuses
    figures = open_figures(me(), statuses)
    days = last_days(me())
    names = [format_date(day.day, day_pattern(get_locale())) for day in days]
    return render_template(
        "home/dashboard.html",
        figures=figures,
        most=MOST,
        statuses=_status_bars(figures, statuses),
        priorities=_priority_bars(figures),
        oldest=oldest_open(me()),
        days=list(zip(names, days, strict=True)),
        chart=chart([day.created for day in days], [day.closed for day in days], names),
        balance=_balance(days),
        queue=lambda name, q="": url_for("desk.queue", name=name, **({"q": q} if q else {})),
    )


def _status_bars(figures: Figures, statuses: list[Named]) -> list[dict]:
    """A bar for each status that open tickets can have, by its name and in its order."""
    labels = {status.name: status.label for status in statuses if status.is_current}
    return [_bar(label, figures.by_status[name], f"status:{name}", shade=2) for name, label in labels.items()]


def _priority_bars(figures: Figures) -> list[dict]:
    shades = {Priority.CRITICAL: 5, Priority.HIGH: 4, Priority.MEDIUM: 3, Priority.LOW: 1}
    return [
        _bar(one.label, number, f"priority:{one.value}", shade=shades[one])
        for one, number in figures.by_priority.items()
    ]


def _bar(label: str, number: int, asked: str, *, shade: int) -> dict:
    return {"label": label, "number": number, "href": url_for("desk.queue", q=asked), "shade": shade}


def _balance(days: list[Day]) -> str:
    """The answer in words to "do we keep up?"."""
    more = sum(day.created - day.closed for day in days)
    if more > 0:
        return _("%(number)s more created than closed", number=more)
    if more < 0:
        return _("%(number)s more closed than created", number=-more)
    return _("as many closed as created")
