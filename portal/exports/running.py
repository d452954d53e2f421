"""Writing an export under a lease, which tells a worker at work from one that died. It commits as it goes on.

A worker that takes over begins anew: the file was on the disk of the one that died.
"""

import logging
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta

from flask_babel import force_locale
from sqlalchemy import select, update

from portal import clock
from portal.desk.queues import Desk
from portal.exports import actions
from portal.exports.models import ExportState, TicketExport
from portal.exports.queries import is_due
from portal.exports.rows import BATCH, MOST, STABLE, Cell, header, number, rows
from portal.exports.writing import write
from portal.extensions import affected, db
from portal.filters import FilterError
from portal.gateways.storage import StorageAway, storage
from portal.leases import LeaseLost, oldest
from portal.permissions import Permission
from portal.settings.cache import site

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)  # longer than a batch takes, or sending the file
MAX_ATTEMPTS = 5
KEPT = timedelta(days=2)  # a file
Claim = tuple[int, int]  # of which export, and which try


class TooMany(Exception):
    """They fit into no sheet."""


def claim_next() -> TicketExport | None:
    """Lease the oldest that nobody is at; commit before working on it. Tried too often, it is given up."""
    while export := db.session.scalar(oldest(TicketExport, is_due())):
        if export.attempts < MAX_ATTEMPTS:
            export.state, export.lease_until = ExportState.RUNNING, clock.now() + LEASE
            export.attempts += 1
            db.session.flush()
            return export
        fail(export, export.error or "died")
        db.session.flush()
    return None


def fail(export: TicketExport, error: str) -> None:
    export.state, export.lease_until, export.error = ExportState.FAILED, None, error[:500]
    export.finished_at = clock.now()


def work_on(export: TicketExport) -> None:
    """What fails is tried again later; what cannot succeed any more is not."""
    claim = (export.id, export.attempts)
    try:
        with force_locale(site().spoken(export.owner.locale)):
            _write(export, claim)
    except LeaseLost:
        db.session.rollback()
    except FilterError:
        _note_failure(claim, "filter", is_final=True)
    except TooMany:
        _note_failure(claim, "many", is_final=True)
    except PermissionError:
        _note_failure(claim, "permission", is_final=True)
    except Exception as error:
        log.exception("The export %s failed", claim[0])
        _note_failure(claim, "storage" if isinstance(error, StorageAway) else type(error).__name__)


def _write(export: TicketExport, claim: Claim) -> None:
    owner, form, text = export.owner, export.format, export.filter
    if not owner.is_active or not owner.may(Permission.TICKET_WORK):
        raise PermissionError
    desk = Desk.of(owner)
    tree = desk.read(text)
    total = number(desk, tree, MOST + 1)
    if total > MOST:
        raise TooMany
    _progress(claim, done=0, total=total)
    key = f"exports/{secrets.token_urlsafe(32)}.{form}"
    with tempfile.TemporaryFile() as file:
        counted = _Counted(rows(desk, tree, STABLE), claim)
        write(file, form, header(owner), counted)
        size = file.tell()
        file.seek(0)
        _progress(claim, done=counted.number)
        storage().keep(key, file, size=size, kind=form.kind)
    _end(claim, key, size, counted.number)
    actions.told(text, form, counted.number, actor=owner)
    db.session.commit()


class _Counted:
    """The rows as they are; after each batch it is noted how far it is."""

    def __init__(self, some: Iterable[list[Cell]], claim: Claim) -> None:
        self._some, self._claim, self.number = some, claim, 0

    def __iter__(self) -> Iterator[list[Cell]]:
        for row in self._some:
            self.number += 1
            yield row
            if self.number % BATCH == 0:
                _progress(self._claim, done=self.number)


def _end(claim: Claim, key: str, size: int, tickets: int) -> None:
    """The file is the owner's, unless they do not want it any more."""
    now = clock.now()
    ending = {"state": ExportState.DONE, "lease_until": None, "finished_at": now, "error": None}
    result = {"result_key": key, "result_size": size, "expires_at": now + KEPT}
    if not _note(claim, done=tickets, total=tickets, **ending, **result):
        storage().forget(key)
        raise LeaseLost


def _progress(claim: Claim, **values: object) -> None:
    """Note how far it is. Raises LeaseLost."""
    if not _note(claim, lease_until=clock.now() + LEASE, **values):
        raise LeaseLost


def _note(claim: Claim, **values: object) -> bool:
    """Write it down, if it is still ours."""
    export_id, attempts = claim
    ours = (
        TicketExport.id == export_id,
        TicketExport.attempts == attempts,
        TicketExport.state == ExportState.RUNNING,
    )
    noted = affected(db.session.execute(update(TicketExport).where(*ours).values(**values))) == 1
    db.session.commit()
    return noted


def _note_failure(claim: Claim, error: str, *, is_final: bool = False) -> None:
    db.session.rollback()
    export = db.session.get(TicketExport, claim[0], with_for_update=True, populate_existing=True)
    if export and export.is_open and export.attempts == claim[1]:
        if is_final or export.attempts >= MAX_ATTEMPTS:
            fail(export, error)
        else:
            export.error, export.lease_until = error, clock.now() + timedelta(seconds=20 * export.attempts)
    db.session.commit()


def forget_old() -> None:
    """Remove the files that have been there long enough. One that cannot be removed now is tried again."""
    over = select(TicketExport).where(
        TicketExport.result_key.is_not(None), TicketExport.expires_at < clock.now()
    )
    for export in db.session.scalars(over.limit(500)).all():
        storage().forget(str(export.result_key))
        export.result_key = None
        db.session.commit()
