"""Working an operation off: one ticket in each transaction, with what became of it. Nothing here commits.

Whoever works has a lease. What a ticket was changed to, its outcome, the progress and the next lease
are kept together or lost together, so no ticket is changed twice, whoever dies when. A lease that ran
out is somebody who died in the middle: another one goes on with the next ticket.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import Row, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import NotFound

from portal.accounts.models import User
from portal.bulk.actions import finish, new_lease
from portal.bulk.acts import ACTS
from portal.bulk.models import BulkItem, BulkOperation, Outcome, State
from portal.bulk.queries import is_due, next_item
from portal.errors import DomainError
from portal.events.models import Event
from portal.events.record import caused_by
from portal.extensions import affected, db
from portal.leases import LeaseLost, oldest
from portal.tickets.models import Ticket
from portal.tickets.policy import Verb, may
from portal.tickets.queries import changed_since

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3  # then the ticket at which they died is left out


class Result(NamedTuple):
    outcome: Outcome
    reason: str | None = None
    before: dict[str, Any] | None = None
    version_after: int | None = None


def claim_next() -> BulkOperation | None:
    """Lease the oldest operation that nobody is at; commit before working on it."""
    operation = db.session.scalar(oldest(BulkOperation, is_due()))
    if operation is not None:
        operation.lease_until, operation.attempts = new_lease(), operation.attempts + 1
        db.session.flush()
    return operation


def do_next(operation_id: int, lease: datetime, *, refuse: str | None = None) -> datetime | None:
    """Change the next ticket, or give it back what it had, and note that: the lease of the next one, or
    None after the last. With a reason to `refuse` it, leave it as it is.

    Raises LeaseLost where it is not ours any more; what was changed is to be rolled back then.
    """
    operation = db.session.get_one(BulkOperation, operation_id, populate_existing=True)
    item = next_item(operation) if operation.is_at_work else None
    if item is None:
        _end(operation_id, lease)
        return None
    if operation.attempts > MAX_ATTEMPTS:
        refuse = _("It was left out, because the desk failed on it several times.")
    owner = db.session.get_one(User, operation.owner_id, populate_existing=True)
    result = _refused(operation, refuse) if refuse else _tried(operation, item, owner)
    return _note(operation_id, lease, item.ticket_id, result)


def _tried(operation: BulkOperation, item: Row, owner: User) -> Result:
    if not owner.is_active:
        return _refused(operation, _("Whoever began this does not work here any more."))
    try:
        if operation.state is State.UNDOING:
            return _given_back(operation, item, owner)
        return _changed(operation, item, owner)
    except NotFound:
        return _refused(operation, _("You do not see it any more."))
    except DomainError as error:
        return _refused(operation, str(error))


def _changed(operation: BulkOperation, item: Row, owner: User) -> Result:
    """Who may see it and work on it is asked now: much may have happened since it was chosen."""
    act, what = ACTS[operation.act], operation.what
    cause = _cause(operation.event_id)
    ticket = act.hold(item.key, what, by=owner)
    before, version = act.before(ticket), ticket.version
    with _failures_said(), db.session.begin_nested(), cause:
        act.apply(ticket, what, actor=owner)
        db.session.flush()
    if ticket.version == version and not act.counts_always:
        return Result(Outcome.UNCHANGED)
    return Result(Outcome.CHANGED, None, before, ticket.version)


def _given_back(operation: BulkOperation, item: Row, owner: User) -> Result:
    act = ACTS[operation.act]
    cause = _cause(operation.undo_event_id)
    ticket = act.hold_again(item.ticket_id, by=owner)
    if ticket.version != item.version_after:
        raise DomainError(_said_of_change(ticket, item.version_after, owner))
    with _failures_said(), db.session.begin_nested(), cause:
        act.restore(ticket, item.before, actor=owner)
        db.session.flush()
        if not may(owner, Verb.WORK, ticket, even_spam=True):
            raise DomainError(_("You do not work on it any more."))
    return Result(Outcome.UNDONE)


@contextmanager
def _failures_said() -> Iterator[None]:
    """What fails in a way that nobody foresaw stands in the log, and holds up no other ticket."""
    try:
        yield
    except (DomainError, NotFound, OperationalError):
        raise
    except Exception as error:
        log.exception("A ticket of a bulk operation failed")
        raise DomainError(_("That failed here. The administrators find why in the log.")) from error


def _said_of_change(ticket: Ticket, version: int, owner: User) -> str:
    """That it was changed since, and by whom, if they may know of that."""
    if not may(owner, Verb.SEE, ticket):
        return _("It was changed since.")
    actors = [change.actor for change in changed_since(ticket, version).values() if change.actor]
    if not actors:
        return _("It was changed since.")
    return _("%(name)s has changed it since.", name=actors[-1].name)


def _refused(operation: BulkOperation, reason: str) -> Result:
    is_undo = operation.state is State.UNDOING
    return Result(Outcome.KEPT if is_undo else Outcome.REFUSED, reason)


def _cause(event_id: int | None) -> AbstractContextManager[None]:
    """What is recorded inside is a consequence of that event, if it is there still."""
    event = db.session.get(Event, event_id) if event_id else None
    return caused_by(event) if event else nullcontext()


COUNTER = {
    Outcome.CHANGED: BulkOperation.changed,
    Outcome.UNCHANGED: BulkOperation.unchanged,
    Outcome.REFUSED: BulkOperation.refused,
    Outcome.UNDONE: BulkOperation.undone,
    Outcome.KEPT: BulkOperation.kept,
}


def _note(operation_id: int, lease: datetime, ticket_id: int, result: Result) -> datetime:
    """Say what became of the ticket, as long as that is ours to say."""
    counter, following = COUNTER[result.outcome], new_lease()
    values = {counter: counter + 1, BulkOperation.attempts: 0, BulkOperation.lease_until: following}
    ours = update(BulkOperation).where(*_is_ours(operation_id, lease))
    if not affected(db.session.execute(ours.values(values), execution_options=_AS_IT_IS)):
        raise LeaseLost
    became: dict[Any, Any] = {BulkItem.outcome: result.outcome, BulkItem.reason: result.reason}
    if result.before is not None:
        became |= {BulkItem.before: result.before, BulkItem.version_after: result.version_after}
    item = update(BulkItem).where(BulkItem.operation_id == operation_id, BulkItem.ticket_id == ticket_id)
    db.session.execute(item.values(became), execution_options=_AS_IT_IS)
    return following


_AS_IT_IS = {"synchronize_session": False}


def _is_ours(operation_id: int, lease: datetime) -> tuple[Any, ...]:
    return (
        BulkOperation.id == operation_id,
        BulkOperation.lease_until == lease,
        BulkOperation.state.in_((State.RUNNING, State.UNDOING)),
    )


def _end(operation_id: int, lease: datetime) -> None:
    held = select(BulkOperation).where(*_is_ours(operation_id, lease)).with_for_update()
    operation = db.session.scalar(held.execution_options(populate_existing=True))
    if operation is None:
        raise LeaseLost
    finish(operation, State.UNDONE if operation.state is State.UNDOING else State.DONE)
    db.session.flush()


def leave(operation_id: int, lease: datetime) -> BulkOperation | None:
    """The operation, held, if it is still ours to be left to another one."""
    held = select(BulkOperation).where(*_is_ours(operation_id, lease)).with_for_update()
    return db.session.scalar(held.execution_options(populate_existing=True))
