"""A ticket for the agents who work on it."""

from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.attachments.actions import attach, take_back
from portal.attachments.places import draft_of
from portal.attachments.taking import Received
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.queries import status_beside
from portal.notifications.actions import read_of_ticket
from portal.permissions import Permission, requires
from portal.tickets import actions, comments, conflicts, moving, once, throttle
from portal.tickets.assignment_form import AssignmentForm
from portal.tickets.blueprint import bp
from portal.tickets.drafts import drop_draft
from portal.tickets.family import family_ids
from portal.tickets.forms import (
    FieldsForm,
    MoveForm,
    NoteForm,
    PresenceForm,
    PriorityForm,
    StatusForm,
)
from portal.tickets.models import Ticket
from portal.tickets.page import (
    COMMENTED,
    WORK,
    about,
    about_now,
    about_preview,
    redrawn,
    redrawn_or_left,
    say_untold,
    sent_as,
    take_in_files,
    unsent,
)
from portal.tickets.policy import Verb, may
from portal.tickets.presence import leave, say_present
from portal.tickets.queries import get_ticket_or_404, get_work_or_404
from portal.tickets.step_page import is_asked_for_more, way_of_step
from portal.web.htmx import VARY, done, go_to, is_fragment_request, render
from portal.web.session import is_attended, me

PANEL, PREVIEW = "tickets/_work.html", "tickets/_previewed.html"
ASSIGN, ASSIGNMENT = "tickets/assign.html", "tickets/_assignment.html"


@bp.get("/<key:key>/preview")
@requires(Permission.TICKET_WORK)
def show_preview(key: str):
    """The ticket beside a list.

    Whoever walks past has read nothing. What is still there after a moment (`stays`) is read, and follows
    its news from then on, so that a walk down a list opens no stream for each row.
    """
    ticket = get_ticket_or_404(key, seen_by=me())
    if not is_fragment_request():
        return redirect(url_for(".show", key=ticket.key), 303)
    stays = "stays" in request.args
    is_read = stays and is_attended() and not me().viewed_by
    if is_read and read_of_ticket(me(), *family_ids(ticket)):
        db.session.commit()
        ticket = get_ticket_or_404(key, seen_by=me())
    shown = about_preview(ticket, in_inbox=request.args.get("from") == "inbox", stays=stays)
    return render_template(PREVIEW, **shown), 200, VARY


