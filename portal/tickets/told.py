"""How an event tells what a ticket is: {"id", "label"} each, with the labels of the moment."""

from typing import Any

from portal.lifecycles.models import Status
from portal.tickets.models import Ticket


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """What the ticket is now, field by field, as events keep it: {"id", "label"} each."""
    return {
        "title": told_as("title", ticket.title),
        "project": {"id": ticket.project_id, "label": ticket.project.key},
        "status": status_told(ticket.status),
        "priority": told_as("priority", ticket.priority),
        "type": told_as("type", ticket.type),
        "category": named(ticket.category),
        "team": named(ticket.team),
        "assignee": named(ticket.assignee),
        "requester": named(ticket.requester),
        "organization": named(ticket.organization),
        "rating": told_as("rating", ticket.rating),
        "spent": told_as("spent", ticket.minutes_spent),
    }


def named(thing: Any) -> dict[str, Any]:
    """A row as an event keeps it; a category under the name it is stored by."""
    if thing is None:
        return {"id": None, "label": None}
    return {"id": thing.id, "label": getattr(thing, "stored_name", None) or thing.name}


def status_told(status: Status) -> dict[str, Any]:
    return {"id": status.id, "label": status.stored_label, "name": status.name, "category": status.category}


def told_as(name: str, value: Any) -> dict[str, Any]:
    if name == "category":
        return named(value)
    return {"id": value, "label": value}
