"""The bell: what happened on one's tickets, until one has read it."""

from flask import Blueprint, render_template, request, url_for

from portal.extensions import db
from portal.notifications import actions
from portal.notifications.queries import notification_page
from portal.permissions import for_members
from portal.web.htmx import VARY, go_to, render
from portal.web.session import me

bp = Blueprint("notifications", __name__, url_prefix="/notifications")


@bp.get("")
@for_members
def index():
    page = notification_page(me(), cursor=request.args.get("page"))
    return render("notifications/index.html", "notifications/_list.html", page=page)


@bp.get("/bell")
@for_members
def panel():
    """The bell with its count, as the page's own; asked for when there is news."""
    return render_template("layouts/_bell.html"), 200, VARY


@bp.post("/read")
@for_members
def read_all():
    actions.read_all(me())
    db.session.commit()
    return go_to(url_for(".index"))
