"""What is known of oneself, to take along."""

from flask import redirect, url_for

from portal.accounts.blueprint import bp
from portal.extensions import db
from portal.permissions import for_members
from portal.privacy import actions
from portal.privacy.files import hand_out
from portal.privacy.queries import job_or_404, latest_own_export
from portal.web.htmx import render
from portal.web.session import me


@bp.get("/account/export")
@for_members
def export():
    """The latest that one has asked for, or none yet; the page asks again while it is collected."""
    return render("privacy/export.html", "privacy/_own.html", job=latest_own_export(me()), is_own=True)


@bp.post("/account/export/begin")
@for_members
def begin_export():
    actions.ask_for_export(me(), actor=me())
    db.session.commit()
    return redirect(url_for(".export"), 303)


@bp.post("/account/export/cancel")
@for_members
def cancel_export():
    if own := latest_own_export(me()):
        actions.cancel(job_or_404(own.id, to_change=True), actor=me())
        db.session.commit()
    return redirect(url_for(".export"), 303)


@bp.get("/account/export/file")
@for_members
def export_file():
    return hand_out(latest_own_export(me()))
