"""The decisions by which a ticket leaves the inbox: on its page, and on its row in the list."""

from collections.abc import Callable
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext as _

from portal import clock
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import spam, triage
from portal.tickets.blueprint import bp
from portal.tickets.models import Ticket
from portal.tickets.page import redrawn, redrawn_or_left
from portal.tickets.policy import Verb, refuse_readers
from portal.tickets.queries import get_ticket_or_404, get_work_or_404, held_together_or_404
from portal.tickets.triage_forms import DeclineForm, DuplicateForm, RouteForm, SnoozeForm
from portal.web.htmx import done, go_to, is_fragment_request, is_own_path, render
from portal.web.session import me

PAGE, FRAGMENT = "tickets/triage.html", "tickets/_triage_form.html"


@bp.post("/<key:key>/triage/accept")
@requires(Permission.TICKET_WORK)
def accept(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    triage.accept(ticket, actor=me())
    db.session.commit()
    return _decided(ticket, _("%(key)s is yours.", key=ticket.key))


@bp.route("/<key:key>/triage/decline", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def decline(key: str):
    ticket = _to_decide(key)
    form = DeclineForm()
    if answer := _undecided(ticket, "decline", form, lambda: triage.decline(ticket, form.text, actor=me())):
        return answer
    return _decided(ticket, _("%(key)s is declined, and its requester is told why.", key=ticket.key))


@bp.route("/<key:key>/triage/duplicate", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def duplicate(key: str):
    ticket = get_work_or_404(key, seen_by=me())
    form = DuplicateForm(reader=me())
    if not form.is_submitted():
        form.of.render_kw = {"data-focus": ""}
    if not form.validate_on_submit():
        return _asked(ticket, "duplicate", form)
    ticket, other = held_together_or_404(key, form.key, seen_by=me())
    try:
        triage.duplicate(ticket, other, actor=me())
    except DomainError as error:
        return _refused(ticket, "duplicate", form, error)
    db.session.commit()
    flash(_("%(key)s goes on in %(into)s now.", key=ticket.key, into=other.key), "success")
    return _back_to_inbox(ticket) if _is_from_inbox() else go_to(url_for(".show", key=other.key))


@bp.route("/<key:key>/triage/route", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def route(key: str):
    ticket = _to_decide(key)
    form = RouteForm(ticket=ticket)
    if answer := _undecided(ticket, "route", form, lambda: triage.route(ticket, form.team, actor=me())):
        return answer
    return _decided(ticket, _("%(key)s is with %(team)s now.", key=ticket.key, team=form.team.name))


@bp.route("/<key:key>/triage/snooze", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def snooze(key: str):
    ticket = _to_decide(key)
    form = SnoozeForm(reader=me(), now=clock.now())
    if answer := _undecided(ticket, "snooze", form, lambda: triage.snooze(ticket, form.until, actor=me())):
        return answer
    return _decided(ticket, _("%(key)s is snoozed, and comes back by itself.", key=ticket.key))


@bp.post("/<key:key>/triage/waking")
@requires(Permission.TICKET_WORK)
def wake(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    if ticket.is_snoozed:
        triage.wake(ticket, actor=me())
        db.session.commit()
    return redrawn(ticket)


@bp.post("/<key:key>/spam")
@requires(Permission.TICKET_WORK)
def mark_spam(key: str):
    """From the inbox it is a decision like the others, and somebody may have been first."""
    ticket = get_work_or_404(key, seen_by=me(), to_change=True, even_spam=True)
    if _is_from_inbox() and not ticket.is_spam:
        triage.refuse_decided(ticket)
    spam.mark(ticket, actor=me())
    db.session.commit()
    back = url_for("desk.queue", name="triage") if _is_from_inbox() else url_for(".show", key=ticket.key)
    said, undo = _("%(key)s is spam, and hidden.", key=ticket.key), url_for(".unmark_spam", key=ticket.key)
    told: Any = {"said": said, "undo": undo, "back": back}
    flash(told, "success")
    return _back_to_inbox(ticket) if _is_from_inbox() else _shown_again(ticket)


@bp.post("/<key:key>/spam/removal")
@requires(Permission.TICKET_WORK)
def unmark_spam(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True, even_spam=True)
    spam.unmark(ticket, actor=me())
    db.session.commit()
    flash(_("%(key)s is no spam, and back where it was.", key=ticket.key), "success")
    back = request.form.get("back", "")
    return go_to(back if is_own_path(back) else url_for(".show", key=ticket.key))


@bp.post("/<key:key>/withdrawal")
@requires(Permission.TICKET_SUBMIT)
def withdraw(key: str):
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
    refuse_readers(me(), Verb.SETTLE, ticket)
    triage.withdraw(ticket, actor=me())
    db.session.commit()
    return redrawn(ticket)


def _to_decide(key: str) -> Ticket:
    return get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")


def _is_from_inbox() -> bool:
    return request.args.get("from") == "inbox"


def _undecided(ticket: Ticket, decision: str, form: Any, decide: Callable[[], object]):
    """The answer while nothing is decided: what is asked, or why it was refused. None once it is done."""
    if not form.validate_on_submit():
        return _asked(ticket, decision, form)
    try:
        decide()
    except DomainError as error:
        return _refused(ticket, decision, form, error)
    db.session.commit()
    return None


def _asked(ticket: Ticket, decision: str, form: Any):
    return _form(ticket, decision, form, 422 if form.errors else 200)


def _refused(ticket: Ticket, decision: str, form: Any, error: DomainError):
    """Nothing was done: what was typed stays, with the reason."""
    db.session.rollback()
    form.form_errors = [*form.form_errors, str(error)]
    return _form(get_work_or_404(ticket.key, seen_by=me()), decision, form, 409)


def _form(ticket: Ticket, decision: str, form: Any, status: int):
    shown = {"ticket": ticket, "decision": decision, "form": form, "is_from_inbox": _is_from_inbox()}
    return render(PAGE, FRAGMENT, status, **shown, in_dialog=is_fragment_request())


def _decided(ticket: Ticket, words: str):
    """On to the next row of the list; on the ticket's own page, that page again."""
    flash(words, "success")
    return _back_to_inbox(ticket) if _is_from_inbox() else _shown_again(ticket)


def _shown_again(ticket: Ticket):
    """Its page, as far as they see it still; what asked for it may stand in a dialog."""
    answer = redrawn(ticket) if ticket.is_spam else redrawn_or_left(ticket)
    if isinstance(answer, tuple) and answer[1] == 200:
        return answer[0], answer[1], answer[2] | {"HX-Retarget": "#ticket", "HX-Reswap": "morph:outerHTML"}
    return answer


def _back_to_inbox(ticket: Ticket):
    """The list takes the row away by itself, and goes on with the next one."""
    answer = done(url_for("desk.queue", name="triage"), "tickets/_decided.html", ticket=ticket)
    if is_fragment_request():
        return answer[0], answer[1], answer[2] | {"HX-Reswap": "none"}
    return answer
