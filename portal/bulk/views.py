"""Many tickets at once: what to do with those that are selected, how far it is, and the way back."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.bulk import actions, running, words
from portal.bulk.acts import ACTS, Act, acts_on
from portal.bulk.forms import FORMS, ActForm
from portal.bulk.models import BulkOperation, State
from portal.bulk.queries import (
    MOST,
    SHOWN,
    Chosen,
    number_of_items,
    operation_or_404,
    outlook,
    own_operations,
    reasons,
    results,
)
from portal.desk.queues import Desk, Queue, asks_for_spam_alone, queue_or_404
from portal.errors import DomainError
from portal.extensions import db
from portal.filters import And, FilterError
from portal.permissions import Permission, requires
from portal.tickets import once, throttle
from portal.web.htmx import go_to, is_own_path, problem, render
from portal.web.session import me

bp = Blueprint("bulk", __name__, url_prefix="/queue/bulk")
NEW, ASK = "bulk/new.html", "bulk/_new.html"
LIST, LISTED = "bulk/operations.html", "bulk/_operations.html"
PAGE, FRAGMENT = "bulk/operation.html", "bulk/_operation.html"
MOST_NAMED = 500  # tickets that a form names one by one
PATIENCE = 6.0  # seconds that a request works; the rest is left to a worker


@bp.get("/new")
@requires(Permission.TICKET_WORK)
def new():
    """What to do with the selected tickets; with an act that was chosen, its values and what they mean."""
    try:
        chosen = _chosen(request.args)
        act = ACTS.get(request.args.get("act", ""))
        offered = () if act else _offered(request.args)
    except FilterError as error:
        return problem(error, 422)
    if act is None:
        return _ask(request.args, chosen, offered=offered)
    asked = any(name in request.args for name in FORMS[act.name].fields)
    form = _form(act, request.args if asked else None)
    is_fine = not asked or form.validate()
    return _ask(request.args, chosen, act, form, 200 if is_fine else 422)


@bp.post("")
@requires(Permission.TICKET_WORK)
def begin():
    """Few tickets are changed at once, many by a worker; either way one after the other."""
    act = ACTS.get(request.form.get("act", ""))
    if act is None:
        abort(400)
    try:
        chosen = _chosen(request.form)
    except FilterError as error:
        return problem(error, 422)
    form = FORMS[act.name](reader=me())
    if not form.validate_on_submit():
        return _ask(request.form, chosen, act, form, 422)

    if act.name == "note" and (refusal := throttle.too_many_comments(me())):
        return _refused(chosen, act, form, refusal, 429)
    sent = once.key_of(form.data, place=f"bulk:{act.name}:{_named(request.form)}")
    if (made := once.claim(sent, user=me())) is not None:
        return go_to(url_for(".show", public_id=made) if made else url_for(".operations"))
    try:
        operation = actions.begin(chosen, act, form.what, owner=me())
    except DomainError as error:
        return _refused(chosen, act, form, error, 409)
    once.remember(sent, operation.public_id, user=me())
    return _worked_on(operation, _back(request.form))


def _refused(chosen: Chosen, act: Act, form: ActForm, error: DomainError, status: int):
    """Said in the form itself: above the page, it would stand behind the dialog."""
    db.session.rollback()
    form.form_errors.append(str(error))
    return _ask(request.form, chosen, act, form, status)


@bp.get("")
@requires(Permission.TICKET_WORK)
def operations():
    """What they have changed so in the last days."""
    page = own_operations(me(), cursor=request.args.get("cursor"))
    return render(LIST, LISTED, page=page, now=clock.now(), words=words)


@bp.get("/<public_id>")
@requires(Permission.TICKET_WORK)
def show(public_id: str):
    """How far it is, and what became of each ticket; asked for again and again until it is over."""
    return render(PAGE, FRAGMENT, **_about(operation_or_404(public_id, owner=me())))


@bp.post("/<public_id>/cancellation")
@requires(Permission.TICKET_WORK)
def cancel(public_id: str):
    operation = operation_or_404(public_id, owner=me(), to_change=True)
    actions.cancel(operation, actor=me())
    db.session.commit()
    return go_to(url_for(".show", public_id=public_id))


@bp.post("/<public_id>/undo")
@requires(Permission.TICKET_WORK)
def undo(public_id: str):
    """Pressed twice is pressed once."""
    operation = operation_or_404(public_id, owner=me(), to_change=True)
    if operation.state in {State.UNDOING, State.UNDONE}:
        return go_to(url_for(".show", public_id=public_id))
    actions.begin_undo(operation, actor=me())
    return _worked_on(operation, _back(request.form))


def _worked_on(operation: BulkOperation, back: str):
    """Kept first, then worked off, as far as that is the request's; where all of it went well, back to
    the list with a word about it."""
    public_id, lease = operation.public_id, operation.lease_until
    db.session.commit()
    if lease is not None:
        running.run(operation.id, lease, until=time.monotonic() + PATIENCE)
    operation = operation_or_404(public_id, owner=me())
    is_told_here = not operation.is_at_work and not operation.refused and not operation.kept
    if not (is_told_here and back):
        return go_to(url_for(".show", public_id=public_id))
    undo_url = url_for(".undo", public_id=public_id) if operation.can_be_undone(clock.now()) else ""
    told: Any = {"said": words.said(operation), "undo": undo_url, "back": back}
    flash(told, "success")
    return go_to(back)


def _chosen(sent: MultiDict[str, str]) -> Chosen:
    """Those that were ticked, or all that the queue's filter asks for. Raises FilterError."""
    if not sent.get("all"):
        return Chosen.by_keys(me(), [key[:30] for key in sent.getlist("ticket")[:MOST_NAMED]])
    return Chosen.by_filter(*_list(sent))


