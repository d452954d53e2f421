"""What rings somebody's bell, and what they have said is not to."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, all_, literal

from portal.accounts.models import User
from portal.events.kinds import Kind

MENTIONED = "mentioned"  # by what somebody says, whatever that is; no event is of this kind
# What is worth a notification, in the words of the account page; the rest stands in the timeline.
OCCASIONS: dict[str, Any] = {
    MENTIONED: _l("Somebody mentions me with @ and my name"),
    Kind.COMMENT_ADDED: _l("Somebody answers"),
    Kind.NOTE_ADDED: _l("A colleague writes an internal note"),
    Kind.STATUS_CHANGED: _l("The status changes"),
    Kind.TICKET_ASSIGNED: _l("Somebody else is to answer, or I am"),
    Kind.TICKET_SUBMITTED: _l("Something is asked for on my behalf"),
    Kind.PARTICIPANT_ADDED: _l("I am to take part"),
    Kind.TICKET_MOVED: _l("It moves to another project"),
    Kind.TICKET_MERGED: _l("It is merged into another ticket"),
    Kind.TICKET_UNMERGED: _l("It is a ticket of its own again"),
    Kind.TICKET_DECLINED: _l("It is declined"),
    Kind.TICKET_WITHDRAWN: _l("It is withdrawn"),
    Kind.SLA_WARNED: _l("What was promised is due soon"),
    Kind.SLA_BREACHED: _l("What was promised is late"),
    Kind.PEOPLE_TOLD: _l("A rule points me to a ticket"),
    Kind.RULE_PAUSED: _l("A rule of mine is paused"),
}
FOR_STAFF = frozenset(
    {Kind.NOTE_ADDED, Kind.SLA_WARNED, Kind.SLA_BREACHED, Kind.PEOPLE_TOLD, Kind.RULE_PAUSED}
)


def occasions_of(user: User) -> list[str]:
    """What can ring this person's bell at all."""
    return [str(kind) for kind in OCCASIONS if user.is_staff or kind not in FOR_STAFF]


def wants(kind: str) -> ColumnElement[bool]:
    """The people who have not said that it is not to ring their bell."""
    return literal(kind) != all_(User.quiet_about)
