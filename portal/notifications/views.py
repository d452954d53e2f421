"""The bell, and the page behind it."""

from flask import Blueprint, render_template, request, url_for

from portal.extensions import db
from portal.notifications import actions
from portal.notifications.queries import notification_page
from portal.permissions import for_members
from portal.web.htmx import VARY, done, render
from portal.web.session import me

bp = Blueprint("notifications", __name__, url_prefix="/notifications")
PAGE, LIST = "notifications/index.html", "notifications/_list.html"


@bp.get("")
@for_members
def index():
    return render(PAGE, LIST, page=notification_page(me(), cursor=request.args.get("page")))


@bp.get("/bell")
@for_members
def panel():
    """The bell with its count, for a page that heard of news."""
    return render_template("layouts/_bell.html"), 200, VARY


@bp.post("/read")
@for_members
def read_all():
    actions.read_all(me())
    db.session.commit()
    return done(url_for(".index"), LIST, page=notification_page(me(), cursor=None))
