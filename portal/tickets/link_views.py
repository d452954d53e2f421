"""Links of a ticket with others, for the agents who work on it."""

from flask import render_template, request, url_for

from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import links
from portal.tickets.blueprint import bp
from portal.tickets.models import Ticket
from portal.tickets.naming import tickets_like
from portal.tickets.page import WORK, about, about_links
from portal.tickets.queries import get_work_or_404, held_together_or_404
from portal.tickets.related_forms import LinkForm
from portal.tickets.relations import Relation
from portal.web.forms import tidy
from portal.web.htmx import VARY, done, is_fragment_request, render
from portal.web.session import me

LINKS = "tickets/_links.html"


@bp.get("/named")
@requires(Permission.TICKET_WORK)
def suggest_tickets():
    """A few tickets for the field in which one is named, whatever that is called."""
    typed = next(iter(request.args.values()), "")
    found = tickets_like(tidy(typed) or "", by=me())
    return render_template("tickets/_named.html", tickets=found), 200, VARY


@bp.post("/<key:key>/links")
@requires(Permission.TICKET_WORK)
def add_link(key: str):
    ticket = get_work_or_404(key, seen_by=me())
    form = LinkForm(reader=me())
    if not form.validate_on_submit():
        return _refused(ticket, form)

    ticket, other = held_together_or_404(key, form.key, seen_by=me())
    links.link(ticket, Relation(form.relation.data), other, actor=me())
    db.session.commit()
    return _drawn(ticket)


@bp.post("/<key:key>/links/<row:link_id>/removal")
@requires(Permission.TICKET_WORK)
def remove_link(key: str, link_id: int):
    ticket = get_work_or_404(key, seen_by=me())
    linked = links.linked_by(link_id, ticket, reader=me())
    if linked:
        ticket, other = held_together_or_404(key, linked.key, seen_by=me())
        links.unlink(link_id, ticket, other, actor=me())
        db.session.commit()
    return _drawn(ticket)


def _refused(ticket: Ticket, form: LinkForm):
    if is_fragment_request():
        return render_template(LINKS, **about_links(ticket, link_form=form)), 422, VARY
    return render(WORK, LINKS, 422, **about(ticket, link_form=form))


def _drawn(ticket: Ticket):
    key = ticket.key
    return done(url_for(".show", key=key), LINKS, lambda: about_links(get_work_or_404(key, seen_by=me())))
