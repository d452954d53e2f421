"""My requests: what somebody asked for, or takes part in, in plain words."""

from flask import request, url_for

from portal.filters import And, FilterError, read_words
from portal.permissions import Permission, requires
from portal.tickets.blueprint import bp
from portal.tickets.requested import SHOWS, counts, request_page
from portal.tickets.words import standing
from portal.web.htmx import render
from portal.web.session import me

PAGE, FRAGMENT = "tickets/mine.html", "tickets/_mine.html"


@bp.get("")
@requires(Permission.TICKET_SUBMIT)
def mine():
    typed = request.args.get("q", "").strip()
    try:
        words = read_words(typed)
    except FilterError as error:
        return render(PAGE, FRAGMENT, 422, **_about(And(), typed), error=error)
    show = _shown(words)
    page = request_page(me(), show, words, cursor=request.args.get("page"))
    return render(PAGE, FRAGMENT, **_about(words, typed, show), page=page, error=None)


def _shown(words: And) -> str:
    """Which tab; whoever searches looks in all of them, until they choose one."""
    usual = "all" if words.parts else "open"
    asked = request.args.get("show", usual)
    return asked if asked in SHOWS else usual


def _about(words: And, typed: str, show: str = "open") -> dict:
    def address(**changes):
        return url_for("tickets.mine", **{"show": show, "q": typed or None} | changes)

    return {
        "typed": typed,
        "show": show,
        "address": address,
        "counts": counts(me()),
        "is_search": bool(words.parts),
        "standing": lambda ticket: standing(ticket, me()),
    }
