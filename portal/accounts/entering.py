from flask import redirect, request
from flask_login import current_user

from portal.accounts import actions
from portal.extensions import db
from portal.web.htmx import is_own_path
from portal.web.session import log_in, me


def enter(user, *, remember=False, target=None):
    if current_user.is_authenticated:
        actions.log_out(me(), me().session_token)
    log_in(user, remember=remember)
    actions.note_login(user, address=request.remote_addr or "")
    db.session.commit()
    return redirect(target if target and is_own_path(target) else "/", 303)
