"""The inbox: tickets that wait for somebody to decide what becomes of them."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from portal.filters.fields import Columns
from portal.tickets.lists import is_open


def is_in_inbox(tickets: Columns, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Open, decided on by nobody, and not put off. It says what the inbox's index says, so that that fits."""
    is_awake = or_(tickets.snoozed_until.is_(None), tickets.snoozed_until <= now)
    return _is_undecided(tickets) & is_awake & ~tickets.snoozed_for_answer


def is_put_off(tickets: Columns, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """It comes back into the inbox at some time, or when its requester answers."""
    return _is_undecided(tickets) & or_(tickets.snoozed_for_answer, tickets.snoozed_until > now)


def _is_undecided(tickets: Columns) -> ColumnElement[bool]:
    return tickets.inbox_since.is_not(None) & is_open(tickets)
