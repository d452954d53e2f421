"""Beginning, cancelling and undoing an operation. Nothing here commits.

Beginning one only notes its tickets: `portal.bulk.work` changes them, one by one.
"""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert

from portal import clock
from portal.accounts.models import User
from portal.bulk.acts import ACTS, Act, What
from portal.bulk.models import OVER, BulkItem, BulkOperation, State
from portal.bulk.queries import MOST, Chosen, items_of, number_of_items, running_of
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit

AT_ONCE = 50  # tickets that are changed within the request; more are left to a worker
LEASE = timedelta(seconds=60)  # longer than a ticket takes: its row may be waited for
UNDO = timedelta(minutes=30)
RUNNING = 5  # operations of one person at the same time
JOB = "jobs.bulk.work"


def begin(chosen: Chosen, act: Act, what: What, *, owner: User) -> BulkOperation:
    """Note which tickets are to be changed, and how; what is few is then the request's own to work off.

    Raises DomainError where there are none, too many, or too many operations of theirs at work.
    """
    if running_of(owner) >= RUNNING:
        raise DomainError(_("Wait until one of your changes is done: %(max)d run already.", max=RUNNING))
    operation = BulkOperation(
        owner=owner, act=act.name, what=what, filter=chosen.filter, place=chosen.place, state=State.RUNNING
    )
    db.session.add(operation)
    db.session.flush()
    columns = ["operation_id", "ticket_id", "position", "outcome"]
    noted = insert(BulkItem).from_select(columns, items_of(operation.id, chosen), include_defaults=False)
    db.session.execute(noted)
    operation.total = number_of_items(operation.id)
    _refuse_number(operation.total)
    told = _told(operation) | {"tickets": operation.total, "value": what.get("label")}
    began = record(Kind.BULK_BEGAN, actor=owner, **told | ({"asked": chosen.filter} if chosen.filter else {}))
    db.session.flush()
    operation.event_id = began.id
    _hand_over(operation, operation.total)
    return operation


def cancel(operation: BulkOperation, *, actor: User) -> None:
    """Change no further ticket; those that were changed can be undone. What is over stays as it is."""
    if operation.state is not State.RUNNING:
        return
    finish(operation, State.CANCELLED)
    record(Kind.BULK_CANCELLED, actor=actor, **_told(operation))


def begin_undo(operation: BulkOperation, *, actor: User) -> None:
    """Give its tickets back what they had. Undone already, or being so, it stays as it is.

    Raises DomainError for what has no undo, or not any more.
    """
    if operation.state in {State.UNDOING, State.UNDONE}:
        return
    if not ACTS[operation.act].has_undo:
        raise DomainError(str(ACTS[operation.act].no_undo))
    if operation.state not in OVER:
        raise DomainError(_("It is not done yet. Cancel it first."))
    if not operation.can_be_undone(clock.now()):
        minutes = int(UNDO.total_seconds()) // 60
        raise DomainError(
            _("This can be undone for %(minutes)d minutes only. Nothing was changed.", minutes=minutes)
        )
    began = record(Kind.BULK_UNDO_BEGAN, actor=actor, tickets=operation.changed, **_told(operation))
    db.session.flush()
    operation.undo_event_id, operation.state = began.id, State.UNDOING
    _hand_over(operation, operation.changed)


def finish(operation: BulkOperation, state: State) -> None:
    """It has come to its end; what it has changed can be undone from now on for half an hour. What it has
    written stands where it was written alone."""
    operation.state, operation.lease_until, operation.finished_at = state, None, clock.now()
    operation.what = {name: value for name, value in operation.what.items() if name != "body"}
    is_undoable = state in OVER and operation.changed and ACTS[operation.act].has_undo
    operation.undo_until = clock.now() + UNDO if is_undoable else None


def leave_to_worker(operation: BulkOperation) -> None:
    """Whoever was at it is so no more."""
    operation.lease_until = None
    enqueue_after_commit(JOB)


def new_lease() -> datetime:
    return clock.now() + LEASE


def _hand_over(operation: BulkOperation, number: int) -> None:
    """Few tickets are leased to this request, which may die all the same; then a worker finds them."""
    if number <= AT_ONCE:
        operation.lease_until = new_lease()
    else:
        leave_to_worker(operation)
    db.session.flush()


def _refuse_number(total: int) -> None:
    if not total:
        raise DomainError(_("None of these tickets is there for you to change. Select some of the list."))
    if total > MOST:
        raise DomainError(
            _("These are more than %(max)d tickets. Narrow the filter, and do it in parts.", max=MOST)
        )


def _told(operation: BulkOperation) -> dict[str, Any]:
    return {"operation": operation.public_id, "act": operation.act}
