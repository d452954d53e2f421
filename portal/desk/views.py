"""The queue: every list of tickets that an agent works through."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.desk.blueprint import bp
from portal.desk.board import board, numbers_said
from portal.desk.chips import chips
from portal.desk.columns import COLUMNS, orders
from portal.desk.controls import LINES
from portal.desk.counts import MOST as COUNTED
from portal.desk.counts import number_of
from portal.desk.forms import WITHIN, ControlsForm
from portal.desk.help import RULES, explained
from portal.desk.policy import may_change
from portal.desk.queues import (
    BOARD,
    MOST,
    QUEUES,
    TRIAGE,
    Asked,
    Desk,
    Queue,
    asks_for_closed,
    asks_for_spam_alone,
    fitting,
    listing,
    next_in,
    queue_or_404,
)
from portal.desk.suggesting import suggestions
from portal.filters import And, FilterError, to_text
from portal.permissions import Permission, requires
from portal.tickets.lists import Sort
from portal.tickets.models import Ticket
from portal.tickets.page import about_preview
from portal.tickets.queries import Moved, get_ticket_or_404
from portal.web.htmx import VARY, is_fragment_request, render
from portal.web.keys import key_in
from portal.web.paging import PAGE
from portal.web.session import me

SAFE = "!$'()*,/:;?@"  # in a query, as `url_for` leaves them
CARDS = "desk/_board.html"
TABLE, ADDRESSED = "desk/_table.html", "tickets"  # the part that fetches itself anew, and its id


@bp.get("/queue", defaults={"name": "open"})
@bp.get("/queue/<name>")
@requires(Permission.TICKET_WORK)
def queue(name: str):
    return _list(_asked(name, ""))


@bp.get("/board")
@requires(Permission.TICKET_WORK)
def show_board():
    """All that is open, as a board; every queue can be one."""
    return redirect(url_for(".queue", layout=BOARD), 303)


@bp.get("/queue/view/<public_id>")
@requires(Permission.TICKET_WORK)
def view(public_id: str):
    """A saved view; `queue` are those that are built in."""
    return _list(_asked("", public_id))


def _list(asked: Asked):
    desk = Desk.of(me())
    sent = ControlsForm.sent(request.args)
    text = asked.text
    try:
        text = sent.text(desk) if sent else text
        tree = desk.read(text)
    except FilterError as error:
        return _refused(desk, asked, text, error)
    if sent or ("q" in request.args and to_text(tree) != asked.text):
        return redirect(_addresses(asked)(q=to_text(tree), page=None, preview=asked.preview), 303)
    whole = desk.whole(asked.queue, tree)
    asked = replace(asked, sort=fitting(asked.sort, whole))
    is_counted = "counted" in request.args  # where no script asks for it
    if asked.is_board:
        columns = board(desk, asked.sort, whole, counted=is_counted)
        return render("desk/queue.html", CARDS, **_about(desk, asked, tree), board=columns)
    found = listing(desk, asked, whole)
    if is_counted and not found.is_whole:
        found = replace(found, number=number_of(desk, whole))
    shown = _about(desk, asked, tree) | {"listing": found}
    return render("desk/queue.html", TABLE, **shown, **_beside(asked))


@bp.get("/queue/<name>/number")
@bp.get("/queue/view/<public_id>/number")
@requires(Permission.TICKET_WORK)
def count_list(name: str = "", public_id: str = ""):
    """How many tickets there are in the list, or in each column of the board: it comes after the list."""
    asked, desk = _asked(name, public_id), Desk.of(me())
    try:
        whole = desk.whole(asked.queue, desk.read(asked.text))
    except FilterError as error:
        return _refused(desk, asked, asked.text, error)
    address = _addresses(asked)
    if asked.is_board:
        told = {"address": address, "numbers": numbers_said(desk, whole)}
        return render_template("desk/_column_numbers.html", **told), 200, VARY
    number, shown = number_of(desk, whole), request.args.get("shown", 0, type=int)
    told = {"address": address, "number": number, "shown": shown, "counted_to": COUNTED}
    return render_template("desk/_number.html", **told), 200, VARY


def _beside(asked: Asked) -> dict[str, Any]:
    """What the pane beside the list shows. Without a pane, nothing is asked for it; the table that fetches
    itself anew has none, and knows no row that is shown there: scripts have moved on since."""
    if not asked.preview or is_fragment_request():
        return {"has_pane": False}
    try:
        shown = about_preview(_seen(asked.preview), in_inbox=asked.queue.is_triage)
    except NotFound:
        shown = {"ticket": None}
    return shown | {"has_pane": True}


def _seen(key: str) -> Ticket:
    """The ticket of that key, or of that former key."""
    try:
        return get_ticket_or_404(key, seen_by=me())
    except Moved as moved:
        return get_ticket_or_404(moved.key, seen_by=me())


@bp.get("/queue/triage/next")
@requires(Permission.TICKET_WORK)
def next_to_triage():
    """The oldest ticket that waits for a decision after the one whose key is named, or the oldest of all;
    the empty inbox where there is none."""
    found = next_in(Desk.of(me()), QUEUES[TRIAGE], after=request.args.get("after", ""))
    if found is None:
        return redirect(url_for("desk.queue", name=TRIAGE), 303)
    return redirect(url_for("tickets.show", key=found), 303)


@bp.get("/queue/<name>/filter")
@bp.get("/queue/view/<public_id>/filter")
@requires(Permission.TICKET_WORK)
def choose_filter(name: str = "", public_id: str = ""):
    """The filter as a form, fetched when it is wanted: it offers hundreds of people.

    Of a filter that is none it says why, and is the way to begin anew.
    """
    asked, desk = _asked(name, public_id), Desk.of(me())
    tree, error = And(), None
    try:
        tree = desk.read(asked.text)
    except FilterError as wrong:
        typed, error = _as_they_may_know(asked, asked.text, wrong)
        asked = replace(asked, text=typed)
    shown = {
        "asked": asked,
        "controls": ControlsForm.showing(desk, tree),
        "kept": _kept(asked),
        "error": error,
        "typed": asked.text,
        "address": _addresses(asked),
    }
    return render("desk/filter.html", "desk/_controls.html", 422 if error else 200, **shown)


@bp.get("/queue/suggestions")
@requires(Permission.TICKET_WORK)
def suggest():
    """How what is typed into one of the filter's fields may go on; of more than one field, the first."""
    sent = next((name for name in request.args if name.removeprefix(WITHIN) in LINES), "")
    found = suggestions(sent.removeprefix(WITHIN), request.args[sent], reader=me()) if sent else []
    return render_template("desk/_suggested.html", suggestions=found), 200, VARY