@bp.post("/<key:key>/status")
@requires(Permission.TICKET_WORK)
def change_status(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    form = StatusForm.for_ticket(ticket, reader=me())
    status = status_beside(ticket.status, form.status.data) if form.validate_on_submit() else None
    if status is None:
        return _unfit(ticket, form.status, _("Choose a status."), status_form=form)

    if clashes := _overtaken(ticket, status=status):
        return _shown(ticket, clashes)
    if is_asked_for_more(ticket, status):
        return go_to(way_of_step(ticket, status, form.reason))
    actions.change_status(ticket, status, actor=me(), waiting_for=form.reason)
    db.session.commit()
    return redrawn(ticket)


@bp.get("/<key:key>/assignment")
@requires(Permission.TICKET_WORK)
def choose_assignee(key: str):
    """The teams and people to choose from: fetched when they are wanted, for there may be hundreds."""
    ticket = get_work_or_404(key, seen_by=me())
    form = AssignmentForm(
        ticket=ticket, formdata=None, data={"assignee_id": ticket.assignee_id, "team_id": ticket.team_id}
    )
    return render(ASSIGN, ASSIGNMENT, ticket=ticket, form=form.offered())


@bp.post("/<key:key>/assignment")
@requires(Permission.TICKET_WORK)
def assign(key: str):
    """Team and person together; a field that was not sent stays as it is."""
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    form = AssignmentForm(ticket=ticket)
    if not form.validate_on_submit():
        return render(ASSIGN, ASSIGNMENT, 422, ticket=ticket, form=form.offered())

    wanted = {name: getattr(form, name) for name in ("team", "assignee") if f"{name}_id" in request.form}
    if clashes := _overtaken(ticket, **wanted):
        return _shown(ticket, clashes)
    if "team" in wanted:
        actions.assign_team(ticket, form.team, actor=me())
    if "assignee" in wanted:
        actions.assign(ticket, form.assignee, actor=me())
    db.session.commit()
    return redrawn_or_left(ticket)


@bp.post("/<key:key>/priority")
@requires(Permission.TICKET_WORK)
def change_priority(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    form = PriorityForm()
    if not form.validate_on_submit():
        raise DomainError(_("Choose low, medium, high or critical."))

    if clashes := _overtaken(ticket, priority=form.priority.data):
        return _shown(ticket, clashes)
    actions.edit(ticket, actor=me(), priority=form.priority.data)
    db.session.commit()
    return redrawn(ticket)


@bp.post("/<key:key>/notes")
@requires(Permission.TICKET_WORK)
def add_note(key: str):
    refusal = throttle.too_many_comments(me())
    ticket = get_work_or_404(key, seen_by=me(), to_change=True, wherever=True)
    form = NoteForm()
    sent, received = sent_as(form, ticket), Received()
    if not refusal and (received := take_in_files(form, ticket, key=sent)):
        ticket = get_work_or_404(key, seen_by=me(), to_change=True, wherever=True)
    if refusal or not form.validate_on_submit() or form.form_errors:
        return unsent(ticket, form, refusal, tab="note")

    if once.claim(sent, user=me()) is None:
        said = comments.add_note(ticket, form.text, author=me())
        say_untold(said)
        attach(me(), draft_of(ticket, form.place), ticket, said)
    else:
        take_back(received.files, sender=me())
    drop_draft(me(), f"{ticket.key}:note", f"{key}:note")
    db.session.commit()
    return done(url_for(".show", key=ticket.key), COMMENTED, partial(about_now, ticket.key), tab="note")


@bp.post("/<key:key>/watchers")
@requires(Permission.TICKET_WORK)
def watch(key: str):
    """Watch, or with `stop` no longer: that is also for whom the ticket's project was shut to since."""
    if "stop" in request.form:
        ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
        actions.unwatch(ticket, me())
    else:
        ticket = get_work_or_404(key, seen_by=me(), to_change=True)
        actions.watch(ticket, me())
    db.session.commit()
    return redrawn_or_left(ticket)


@bp.route("/<key:key>/fields", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def edit(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = FieldsForm.for_ticket(ticket)
    if not form.validate_on_submit():
        status = 422 if form.errors else 200
        return render("tickets/edit.html", "tickets/_fields.html", status, ticket=ticket, form=form)

    merged = conflicts.merge(ticket, form.wanted(), seen=form.version.data)
    if merged.clashes:
        form.version.data = form.version.raw_data = ticket.version
        context = {"ticket": ticket, "form": form, "clashes": merged.clashes}
        return render("tickets/edit.html", "tickets/_fields.html", 409, **context)

    actions.edit(ticket, actor=me(), **merged.values)
    db.session.commit()
    return go_to(url_for(".show", key=ticket.key))


@bp.route("/<key:key>/project", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def move(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = MoveForm(ticket=ticket, reader=me())
    if not form.validate_on_submit():
        status = 422 if form.errors else 200
        return render("tickets/move.html", "tickets/_move.html", status, ticket=ticket, form=form)

    old = ticket.key
    moving.move(ticket, form.project, actor=me())
    db.session.commit()
    return _moved(ticket, old)


def _moved(ticket: Ticket, old: str):
    """To the ticket under its new key, or to the queue for whoever does not see it there."""
    words = {"old": old, "new": ticket.key, "project": ticket.project.name}
    if may(me(), Verb.SEE, ticket):
        flash(_("%(old)s is %(new)s now, in %(project)s.", **words), "success")
        return go_to(url_for(".show", key=ticket.key))
    flash(_("%(old)s is %(new)s now, in %(project)s, where you do not see it any more.", **words), "info")
    return go_to(url_for("desk.queue"))


@bp.post("/<key:key>/presence")
@requires(Permission.TICKET_WORK)
def be_present(key: str):
    """A browser says again and again what its person does here, and is told who else is."""
    ticket = get_work_or_404(key, seen_by=me())
    form = PresenceForm()
    if not form.validate_on_submit():
        return _("That is nothing one does at a ticket."), 422
    if form.has_left:
        leave(ticket, me(), tab=form.tab.data)
        return "", 204
    present = say_present(ticket, me(), form.doing.data, tab=form.tab.data)
    return render_template("tickets/_present.html", present=present)


def _overtaken(ticket: Ticket, **wanted: Any) -> list[conflicts.Clash]:
    """What others did to these fields since the page was drawn, which says what it had seen."""
    seen = request.form.get("version", ticket.version, type=int)
    return conflicts.overtaken(ticket, wanted, seen=max(seen, 0), by=me())


def _shown(ticket: Ticket, clashes: list[conflicts.Clash]):
    """Nothing was done: the ticket as it is now, and what was done to it meanwhile."""
    db.session.rollback()
    return render(WORK, PANEL, 409, **about_now(ticket.key), overtaken=clashes)


def _unfit(ticket: Ticket, field, words: str, **forms):
    field.errors = [*field.errors, words] if words not in field.errors else field.errors
    return render(WORK, PANEL, 422, **about(ticket, **forms))
