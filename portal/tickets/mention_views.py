"""Whom an "@" may mean, while somebody writes on a ticket."""

from flask import render_template, request

from portal.permissions import Permission, requires
from portal.tickets.blueprint import bp
from portal.tickets.hearers import Saying, suggestions
from portal.tickets.policy import Verb, refuse_readers
from portal.tickets.queries import get_ticket_or_404, get_work_or_404
from portal.web.htmx import VARY
from portal.web.session import me

LONGEST = 80  # letters that are looked for


@bp.get("/<key:key>/mentions")
@requires(Permission.TICKET_SUBMIT)
def suggest_mentions(key: str):
    """A few of those who may read what is being written: a reply or, with `place`, an internal note."""
    internal = request.args.get("place") == "note"
    ticket = (get_work_or_404 if internal else get_ticket_or_404)(key, seen_by=me())
    refuse_readers(me(), Verb.REPLY, ticket)
    typed = " ".join(request.args.get("q", "").split())[:LONGEST]
    people = suggestions(Saying(ticket, me(), internal=internal), typed)
    return render_template("tickets/_mentionable.html", people=people), 200, VARY
