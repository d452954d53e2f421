"""The page on which everybody searches what they may see."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.desk.queues import Desk
from portal.filters import And, FilterError, read_words, to_text, words
from portal.permissions import Permission, requires
from portal.search.ranking import find
from portal.search.snippets import snippets
from portal.search.spelling import corrected
from portal.tickets.naming import key_of, tickets_like
from portal.web.forms import tidy
from portal.web.htmx import VARY, render
from portal.web.session import me

bp = Blueprint("search", __name__)
PAGE, FRAGMENT = "search/index.html", "search/_found.html"


@bp.get("/search")
@requires(Permission.TICKET_SUBMIT)
def index():
    typed = request.args.get("q", "").strip()
    if key := key_of(typed, by=me()):
        return redirect(url_for("tickets.show", key=key), 303)
    try:
        tree = _read(typed)
    except FilterError as error:
        return render(PAGE, FRAGMENT, 422, **_about(typed), error=error)
    if not tree.parts:
        return render(PAGE, FRAGMENT, **_about(typed))
    if not words(tree):
        return redirect(url_for("desk.queue", name="all", q=to_text(tree)), 303)
    return _answer(typed, tree)


@bp.get("/search/suggestions")
@requires(Permission.TICKET_SUBMIT)
def suggest():
    """A few tickets whose key or subject may be meant, for the field that floats above the page."""
    found = tickets_like(tidy(request.args.get("q", "")[:200]) or "", by=me())
    return render_template("search/_suggested.html", tickets=found), 200, VARY


def _read(typed: str) -> And:
    """The desk has its filter; everybody else types words. Raises FilterError."""
    if me().is_staff:
        return Desk.of(me()).read(typed)
    tree = read_words(typed)
    if tree.parts and not words(tree):
        raise FilterError(_("Enter a word that has to be there, too."), word=typed, at=0)
    return tree


def _answer(typed: str, tree: And):
    reader, newest, cursor = me(), request.args.get("order") == "newest", request.args.get("page")
    found, meant = find(reader, tree, newest=newest, cursor=cursor), None
    if not found.page.rows and not cursor and not _is_as_typed():
        meant = corrected(reader, tree)
    if meant is not None:
        found = find(reader, meant, newest=newest, cursor=None)
    marked = snippets(reader, words(meant or tree), [row.id for row in found.page.rows])
    about = _about(typed, asked=to_text(meant) if meant else typed, newest=newest or not found.by_relevance)
    return render(PAGE, FRAGMENT, **about, found=found, is_meant=meant is not None, snippets=marked)


def _is_as_typed() -> bool:
    return "as_typed" in request.args


def _about(typed: str, *, asked: str = "", newest: bool = False) -> dict:
    """What every answer shows. `asked` is what was looked for instead of what was typed; `address`
    leads to other pages of it, which are the newest first where this one is."""

    def address(page: str) -> str:
        as_typed = "1" if _is_as_typed() else None
        order = "newest" if newest else None
        return url_for("search.index", q=asked, page=page, order=order, as_typed=as_typed)

    return {
        "typed": typed,
        "asked": asked,
        "address": address,
        "newest": request.args.get("order") == "newest",
    }
