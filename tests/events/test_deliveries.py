"""What follows an event afterwards: once, in order, in spite of failures and of two workers."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from jobs import events as job
from portal import clock
from portal.events import deliveries
from portal.events.deliveries import LEASE, MAX_ATTEMPTS, claim_next, deliver
from portal.events.following import following
from portal.events.kinds import Kind
from portal.events.models import Delivery, DeliveryState, Event
from portal.events.record import record
from portal.extensions import db
from portal.notifications.models import Notification
from portal.tickets import actions
from tests import factories as make


@pytest.fixture
def follow(monkeypatch):
    """Let only these reactions follow, under their names."""

    def only(*reactions):
        monkeypatch.setattr(following, "afterwards", {each.__name__: each for each in reactions})

    return only


@pytest.fixture
def later(monkeypatch):
    def wait(**time):
        then = clock.now() + timedelta(**time)
        monkeypatch.setattr(clock, "now", lambda: then)

    return wait


@pytest.fixture
def at_work():
    """Run a function in threads with an application context each; join them afterwards."""

    def start(app, *functions):
        def in_context(function):
            with app.app_context():
                function()

        threads = [Thread(target=in_context, args=[function]) for function in functions]
        for thread in threads:
            thread.start()
        return threads

    return start


class Seen(list):
    """A reaction that only notes what it was shown."""

    __name__ = "note"

    def __call__(self, event):
        self.append((event.ticket_id, event.id))


def broken(event):
    raise RuntimeError("no")


def all_deliveries():
    db.session.rollback()
    ordered = select(Delivery).order_by(Delivery.event_id, Delivery.reaction)
    return list(db.session.scalars(ordered))


def events_of(ticket):
    return list(db.session.scalars(select(Event.id).where(Event.ticket_id == ticket.id).order_by(Event.id)))


def assigned_ticket():
    ticket = make.ticket()
    actions.assign(ticket, make.agent(), actor=None)
    return ticket


def test_events_never_change(world, queue, statements):
    assigned_ticket()
    db.session.commit()

    queue.run()

    assert {each.state for each in all_deliveries()} == {DeliveryState.DONE}
    assert not [sql for sql in statements if sql.startswith(("UPDATE events", "DELETE FROM events"))]


def test_each_event_of_a_ticket_is_due_once_to_each_reaction(world, follow):
    follow(Seen(), broken)
    ticket = assigned_ticket()
    db.session.commit()

    owed = [(each.event_id, each.reaction) for each in all_deliveries()]

    assert owed == [(event, name) for event in events_of(ticket) for name in ("broken", "note")]


def test_a_reaction_that_says_beforehand_which_events_it_is_for_is_owed_those_alone(
    world, follow, monkeypatch
):
    follow(Seen(), broken)
    is_assigned = {"note": lambda event: event.kind == Kind.TICKET_ASSIGNED}
    monkeypatch.setattr(following, "only_if", is_assigned)
    submitted, assigned = events_of(assigned_ticket())
    db.session.commit()

    owed = [(each.event_id, each.reaction) for each in all_deliveries()]

    assert owed == [(submitted, "broken"), (assigned, "broken"), (assigned, "note")]


def test_a_hint_is_enqueued_after_the_commit(world, queue):
    make.ticket()
    assert queue.jobs == []

    db.session.commit()

    assert queue.jobs == [("jobs.events.react", ())]


def test_a_ticket_is_touched_at_once(world, later):
    ticket = make.ticket()
    later(hours=1)

    actions.assign(ticket, make.agent(), actor=None)

    assert ticket.updated_at == clock.now()


def test_a_failing_reaction_is_kept_and_does_not_silence_the_others(world, queue, follow):
    follow(broken, *following.afterwards.values())
    assigned_ticket()
    db.session.commit()

    queue.run()

    kept = next(each for each in all_deliveries() if each.reaction == "broken")
    assert (kept.state, kept.attempts, kept.lease_until) == (DeliveryState.DUE, 1, None)
    assert kept.last_error == "RuntimeError('no')"
    assert kept.available_at > clock.now()
    assert db.session.scalars(select(Notification)).all()


def test_after_its_last_try_a_delivery_stands_as_failed(world, follow, later):
    follow(broken)
    make.ticket()
    db.session.commit()

    for _ in range(MAX_ATTEMPTS + 2):
        job.react()
        later(hours=2)

    (failed,) = all_deliveries()
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, MAX_ATTEMPTS)


def test_each_pause_is_twice_as_long_as_the_one_before(world, follow, later):
    follow(broken)
    make.ticket()
    db.session.commit()

    pauses = []
    for _ in range(4):
        job.react()
        (delivery,) = all_deliveries()
        pauses.append(round((delivery.available_at - clock.now()).total_seconds()))
        later(hours=2)

    assert pauses == [5, 10, 20, 40]


def test_a_reaction_sees_the_events_of_a_ticket_in_order(world, follow, later):
    seen, is_down = [], [True]

    def picky(event):
        if is_down[0]:
            raise RuntimeError
        seen.append(event.id)

    follow(picky)
    ticket = assigned_ticket()
    db.session.commit()

    job.react()
    assert [each.attempts for each in all_deliveries()] == [1, 0]
    is_down[0] = False
    job.react()
    assert seen == []  # the first one's pause is not over
    later(minutes=1)
    job.react()

    assert seen == events_of(ticket)


def test_one_ticket_does_not_wait_for_another(world, follow):
    first = make.ticket()

    def picky(event):
        if event.ticket_id == first.id:
            raise RuntimeError

    follow(picky)
    make.make(Delivery, event_id=events_of(first)[0], ticket_id=first.id, reaction="picky")
    make.ticket()
    db.session.commit()

    job.react()

    states = {each.ticket_id == first.id: each.state for each in all_deliveries() if each.reaction == "picky"}
    assert states == {True: DeliveryState.DUE, False: DeliveryState.DONE}


def test_what_a_failing_reaction_wrote_is_lost_with_it(world, follow):
    def half(event):
        db.session.add(Notification(recipient_id=event.actor_id, event=event))
        db.session.flush()
        raise RuntimeError

    follow(half)
    make.ticket()
    db.session.commit()

    job.react()

    assert db.session.scalars(select(Notification)).all() == []


def test_what_a_reaction_does_names_its_cause(world, follow):
    def edit(event):
        if event.kind == Kind.TICKET_SUBMITTED:
            actions.edit(event.ticket, actor=None, title="Printer, no longer on fire")

    follow(edit)
    ticket = make.ticket()
    db.session.commit()

    job.react()

    submitted, edited = (db.session.get_one(Event, event_id) for event_id in events_of(ticket))
    assert (edited.cause_id, edited.depth) == (submitted.id, 1)


def test_nothing_follows_what_concerns_no_ticket(world):
    record(Kind.SETTINGS_EDITED, actor=make.admin(), changes={})
    db.session.commit()

    assert all_deliveries() == []


def test_a_lost_database_is_let_through_and_uses_up_no_try(world, follow):
    def lost(event):
        raise OperationalError("select", {}, Exception("gone"))

    follow(lost)
    make.ticket()
    db.session.commit()

    with pytest.raises(OperationalError):
        job.react()

    assert all_deliveries()[0].attempts == 0


def test_a_reaction_that_no_longer_exists_is_not_silently_skipped(world, follow):
    make.ticket()
    db.session.commit()
    names = {each.reaction for each in all_deliveries()}
    follow()

    job.react()

    assert names
    assert {each.last_error for each in all_deliveries()} == {f"KeyError({name!r})" for name in names}


def test_a_delivery_whose_lease_was_lost_is_left_alone(world, follow, later):
    seen = Seen()
    follow(seen)
    make.ticket()
    db.session.commit()
    slow = claim_next()
    its_lease = slow.lease_until
    db.session.commit()
    later(minutes=5)

    job.react()  # finds the dead worker's delivery, and puts it off
    deliver(slow, leased_until=its_lease)
    assert seen == []
    assert all_deliveries()[0].last_error == "The worker died in the middle."
    later(minutes=5)
    job.react()

    assert len(seen) == 1


def states():
    return {(each.event_id, each.reaction): each.state for each in all_deliveries()}


def test_a_missing_delivery_is_tolerated(world):
    make.ticket()
    db.session.commit()
    gone = claim_next()
    leased_until, key = gone.lease_until, (gone.event_id, gone.reaction)
    db.session.delete(gone)
    db.session.commit()
    before = states()

    deliver(gone, leased_until=leased_until)

    assert key not in before
    assert states() == before


def test_a_long_backlog_is_worked_off_by_several_jobs(world, queue, follow, monkeypatch):
    seen = Seen()
    follow(seen)
    monkeypatch.setattr(job, "SHIFT", 0.0)
    for _ in range(3):
        make.ticket()
    db.session.commit()

    queue.run_next()
    assert (len(seen), queue.jobs) == (1, [("jobs.events.react", ())])
    queue.run()

    assert len(seen) == 3


def test_the_lease_is_short_enough_for_work_to_go_on_within_two_minutes():
    sweeps_every = timedelta(seconds=20)

    assert LEASE + deliveries.FIRST_PAUSE + 3 * sweeps_every < timedelta(minutes=2)


def test_two_workers_at_once_deliver_once_and_in_order(shared_app, follow, at_work):
    seen, start = Seen(), Barrier(2)
    follow(seen)
    for ticket in [make.ticket() for _ in range(5)]:
        for agent in (make.agent(), make.agent(), make.agent()):
            actions.assign(ticket, agent, actor=None)
    db.session.commit()

    def work():
        start.wait()
        job.react()

    for worker in at_work(shared_app, work, work):
        worker.join(20)

    assert len(seen) == len(set(seen)) == 20
    assert db.session.scalar(select(func.count(Event.id)).where(Event.ticket_id.is_not(None))) == 20
    for ticket_id in {ticket_id for ticket_id, _ in seen}:
        ids = [event_id for of, event_id in seen if of == ticket_id]
        assert ids == sorted(ids)


def test_a_reaction_waits_for_whoever_changes_the_ticket(shared_app, follow, at_work):
    seen = Seen()
    follow(seen)
    ticket = make.ticket()
    db.session.commit()
    db.session.refresh(ticket, with_for_update=True)

    (worker,) = at_work(shared_app, job.react)
    worker.join(0.3)
    assert seen == []
    db.session.commit()
    worker.join(10)

    assert len(seen) == 1


def test_a_second_worker_does_not_wait_for_the_first(shared_app, follow, at_work):
    follow(broken)
    make.ticket()
    make.ticket()
    db.session.commit()
    first, claimed = claim_next().event_id, []  # not committed: its row is still locked

    (worker,) = at_work(shared_app, lambda: claimed.append(claim_next().event_id))
    worker.join(2)
    in_time = list(claimed)
    db.session.rollback()
    worker.join(10)

    assert in_time
    assert in_time != [first]
