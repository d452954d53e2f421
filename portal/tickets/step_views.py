"""A step of the lifecycle that asks for something, on a page; and the steps of people who ask."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from portal import clock
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.queries import Step
from portal.permissions import Permission, requires
from portal.tickets import actions, comments, deadlines, spent
from portal.tickets.blueprint import bp
from portal.tickets.models import Comment, Ticket
from portal.tickets.page import redrawn
from portal.tickets.policy import Verb, refuse_readers, works_on
from portal.tickets.queries import get_ticket_or_404
from portal.tickets.step_forms import StepForm
from portal.tickets.steps import lacking, steps_for
from portal.web.htmx import go_to, is_fragment_request, render
from portal.web.session import me

PAGE, FRAGMENT = "tickets/step.html", "tickets/_step.html"


@bp.route("/<key:key>/steps/<row:status_id>", methods=["GET", "POST"])
@requires(Permission.TICKET_SUBMIT)
def take_step(key: str, status_id: int):
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=request.method == "POST")
    refuse_readers(me(), Verb.SETTLE, ticket)
    works = works_on(me(), ticket)
    step = next((step for step in steps_for(ticket, me()) if step.id == status_id), None)
    if step is None or not (works or step.by_requester):
        return _no_step(ticket, works=works)
    form = StepForm.for_step(ticket, lacking(ticket, step), reader=me(), works=works)
    if not form.validate_on_submit():
        return _asked(ticket, step, form, works=works)
    if form.seen.data and form.seen.data != str(ticket.status_id):
        raise DomainError(_overtaken(ticket))
    said = _given(ticket, form)
    status = next(each for each in ticket.status.next if each.id == status_id)
    actions.change_status(ticket, status, actor=me(), waiting_for=form.reason, said=said)
    db.session.commit()
    flash(_("%(key)s is %(status)s now.", key=ticket.key, status=status.label), "success")
    return go_to(url_for(".show", key=ticket.key)) if is_fragment_request() else redrawn(ticket)


def _asked(ticket: Ticket, step: Step, form: StepForm, *, works: bool):
    if form.waiting_for.data is None:
        form.waiting_for.data = request.args.get("waiting_for", "")
    status = 422 if form.errors else 200
    return render(PAGE, FRAGMENT, status, ticket=ticket, step=step, form=form.offered(), works=works)


def _no_step(ticket: Ticket, *, works: bool):
    """It may have gone on meanwhile. To whoever only asked for it nothing is said of its statuses."""
    said = _overtaken(ticket) if works else _("This cannot be done with the request now.")
    if request.method == "POST":
        raise DomainError(said)
    flash(said, "info")
    return redirect(url_for(".show", key=ticket.key), 303)


def _overtaken(ticket: Ticket) -> str:
    return _(
        "Somebody was faster: %(key)s is %(status)s by now. It was not moved.",
        key=ticket.key,
        status=ticket.status.label,
    )


def _given(ticket: Ticket, form: StepForm) -> Comment | None:
    """Everything that the form asked for is done, as if each had been done by itself; the comment."""
    if form.assignee_id:
        actions.assign(ticket, form.assignee, actor=me())
    if form.team_id:
        actions.assign_team(ticket, form.team, actor=me())
    if form.category_id:
        actions.edit(ticket, actor=me(), category=form.category)
    if form.day:
        deadlines.set_due(ticket, form.due_at, actor=me())
    if form.length:
        today = clock.now().astimezone(form.zone).date()
        spent.spend(ticket, form.minutes, by=me(), on=today, note="")
    if not form.body:
        return None
    write: Any = comments.reply if form.is_public else comments.add_note
    return write(ticket, form.text, author=me())
