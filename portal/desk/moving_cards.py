"""A ticket goes from one column of the board to another: dragged, by key, or by its card's menu."""

import json

from flask import flash, make_response, request, url_for
from flask_babel import gettext as _

from portal.desk.queues import BOARD
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.permissions import Permission, requires
from portal.tickets import actions
from portal.tickets.blueprint import bp
from portal.tickets.forms import StatusForm
from portal.tickets.models import Ticket
from portal.tickets.queries import get_work_or_404
from portal.tickets.step_page import is_asked_for_more, way_of_step
from portal.web.htmx import done, go_to, is_fragment_request, is_own_path, render
from portal.web.session import me

PAGE, MENU, MOVED = "desk/card.html", "desk/_card_menu.html", "desk/_moved.html"
NEWS = json.dumps({"news": {"target": "#tickets"}})


@bp.route("/<key:key>/column", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def move_card(key: str):
    """`to` is the column's name: a status of the ticket's own lifecycle; `from` is the id of the one that
    it had on the board."""
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = StatusForm.for_ticket(ticket, reader=me())
    if request.method == "GET":
        return _asking(ticket, form, 200)
    status = _named(ticket, request.form.get("to", ""))
    if not form.waiting_for.validate(form) or status is None:
        return _asking(ticket, form, 422)
    _refuse_if_overtaken(ticket, status)
    if is_asked_for_more(ticket, status):
        return go_to(way_of_step(ticket, status, form.reason))
    actions.change_status(ticket, status, actor=me(), waiting_for=form.reason)
    db.session.commit()
    return _moved(ticket)


def _asking(ticket: Ticket, form: StatusForm, code: int):
    """Where it can go. One column, if the address names it, and why it has to wait there."""
    to = request.values.get("to", "")
    steps = [step for step in form.steps if step.name == to] or form.steps
    waits = any(step.category is Category.WAITING for step in steps)
    shown = {"ticket": ticket, "form": form, "steps": steps, "waits": waits, "back": _back()}
    return render(PAGE, MENU, code, **shown, is_wrong=code != 200)


def _named(ticket: Ticket, name: str) -> Status | None:
    found = db.select(Status).where(Status.lifecycle_id == ticket.status.lifecycle_id, Status.name == name)
    return db.session.scalar(found)


def _refuse_if_overtaken(ticket: Ticket, wanted: Status) -> None:
    seen = request.form.get("from", ticket.status_id, type=int)
    if ticket.status_id not in {seen, wanted.id}:
        raise DomainError(
            _(
                "Somebody was faster: %(key)s is %(status)s by now. It was not moved.",
                key=ticket.key,
                status=ticket.status.label,
            )
        )


def _moved(ticket: Ticket):
    """To a script only that it was done: the board then fetches itself anew, as for any other news."""
    flash(_("%(key)s is %(status)s now.", key=ticket.key, status=ticket.status.label), "success")
    answer = make_response(done(_back(), MOVED))
    if is_fragment_request():
        answer.headers |= {"HX-Reswap": "none", "HX-Trigger": NEWS}
    return answer


def _back() -> str:
    """The board that they came from."""
    asked = request.values.get("back")
    return asked if asked and is_own_path(asked) else url_for("desk.queue", layout=BOARD)
