"""Keeping the audit log as long as the settings say, at night."""

from datetime import timedelta

from portal import clock
from portal.events.kinds import Kind
from portal.events.record import record
from portal.events.retention import remove_audited
from portal.extensions import db
from portal.gateways.maintenance import as_owner
from portal.settings.queries import site_settings

BATCH = 5_000  # events of one transaction


def shorten() -> None:
    """Remove what is too old, as the database's owner; that it was removed stands in the log.

    Raises ProgrammingError where this worker does not know the owner: give it MAINTENANCE_DATABASE_URL.
    """
    days = site_settings().audit_days
    if not days:
        return
    before = clock.now() - timedelta(days=days)
    removed, last = 0, BATCH
    while last == BATCH:
        with as_owner() as connection:
            last = remove_audited(connection, before=before, at_most=BATCH)
        removed += last
    if removed:
        record(Kind.AUDIT_SHORTENED, actor=None, removed=removed, before=before.date().isoformat())
        db.session.commit()
