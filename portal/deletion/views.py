"""Deleting a ticket for good, and what its address tells afterwards."""

from flask import flash, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.deletion import actions
from portal.deletion.forms import DeletionForm
from portal.deletion.queries import contents, deletion_or_404, ticket_to_delete_or_404
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets.blueprint import bp
from portal.tickets.links import links_of
from portal.tickets.models import Ticket
from portal.web.htmx import go_to, render
from portal.web.session import me

PAGE = "deletion/delete.html"


@bp.route("/<key:key>/deletion", methods=["GET", "POST"])
@requires(Permission.TICKET_DELETE)
def delete(key: str):
    try:
        ticket = ticket_to_delete_or_404(key, seen_by=me(), to_change=request.method == "POST")
    except NotFound:
        deletion_or_404(key, seen_by=me())
        return go_to(url_for(".show", key=key))  # the form was sent twice
    form = DeletionForm(ticket=ticket)
    if not form.validate_on_submit():
        return _page(ticket, form, 422 if form.is_submitted() else 200)
    actions.delete_ticket(ticket, form.reason.data or "", actor=me())
    key = ticket.key
    db.session.commit()
    flash(_("%(key)s is deleted.", key=key), "success")
    return go_to(url_for(".show", key=key))


def _page(ticket: Ticket, form: DeletionForm, status: int):
    shown = {"contents": contents(ticket), "links": links_of(ticket, reader=me())}
    return render(PAGE, PAGE, status, ticket=ticket, form=form, **shown)
