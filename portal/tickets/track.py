"""The way of a request as its requester sees it: received, in work, solved."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.lifecycles.models import Category
from portal.tickets.models import Outcome, Ticket, WaitingFor


@dataclass(frozen=True)
class Step:
    """`state` is past, here or next."""

    label: str
    state: str
    icon: str
    at: datetime | None = None


def steps(ticket: Ticket) -> list[Step]:
    """The steps behind, the one the request stands at, and those to come."""
    received = Step(_("Received"), "past", "check", ticket.created_at)
    if ticket.status_category == Category.NEW:
        return [
            Step(_("Received"), "here", "check", ticket.created_at),
            Step(_("In progress"), "next", "is-active"),
            Step(_("Solved"), "next", "is-done"),
        ]
    if ticket.outcome is not None:
        label = _("Withdrawn") if ticket.outcome == Outcome.WITHDRAWN else _("Declined")
        return [received, Step(label, "here", "is-done", ticket.closed_at)]
    if ticket.status_category == Category.DONE:
        return [
            received,
            Step(_("In progress"), "past", "check"),
            Step(_("Solved"), "here", "check", ticket.closed_at),
        ]
    if ticket.status_category == Category.WAITING:
        return [
            received,
            Step(_("In progress"), "past", "check"),
            _pause(ticket),
            Step(_("Solved"), "next", "is-done"),
        ]
    return [received, Step(_("In progress"), "here", "is-active"), Step(_("Solved"), "next", "is-done")]


def _pause(ticket: Ticket) -> Step:
    if ticket.waiting_for == WaitingFor.REQUESTER:
        return Step(_("Your answer"), "here", "reply")
    return Step(_("Waiting"), "here", "is-waiting")
