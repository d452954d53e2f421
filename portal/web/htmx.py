"""One view, two answers: the page for a browser, the fragment for htmx."""

from collections.abc import Callable
from typing import Any

from flask import flash, g, get_flashed_messages, redirect, render_template
from flask_babel import gettext as _
from htmx_flask import request

from portal.errors import TooMany

VARY = {"Vary": "HX-Request"}


def is_fragment_request() -> bool:
    """True when htmx asked for a piece of the page, not for the page."""
    htmx = request.htmx
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def render(page: str, fragment: str, status: int = 200, /, **context):
    """Answer with the fragment to htmx and with the whole page to everyone else."""
    template = fragment if is_fragment_request() else page
    return render_template(template, **context), status, VARY


def done(url: str, fragment: str, /, about: Callable[[], dict] = dict, **context):
    """Answer a POST that worked: new fragment for htmx, 303 for a plain form.

    `about` gives what the fragment shows, and is asked only where there is one.
    """
    _say_what_is_delayed()
    if is_fragment_request():
        return render_template(fragment, **about(), **context) + _toasts(), 200, VARY
    return redirect(url, 303)


def go_to(url: str):
    """Leave the page after a POST that worked."""
    _say_what_is_delayed()
    if is_fragment_request():
        return "", 204, {"HX-Redirect": url}
    return redirect(url, 303)


def problem(error: Exception, status: int):
    """Say what is wrong: above the page to htmx, as a page with a way back to others."""
    if is_fragment_request():
        where = {"HX-Retarget": "#problems", "HX-Reswap": "innerHTML"}
        return render_template("errors/_problem.html", error=error), status, VARY | where
    return render_template("errors/problem.html", error=error, back=way_back()), status, VARY


def too_many(error: TooMany, form: Any, page: Callable[[int], tuple[str, int, dict[str, str]]]):
    """The page (asked for with its status) with what was typed and when to send it again.

    To htmx, which leaves what was typed in place, only the sentence.
    """
    if is_fragment_request():
        raise error
    form.form_errors.append(str(error))
    body, status, headers = page(429)
    return body, status, headers | {"Retry-After": str(error.seconds)}


def way_back() -> str:
    """The page this request was sent from, if it is one of ours; else the first page."""
    came_from = request.referrer or ""
    return came_from if came_from.startswith(request.host_url) else "/"


def is_own_path(target: str | None) -> bool:
    """Whether it is safe to send the browser there: a path of this very site.

    Browsers read a backslash as a slash and drop tabs and line breaks, so that
    `/\\evil` and `/<tab>/evil` would lead away.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return False
    return "\\" not in target and all(ord(letter) > 32 and ord(letter) != 127 for letter in target)


def _say_what_is_delayed() -> None:
    """What was done is kept; what a job was to do for it comes later."""
    if g.pop("is_delayed", False):
        flash(_("Saved. Others will be told of it a little later than usual."), "warning")


def _toasts() -> str:
    """The messages that wait, for htmx to put where messages stand."""
    if not get_flashed_messages(with_categories=True):
        return ""
    return render_template("layouts/_toasts.html")
