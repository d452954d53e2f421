"""What nobody will ask for again is forgotten, at night."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, tuple_

from portal import clock
from portal.accounts.credentials import ApiToken, HalfLogin
from portal.accounts.models import AccountToken, AddressChange, Session
from portal.accounts.viewing import stop_those_over
from portal.bulk.models import BulkOperation
from portal.events.models import Delivery, DeliveryState
from portal.extensions import db
from portal.organizations.models import Invitation
from portal.rules import trials
from portal.rules.models import MomentState, RuleMoment, RuleRun, RuleTrace
from portal.rules.traces import KEPT
from portal.settings.models import Tick
from portal.tickets.once import forget_old

BATCH = 5_000  # deliveries of one transaction


def tidy() -> None:
    """Forget what is over. Each kind on its own: what one has forgotten, the next cannot bring back."""
    for forget in (
        _ticks,
        _tokens,
        _api_tokens,
        _sessions,
        _address_changes,
        _invitations,
        _forms,
        _bulk_operations,
        _deliveries,
        _traces,
        trials.forget_old,
    ):
        forget()
        db.session.commit()


def _ticks() -> None:
    db.session.execute(delete(Tick).where(Tick.due_at < clock.now() - timedelta(days=2)))


def _tokens() -> None:
    over = or_(AccountToken.expires_at < clock.now(), AccountToken.used_at.is_not(None))
    db.session.execute(delete(AccountToken).where(over))


def _sessions() -> None:
    stop_those_over()
    for kind in (Session, HalfLogin):
        db.session.execute(delete(kind).where(kind.expires_at < clock.now()))


def _api_tokens() -> None:
    """Some weeks after their end: until then their owner sees why a program is let in no more."""
    over = delete(ApiToken).where(ApiToken.expires_at < clock.now() - timedelta(days=30))
    db.session.execute(over)


def _address_changes() -> None:
    over = or_(AddressChange.expires_at < clock.now(), AddressChange.ended_at.is_not(None))
    db.session.execute(delete(AddressChange).where(over))


def _invitations() -> None:
    """Some weeks after their end: until then whoever sent one can send it again."""
    db.session.execute(delete(Invitation).where(Invitation.expires_at < clock.now() - timedelta(days=30)))


def _forms() -> None:
    forget_old(clock.now() - timedelta(hours=48))


def _bulk_operations() -> None:
    """What came of them is in the tickets' own history."""
    month_ago = clock.now() - timedelta(days=30)
    db.session.execute(delete(BulkOperation).where(BulkOperation.created_at < month_ago))


def _deliveries() -> None:
    """Those that are done, a batch at a time: there are as many as there are events."""
    week_ago = clock.now() - timedelta(days=7)
    key = (Delivery.event_id, Delivery.reaction)
    oldest = (
        select(*key)
        .where(Delivery.state == DeliveryState.DONE, Delivery.available_at < week_ago)
        .order_by(*key)
        .limit(BATCH)
    )
    forgotten = delete(Delivery).where(tuple_(*key).in_(oldest)).returning(Delivery.event_id)
    while len(db.session.scalars(forgotten).all()) == BATCH:
        db.session.commit()


def _traces() -> None:
    """What rules answered, and in which chains they have run: of both there is a day's worth to forget."""
    long_ago = clock.now() - KEPT
    for kept in (RuleTrace, RuleRun):
        db.session.execute(delete(kept).where(kept.created_at < long_ago))
    over = RuleMoment.state == MomentState.DONE
    db.session.execute(delete(RuleMoment).where(over, RuleMoment.due_at < long_ago))
