"""What the placeholders stand for, at a ticket and in an example."""

from flask_babel import force_locale, format_date
from flask_babel import gettext as _

from portal import clock
from portal.accounts.absence import today_of
from portal.accounts.models import User
from portal.canned.placeholders import fill
from portal.outbox_mail.actions import link
from portal.settings.cache import site
from portal.tickets.models import Ticket


def fill_for(text: str, ticket: Ticket, *, agent: User) -> str:
    """The text as this agent would write it on this ticket."""
    return fill(text, _values_of(ticket, agent))


def fill_example(text: str, *, agent: User) -> str:
    """The same with the values of a ticket that there is not."""
    return fill(text, _example(agent))


def _values_of(ticket: Ticket, agent: User) -> dict[str, str]:
    """What the requester reads is in their language: the status, and the day."""
    requester = ticket.requester
    with force_locale(site().spoken(requester.locale)):
        status, today = ticket.status.label, format_date(today_of(requester), "medium")
    return {
        "ticket.key": ticket.key,
        "ticket.title": ticket.title,
        "ticket.status": status,
        "ticket.project": ticket.project.name,
        "ticket.url": link(f"/tickets/{ticket.key}"),
        "requester.name": requester.name,
        "requester.first_name": _first(requester.name),
        **_of_desk(agent),
        "today": today,
    }


def _example(agent: User) -> dict[str, str]:
    name = _("Ann Example")
    return {
        "ticket.key": "IT-1042",
        "ticket.title": _("The printer on the second floor is stuck"),
        "ticket.status": _("In progress"),
        "ticket.project": _("IT support"),
        "ticket.url": link("/tickets/IT-1042"),
        "requester.name": name,
        "requester.first_name": _first(name),
        **_of_desk(agent),
        "today": format_date(clock.now().date(), "medium"),
    }


def _of_desk(agent: User) -> dict[str, str]:
    return {
        "agent.name": agent.name,
        "agent.first_name": _first(agent.name),
        "desk.name": site().name,
    }


def _first(name: str) -> str:
    return (name.split(maxsplit=1) or [""])[0]
