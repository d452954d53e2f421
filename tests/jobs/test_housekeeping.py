"""What is over is forgotten; what is not stays."""

from datetime import timedelta

from sqlalchemy import func, select

from jobs import housekeeping
from jobs.events import react
from portal import clock
from portal.accounts import half_logins, moving
from portal.accounts.actions import open_session
from portal.accounts.credentials import HalfLogin
from portal.accounts.models import AccountToken, AddressChange, Purpose, Session
from portal.events.models import Delivery, DeliveryState, Event
from portal.extensions import db
from portal.organizations.models import Invitation, MembershipRole
from portal.settings.models import Tick
from portal.tickets import once
from portal.tickets.unsent import IdempotencyKey
from tests import factories as make


def ago(**time):
    return clock.travelling_to(clock.now() - timedelta(**time))


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def token(user, **values):
    defaults = {"purpose": Purpose.RESET, "email": user.email, "expires_at": clock.now() + timedelta(hours=1)}
    return make.make(AccountToken, user_id=user.id, **defaults | values)


def test_old_ticks_are_forgotten(app):
    for days in (0, 1, 3, 30):
        make.make(Tick, job="jobs.x", due_at=clock.now() - timedelta(days=days))

    housekeeping.tidy()

    assert count(Tick) == 2


def test_links_that_were_used_or_ran_out_are_forgotten(app):
    user = make.employee()
    token(user, token_digest="a")
    token(user, token_digest="b", used_at=clock.now())
    token(user, token_digest="c", expires_at=clock.now() - timedelta(minutes=1))

    housekeeping.tidy()

    assert list(db.session.scalars(select(AccountToken.token_digest))) == ["a"]


def test_invitations_are_forgotten_long_after_their_end(app):
    house = make.organization()
    lucia = make.member(house, MembershipRole.OWNER)
    for days in (0, 20, 40):
        with ago(days=days):
            make.invitation(house, lucia, f"{days}@example.org")

    housekeeping.tidy()

    left = set(db.session.scalars(select(Invitation.email)))
    assert left == {"0@example.org", "20@example.org"}


def test_sessions_that_ran_out_are_forgotten(app):
    user = make.employee()
    with ago(days=3):
        open_session(user)
    living, _ = open_session(user)

    housekeeping.tidy()

    assert list(db.session.scalars(select(Session.id))) == [living.id]


def test_log_ins_that_stayed_half_and_wishes_that_are_over_are_forgotten(app):
    user = make.employee()
    with ago(minutes=11):
        half_logins.begin(user, remember=False)
    half_logins.begin(user, remember=True)
    with ago(hours=25):
        moving.ask(user, "old@example.org")
    moving.ask(user, "cancelled@example.org")
    moving.ask(user, "living@example.org")

    housekeeping.tidy()

    assert list(db.session.scalars(select(HalfLogin.is_remembered))) == [True]
    assert list(db.session.scalars(select(AddressChange.new_email))) == ["living@example.org"]


def test_forms_sent_more_than_two_days_ago_are_forgotten(app):
    user = make.employee()
    with ago(hours=49):
        once.claim("old", user=user)
    with ago(hours=47):
        once.claim("new", user=user)

    housekeeping.tidy()

    assert list(db.session.scalars(select(IdempotencyKey.key))) == ["new"]


def test_deliveries_done_a_week_ago_are_forgotten_in_batches_and_events_never(world, monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    with ago(days=8):
        for _ in range(5):
            make.ticket()
        db.session.commit()
    make.ticket()
    db.session.commit()
    react()
    with ago(days=8):
        undone = make.ticket()
        db.session.commit()
    events = count(Event)

    housekeeping.tidy()

    left = {each.ticket_id: each.state for each in db.session.scalars(select(Delivery))}
    assert sorted(left.values()) == [DeliveryState.DONE, DeliveryState.DUE]
    assert left[undone.id] == DeliveryState.DUE
    assert count(Event) == events


def test_tidying_twice_is_as_good_as_once(world):
    user = make.employee()
    for hours in (49, 47):
        with ago(hours=hours):
            once.claim(f"{hours} hours ago", user=user)
    make.ticket()
    db.session.commit()

    def left():
        return [count(model) for model in (IdempotencyKey, Delivery, Event, Session)]

    housekeeping.tidy()
    after_once = left()
    housekeeping.tidy()

    assert after_once[0] == 1
    assert left() == after_once