def _list(sent: MultiDict[str, str]) -> tuple[Desk, Queue, And]:
    """The list in which they were ticked, or all of which is meant. Raises FilterError."""
    desk, queue = Desk.of(me()), queue_or_404(sent.get("queue", "all"), sent.get("view"), seen_by=me())
    return desk, queue, desk.read(sent.get("q", queue.begins_with))


def _offered(sent: MultiDict[str, str]) -> Sequence[Act]:
    """The same that stands below that list. Raises FilterError."""
    desk, queue, tree = _list(sent)
    return acts_on(spam=asks_for_spam_alone(desk.whole(queue, tree)))


def _form(act: Act, typed: MultiDict[str, str] | None) -> ActForm:
    """To be filled in; what is typed by an address is only looked at."""
    form = FORMS[act.name](reader=me(), formdata=typed, meta={"csrf": False})
    form.idempotency_key.data = secrets.token_urlsafe(16)
    return form


def _ask(
    sent: MultiDict[str, str],
    chosen: Chosen,
    act: Act | None = None,
    form: ActForm | None = None,
    status: int = 200,
    *,
    offered: Sequence[Act] = (),
):
    says_what = act is not None and form is not None and not form.errors and _is_filled(form)
    outcome = outlook(chosen, act.is_so(form.what) if says_what and act and form else None)
    context: dict[str, Any] = {
        "acts": offered,
        "act": act,
        "form": form,
        "outlook": outcome,
        "says_what": says_what,
        "chosen": chosen,
        "sent": [(name, value) for name in CARRIED for value in sent.getlist(name)[:MOST_NAMED]],
        "back": _back(sent),
        "at_once": actions.AT_ONCE,
        "most": MOST,
    }
    return render(NEW, ASK, status, **context)


CARRIED = ("all", "queue", "view", "q", "ticket")  # which tickets: sent on from page to form


def _is_filled(form: ActForm) -> bool:
    """It was validated, or there is nothing to fill in."""
    return not form.fields or any(form[name].raw_data for name in form.fields)


def _named(sent: MultiDict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name in CARRIED for value in sent.getlist(name))


def _back(sent: MultiDict[str, str]) -> str:
    """The list that they came from; nothing where it is no page of ours."""
    back = sent.get("back", "")
    return back if is_own_path(back) else ""


def _about(operation: BulkOperation) -> dict[str, Any]:
    now, shown = clock.now(), request.args.get("show", "")
    found = results(operation, shown=shown, cursor=request.args.get("cursor"))
    return {
        "operation": operation,
        "words": words,
        "now": now,
        "shown": shown if shown in SHOWN else "",
        "page": found,
        "deleted": 0 if operation.is_at_work else operation.total - number_of_items(operation.id),
        "reasons": reasons(operation) if operation.refused or operation.kept else [],
        "has_undo": ACTS[operation.act].has_undo,
        "no_undo": ACTS[operation.act].no_undo,
    }
