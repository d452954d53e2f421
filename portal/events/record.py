from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from portal import clock
from portal.events.following import following
from portal.events.kinds import WHO_SEES, Kind
from portal.events.models import Delivery, Event
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.tickets.models import Ticket

_cause: ContextVar[Event | None] = ContextVar("cause", default=None)
_rule: ContextVar[dict[str, Any] | None] = ContextVar("rule", default=None)
_address: ContextVar[str | None] = ContextVar("address", default=None)


def asked_from(address: str | None) -> None:
    """From now on what is recorded came from that network address; None where nobody asks from anywhere."""
    _address.set(address[:64] if address else None)


def record(
    kind: Kind,
    *,
    actor: "User | None",
    ticket: "Ticket | None" = None,
    public: bool = True,
    **data: object,
) -> Event:
    """Say that something happened. This is the only way history is written.

    Call it inside the transaction that makes the change, so that the change,
    its history and what is to follow are kept or lost together; the event has
    its id from the next flush on. Whoever
    changes a ticket holds its row (`to_change=True`), so that the ids of its
    events are in the order of their commits. An event without a ticket is the
    audit trail's alone: nothing follows it. What a rule does names the rule, not the `actor` by
    whose rights it does so.
    """
    cause, rule = _cause.get(), _rule.get()
    if rule is not None:
        actor, data = None, data | {"rule": rule}
    event = Event(
        kind=kind,
        ticket_id=ticket.id if ticket else None,
        actor_id=actor.id if actor else None,
        cause_id=cause.id if cause else None,
        depth=cause.depth + 1 if cause else 0,
        is_public=public,
        address=_address.get() if ticket is None or kind in WHO_SEES else None,
        data=data,
        created_at=clock.now(),
    )
    if ticket is not None:
        event.ticket = ticket
        if kind.is_change:
            ticket.version += 1
            event.data = data | {"version": ticket.version}
    db.session.add(event)
    if ticket is not None:
        _let_follow(event)
    return event


def record_past(kind: Kind, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write many events of one kind that happened before the desk knew of them; nothing follows them.

    For tickets that are taken over from elsewhere: whoever makes those fills what
    reactions would. Each entry has ticket_id, actor_id, created_at and data.
    """
    rows = [{"kind": kind, "depth": 0, "is_public": True, **entry} for entry in entries]
    if rows:
        db.session.execute(insert(Event), rows)


@contextmanager
def caused_by(event: Event) -> Iterator[None]:
    """Mark whatever is recorded inside as a consequence of `event`."""
    token = _cause.set(event)
    try:
        yield
    finally:
        _cause.reset(token)


@contextmanager
def done_by_rule(rule_id: int, name: str) -> Iterator[None]:
    """Let whatever is recorded inside be what this automation rule has done."""
    token = _rule.set({"id": rule_id, "label": name})
    try:
        yield
    finally:
        _rule.reset(token)


def _let_follow(event: Event) -> None:
    for reaction in following.at_once:
        reaction(event)
    db.session.add_all(
        Delivery(event=event, ticket_id=event.ticket_id, reaction=name) for name in following.owed(event)
    )
    enqueue_after_commit("jobs.events.react", queue="urgent")
