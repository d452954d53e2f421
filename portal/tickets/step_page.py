"""When a step needs its page, and where that is."""

from flask import url_for

from portal.lifecycles.models import Status
from portal.tickets.models import Ticket, WaitingFor
from portal.tickets.steps import is_theirs, lacking
from portal.web.session import me


def is_asked_for_more(ticket: Ticket, status: Status) -> bool:
    """Whether the step to that status, if it is theirs to take, asks for what the ticket does not have."""
    step = next((step for step in ticket.status.steps if step.to_status_id == status.id), None)
    return step is not None and is_theirs(ticket, step, me()) and bool(lacking(ticket, step))


def way_of_step(ticket: Ticket, status: Status, reason: WaitingFor | None) -> str:
    waiting_for = reason.value if reason else None
    return url_for("tickets.take_step", key=ticket.key, status_id=status.id, waiting_for=waiting_for)