@bp.get("/queue/help")
@requires(Permission.TICKET_WORK)
def explain():
    """The language of the filter, field by field."""
    fields = explained(Desk.of(me()).fields)
    return render("desk/help.html", "desk/_help.html", rules=RULES, fields=fields)


def _asked(name: str, public_id: str) -> Asked:
    """What the address says; what makes no sense in it is as if it were not there."""
    queue = queue_or_404(name, public_id, seen_by=me())
    size = request.args.get("size", PAGE, type=int)
    return Asked(
        queue=queue,
        text=[queue.begins_with, *request.args.getlist("q")][-1],  # the field comes after the address
        sort=Sort.typed(request.args.get("sort", queue.sort)),
        size=size if 1 <= size <= MOST else PAGE,
        cursor=request.args.get("page"),
        columns=queue.columns_for(me()),
        layout=BOARD if request.args.get("layout") == BOARD else None,
        preview=key_in(request.args.get("preview", "")),
    )


def _refused(desk: Desk, asked: Asked, typed: str, error: FilterError):
    """The filter is none: say why, keep what was typed, and never show an empty list for it."""
    asked = replace(asked, text="", cursor=None)  # the ways on lead to lists without it
    typed, error = _as_they_may_know(asked, typed, error)
    shown = _about(desk, asked, And()) | {"error": error, "typed": typed}
    return render("desk/queue.html", "desk/_refused.html", 422, **shown)


def _as_they_may_know(asked: Asked, typed: str, error: FilterError) -> tuple[str, FilterError]:
    """Of another's filter that is none for this reader, the words may tell what they may not know."""
    view = asked.queue.view
    if view is None or typed != view.filter or may_change(me(), view):
        return typed, error
    return "", FilterError(_("This view asks for something that is not there any more, or not for you."))


def _about(desk: Desk, asked: Asked, tree: And) -> dict:
    view, whole = asked.queue.view, desk.whole(asked.queue, tree)
    return {
        "asked": asked,
        "typed": to_text(tree),
        "chips": chips(tree, desk.fields),
        "kept": _kept(asked),
        "address": _addresses(asked),
        "error": None,
        "most": MOST,
        "counted_to": COUNTED,
        "drawn": time.time_ns(),
        "columns": tuple(COLUMNS[name] for name in asked.columns),
        "is_usual": asked.columns == asked.queue.columns,
        "orders": orders(closed=asks_for_closed(whole)),
        "is_of_spam": asks_for_spam_alone(whole),
        "may_change": view is not None and may_change(me(), view),
        "whole": to_text(whole),
        "this_list": _unusual(asked.queue, _said(asked)),
        "view_here": asked.queue.name,
    }


def _kept(asked: Asked) -> dict[str, Any]:
    """What a form of the list sends on, beside its own fields."""
    return _unusual(asked.queue, {"sort": str(asked.sort), "size": asked.size, "layout": asked.layout})


def _addresses(asked: Asked) -> Callable[..., str]:
    """Says where this list stands, with the changes that it is given; what is as usual there is left out.

    So is what is shown beside it: a script has moved on from that, and adds it. A page asks thirty times.
    """
    said = _said(asked)
    here = url_for(asked.queue.endpoint, **asked.queue.place)

    def address(**changes: Any) -> str:
        queue = QUEUES[changes.pop("name")] if "name" in changes else asked.queue
        begins = here if queue is asked.queue else url_for(queue.endpoint, **queue.place)
        wanted = _unusual(asked.queue, said | changes)
        query = urlencode({name: value for name, value in wanted.items() if value is not None}, safe=SAFE)
        return f"{begins}?{query}" if query else begins

    return address


def _said(asked: Asked) -> dict[str, Any]:
    said = {"q": asked.text, "sort": str(asked.sort), "size": asked.size, "page": asked.cursor}
    return said | {"layout": asked.layout}


def _unusual(queue: Queue, said: dict[str, Any]) -> dict[str, Any]:
    usual = {"q": queue.begins_with, "sort": queue.sort, "size": PAGE, "page": None}
    usual |= {"layout": None, "preview": None}
    return {name: value for name, value in said.items() if name not in usual or value != usual[name]}
