"""Showing events to the reactions that follow afterwards, until each has worked."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased

from portal import clock
from portal.events.following import following
from portal.events.models import Delivery, DeliveryState
from portal.events.record import caused_by
from portal.extensions import db
from portal.leases import is_free

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=30)  # the row is locked while it is worked on: this bridges the moment before
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


def claim_next() -> Delivery | None:
    """Lease the oldest delivery that is due and that no other worker is at.

    Commit before delivering: the lease then outlives this worker's death.
    """
    due = (
        select(Delivery)
        .where(_is_due(), ~_waits_for_an_earlier_one())
        .order_by(Delivery.event_id, Delivery.reaction)
        .limit(1)
        .with_for_update(of=Delivery, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    while delivery := db.session.scalar(due):
        if delivery.lease_until is not None:
            _put_off(delivery, "The worker died in the middle.")
            db.session.flush()
            continue
        delivery.lease_until = clock.now() + LEASE
        db.session.flush()
        return delivery
    return None


def deliver(delivery: Delivery, *, leased_until: datetime | None) -> None:
    """Run the reaction once; what it changes and that it is done are kept together.

    A delivery whose lease went to another worker is left to that one. A lost
    database is nobody's failure: `OperationalError` is let through.
    """
    if not _is_still_ours(delivery, leased_until):
        return
    if delivery.event.ticket is not None:
        db.session.refresh(delivery.event.ticket, with_for_update=True)
    try:
        with db.session.begin_nested(), caused_by(delivery.event):
            following.afterwards[delivery.reaction](delivery.event)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("%s failed on event %s", delivery.reaction, delivery.event_id)
        _put_off(delivery, repr(error))
    else:
        delivery.state, delivery.lease_until = DeliveryState.DONE, None


def _is_due() -> ColumnElement[bool]:
    is_waiting = Delivery.state == DeliveryState.DUE
    return is_waiting & (Delivery.available_at <= clock.now()) & is_free(Delivery)


def _waits_for_an_earlier_one() -> ColumnElement[bool]:
    """Each reaction sees the events of one ticket in order; other reactions need not wait."""
    earlier = aliased(Delivery)
    return exists().where(
        earlier.ticket_id == Delivery.ticket_id,
        earlier.event_id < Delivery.event_id,
        earlier.reaction == Delivery.reaction,
        earlier.state == DeliveryState.DUE,
    )


def _is_still_ours(delivery: Delivery, leased_until: datetime | None) -> bool:
    ours = select(Delivery).where(
        Delivery.event_id == delivery.event_id,
        Delivery.reaction == delivery.reaction,
        Delivery.state == DeliveryState.DUE,
        Delivery.lease_until == leased_until,
    )
    locked = ours.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(locked) is not None


def _put_off(delivery: Delivery, error: str) -> None:
    """Try again later, each time twice as late; after the last try, wait for a person."""
    delivery.attempts += 1
    delivery.last_error = error[:2000]
    delivery.lease_until = None
    pause = min(FIRST_PAUSE * 2 ** (delivery.attempts - 1), LONGEST_PAUSE)
    delivery.available_at = clock.now() + pause
    if delivery.attempts >= MAX_ATTEMPTS:
        delivery.state = DeliveryState.FAILED
