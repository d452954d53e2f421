"""The queue: every list of tickets that an agent works through."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from portal.desk.chips import chips
from portal.desk.forms import ControlsForm
from portal.desk.queues import MOST, QUEUES, Asked, Desk, listing
from portal.filters import And, FilterError, to_text
from portal.permissions import Permission, requires
from portal.tickets.lists import LATEST, Sort
from portal.web.htmx import VARY, render
from portal.web.paging import PAGE
from portal.web.session import me

bp = Blueprint("desk", __name__)
USUAL = {"q": "", "sort": LATEST, "size": PAGE, "page": None}  # what an address need not say
TABLE, ADDRESSED = "desk/_table.html", "tickets"  # the part that fetches itself anew, and its id


@bp.get("/queue", defaults={"name": "open"})
@bp.get("/queue/<name>")
@requires(Permission.TICKET_WORK)
def queue(name: str):
    asked = _asked(name)
    desk = Desk.of(me())
    sent = ControlsForm.sent(request.args)
    text = asked.text
    try:
        text = sent.text(desk) if sent else text
        tree = desk.read(text)
    except FilterError as error:
        return _refused(desk, asked, text, error)
    if to_text(tree) != asked.text or sent:
        return redirect(_address(asked, q=to_text(tree), page=None), 303)
    return render("desk/queue.html", TABLE, **_about(desk, asked, tree), listing=listing(desk, asked, tree))


@bp.get("/queue/<name>/filter")
@requires(Permission.TICKET_WORK)
def choose_filter(name: str):
    """The filter as a form, fetched when it is wanted: it offers hundreds of people."""
    asked, desk = _asked(name), Desk.of(me())
    try:
        tree = desk.read(asked.text)
    except FilterError:
        tree = And()
    controls = ControlsForm.showing(desk, tree)
    return render(
        "desk/filter.html", "desk/_controls.html", asked=asked, controls=controls, kept=_kept(asked)
    )


def _asked(name: str) -> Asked:
    """What the address says; what makes no sense in it is as if it were not there."""
    if name not in QUEUES:
        abort(404)
    size = request.args.get("size", PAGE, type=int)
    return Asked(
        queue=QUEUES[name],
        text=request.args.get("q", ""),
        sort=Sort.typed(request.args.get("sort")),
        size=size if 1 <= size <= MOST else PAGE,
        cursor=request.args.get("page"),
    )


def _refused(desk: Desk, asked: Asked, typed: str, error: FilterError):
    """The filter is none: say why, keep what was typed, and never show an empty list for it."""
    asked = replace(asked, text="", cursor=None)  # the ways on lead to lists without it
    page = render_template("desk/queue.html", **_about(desk, asked, And()) | {"error": error, "typed": typed})
    return page, 422, VARY


def _about(desk: Desk, asked: Asked, tree: And) -> dict:
    return {
        "asked": asked,
        "queues": QUEUES.values(),
        "typed": to_text(tree),
        "chips": chips(tree, desk.fields),
        "kept": _kept(asked),
        "address": lambda **changes: _address(asked, **changes),
        "error": None,
    }


def _kept(asked: Asked) -> dict[str, Any]:
    """What a form of the list sends on, beside its own fields."""
    return _unusual({"sort": str(asked.sort), "size": asked.size})


def _address(asked: Asked, **changes) -> str:
    """Where this list stands, with these changes; what is as usual is left out."""
    said: dict[str, Any] = {
        "name": asked.queue.name,
        "q": asked.text,
        "sort": str(asked.sort),
        "size": asked.size,
        "page": asked.cursor,
    } | changes
    return url_for("desk.queue", **_unusual(said))


def _unusual(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in USUAL or value != USUAL[name]}
