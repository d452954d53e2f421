"""What was promised for a ticket, for those who work on it: both clocks, and why they stand where they do."""

from portal.permissions import Permission, requires
from portal.sla.timeline import cause, timeline_of
from portal.tickets.blueprint import bp
from portal.tickets.queries import get_work_or_404
from portal.web.htmx import render
from portal.web.session import me


@bp.get("/<key:key>/clocks")
@requires(Permission.TICKET_WORK)
def show_clocks(key: str):
    ticket = get_work_or_404(key, seen_by=me())
    return render("sla/ticket.html", "sla/_clocks.html", ticket=ticket, life=timeline_of(ticket), cause=cause)
