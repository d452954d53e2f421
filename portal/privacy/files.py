"""Handing an export out. Knows the web, as views do."""

from flask import abort, redirect

from portal import clock
from portal.accounts.models import about
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.storage import storage
from portal.privacy.models import PersonJob
from portal.web.session import me


def hand_out(job: PersonJob | None):
    """To the store, which hands it out for a minute; that somebody fetched it stands in the audit log."""
    if job is None or job.result_key is None or (job.expires_at and job.expires_at < clock.now()):
        abort(404)
    record(Kind.EXPORT_FETCHED, actor=me(), **about(job.person))
    db.session.commit()
    day = job.created_at.date().isoformat()
    return redirect(storage().link(job.result_key, name=f"{job.person.name} {day}.zip"), 303)
