"""Canned replies at a ticket that somebody works on: chosen, and filled with what the ticket says.

Without a script they are a page; its links lead back to the ticket, with the reply in the composer.
"""

from flask import abort, render_template, request

from portal.canned.filling import fill_for
from portal.canned.models import CannedReply
from portal.canned.queries import menu_of, usable_reply, usable_rows
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets.blueprint import bp
from portal.tickets.models import Ticket
from portal.tickets.policy import works_on
from portal.tickets.queries import get_ticket_or_404
from portal.web.htmx import VARY, is_fragment_request
from portal.web.paging import Order, keyset
from portal.web.session import me

BY_NAME = Order(CannedReply.sort_name, CannedReply.id, descending=False)
COMPOSERS = ("reply", "note")


@bp.get("/<key:key>/canned-replies")
@requires(Permission.TICKET_WORK)
def canned_replies(key: str):
    """To htmx the menu, with all names at once: what is typed there is looked for in the browser."""
    ticket = _worked_on_or_404(key)
    if is_fragment_request():
        rows = menu_of(me(), ticket)
        return render_template("canned/_menu.html", ticket=ticket, rows=rows, place=_composer()), 200, VARY
    typed = " ".join(request.args.get("q", "").split())[:80]
    page = keyset(
        usable_rows(me(), ticket, typed),
        BY_NAME,
        cursor=request.args.get("cursor"),
        of=("sort_name", "id"),
        fetch=db.session.execute,
    )
    shown = {"ticket": ticket, "page": page, "typed": typed, "place": _composer()}
    return render_template("canned/choose.html", **shown), 200, VARY


@bp.get("/<key:key>/canned-replies/<public_id>")
@requires(Permission.TICKET_WORK)
def canned_reply(key: str, public_id: str):
    """The words as they would be inserted now: the menu shows them, and puts them into the composer."""
    ticket = _worked_on_or_404(key)
    reply = usable_reply(public_id, ticket, agent=me()) or abort(404)
    text = fill_for(reply.body, ticket, agent=me())
    return render_template("canned/_filled.html", reply=reply, text=text), 200, VARY


def _worked_on_or_404(key: str) -> Ticket:
    """Whoever only follows a ticket writes on it as anybody does: for them there is no such page."""
    ticket = get_ticket_or_404(key, seen_by=me())
    if not works_on(me(), ticket):
        abort(404)
    return ticket


def _composer() -> str:
    """In which of the two it is to be written."""
    asked = request.args.get("place", "")
    return asked if asked in COMPOSERS else COMPOSERS[0]
