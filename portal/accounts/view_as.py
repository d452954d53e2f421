"""The way back for an admin who sees the desk as somebody else; the way in stands on that person's page."""

from flask import flash, redirect, url_for
from flask_babel import gettext as _

from portal.accounts.blueprint import bp
from portal.permissions import for_members
from portal.web.session import me, stop_viewing


@bp.post("/view-as/stop", endpoint="stop_viewing")
@for_members
def stop():
    """Where that is over already, there is nothing to stop."""
    person = me()
    if person.viewed_by is None:
        return redirect(url_for("home.index"), 303)
    stop_viewing(person, by="button")
    flash(_("You see the desk as yourself again."), "success")
    return redirect(url_for("admin.person", user_id=person.id), 303)
