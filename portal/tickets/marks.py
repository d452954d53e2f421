"""Tags and due date of a ticket, for the agents who work on it."""

from flask import render_template, request

from portal import clock
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import conflicts, deadlines, tagging
from portal.tickets.blueprint import bp
from portal.tickets.mark_forms import DueForm, TagsForm
from portal.tickets.page import redrawn
from portal.tickets.queries import get_work_or_404
from portal.tickets.tag_lists import names_like
from portal.web.htmx import VARY, render
from portal.web.session import me

NAMING = {"tags", "tag"}  # fields, whatever stands before in a form of many lines
TAGS_PAGE, TAGS = "tickets/tags.html", "tickets/_tags.html"
DUE_PAGE, DUE = "tickets/due.html", "tickets/_due.html"


@bp.get("/tags")
@requires(Permission.TICKET_WORK)
def suggest_tags():
    """A few tags that begin as the last one that is typed, behind those before it."""
    typed = next((value for name, value in request.args.items() if name.rpartition("-")[2] in NAMING), "")
    before, _comma, last = typed.rpartition(",")
    begun = ", ".join(part.strip() for part in before.split(",") if part.strip())
    lines = [f"{begun}, {name}" if begun else name for name in names_like(last)]
    return render_template("tickets/_suggested_tags.html", lines=lines), 200, VARY


@bp.route("/<key:key>/tags", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def change_tags(key: str):
    """What others have put on or taken off since stays so; the form says what its sender saw."""
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = TagsForm.for_ticket(ticket)
    if not form.validate_on_submit():
        return render(TAGS_PAGE, TAGS, 422 if form.errors else 200, ticket=ticket, form=form)

    tagging.change_tags(ticket, form.names, actor=me(), seen=form.version.data)
    db.session.commit()
    return redrawn(ticket)


@bp.route("/<key:key>/due", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def change_due(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = DueForm.for_ticket(ticket, reader=me(), now=clock.now())
    if not form.validate_on_submit():
        return render(DUE_PAGE, DUE, 422 if form.errors else 200, ticket=ticket, form=form)

    merged = conflicts.merge(ticket, {"due_at": form.due_at}, seen=form.version.data)
    if merged.clashes:
        form.saw(ticket)
        return render(DUE_PAGE, DUE, 409, ticket=ticket, form=form, clash=merged.clashes[0])

    deadlines.set_due(ticket, merged.values.get("due_at", ticket.due_at), actor=me())
    db.session.commit()
    return redrawn(ticket)
