"""A worker that is killed in the middle of many tickets."""

import pytest
from sqlalchemy import func, select, update

from portal import clock
from portal.bulk import actions
from portal.bulk.acts import ACTS
from portal.bulk.models import BulkOperation, State
from portal.bulk.queries import Chosen
from portal.extensions import db
from portal.tickets.models import Comment, Ticket
from tests import factories as make
from tests.faults.workers import kill, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


def operation():
    return db.session.scalars(select(BulkOperation).execution_options(populate_existing=True)).one()


def test_f09_a_bulk_change_goes_on_after_kill_9_and_no_ticket_is_changed_twice(
    shared_app, redis, start, monkeypatch
):
    """The worker waits for the fourth ticket, which this test holds, when it dies."""
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    petra, world = make.agent(), make.desk()
    tickets = [make.ticket(project=world) for _ in range(8)]
    db.session.commit()
    chosen = Chosen.by_keys(petra, [ticket.key for ticket in tickets])
    actions.begin(chosen, ACTS["note"], {"body": "Exactly once."}, owner=petra)
    db.session.commit()
    with db.engine.connect() as holding:
        holding.execute(select(Ticket.id).where(Ticket.id == tickets[3].id).with_for_update())
        worker = start("worker")
        wait_until(lambda: operation().changed == 3, seconds=60)
        kill(worker)
    assert operation().state is State.RUNNING
    over = clock.now() - actions.LEASE  # as it is a minute later
    db.session.execute(update(BulkOperation).values(lease_until=over))
    db.session.commit()

    start("worker")
    wait_until(lambda: operation().state is State.DONE, seconds=90)

    assert (operation().changed, operation().refused) == (8, 0)
    notes = select(Comment.ticket_id, func.count()).group_by(Comment.ticket_id)
    assert dict(db.session.execute(notes).all()) == {ticket.id: 1 for ticket in tickets}
