"""What was promised, for those who work on it: the clocks of a ticket, why they stand where they do, and what
will be late at the present pace."""

from portal.desk.blueprint import bp as desk
from portal.permissions import Permission, requires
from portal.sla.forecast import MINIMUM, PERIOD
from portal.sla.outlook import forecasts_of, outlook
from portal.sla.timeline import cause, timeline_of
from portal.sla.words import forecast_said, percent, similar, until
from portal.tickets.blueprint import bp
from portal.tickets.queries import get_work_or_404
from portal.web.htmx import render
from portal.web.session import me


@bp.get("/<key:key>/clocks")
@requires(Permission.TICKET_WORK)
def show_clocks(key: str):
    ticket = get_work_or_404(key, seen_by=me())
    life = timeline_of(ticket)
    readings = [each.reading for each in life.clocks] if life else []
    told = {"forecasts": forecasts_of(ticket, readings, reader=me()), "forecast_said": forecast_said}
    return render("sla/ticket.html", "sla/_clocks.html", ticket=ticket, life=life, cause=cause, **told)


@desk.get("/queue/forecast")
@requires(Permission.TICKET_WORK)
def forecast():
    """The page, and the sentence that other pages fetch when they are there."""
    words = {"percent": percent, "similar": similar, "until": until, "least_known": MINIMUM}
    shown = {"seen": outlook(me()), "days": PERIOD.days}
    return render("sla/forecast.html", "sla/_forecast.html", **shown, **words)
