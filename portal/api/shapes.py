"""How programs see things: as JSON, under names that do not change with the language."""

from datetime import datetime
from typing import Any

from flask import current_app, url_for
from sqlalchemy import Row

from portal.accounts.credentials import ApiToken
from portal.accounts.models import User
from portal.api.queries import Comments
from portal.tickets.links import Linked
from portal.tickets.lists import SEPARATOR
from portal.tickets.models import Comment, Ticket
from portal.tickets.tag_lists import names_of
from portal.tickets.vocabulary import Vocabulary


def of_person(user: User, token: ApiToken) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "role": user.role.value,
        "locale": user.locale,
        "timezone": user.timezone,
        "token": {"name": token.name, "scopes": token.scopes, "expires_at": moment(token.expires_at)},
    }


def of_row(row: Row, known: Vocabulary) -> dict[str, Any]:
    """A ticket as lists show it."""
    statuses = {one.id: one.name for one in known.statuses}
    projects = {one.id: one.name for one in known.projects}
    return {
        "key": row.key,
        "title": row.title,
        "type": row.kind.value,
        "priority": row.priority.value,
        "status": {"name": statuses.get(row.status_id), "category": row.status_category.value},
        "waiting_for": _value(row.waiting_for),
        "project": projects.get(row.project_id),
        "category": row.category_name,
        "team": row.team_name,
        "requester": row.requester_name,
        "assignee": row.assignee_name,
        "is_confidential": row.is_confidential,
        "tags": row.tags.split(SEPARATOR) if row.tags else [],
        "due_at": moment(row.due_at),
        "reply_count": row.reply_count,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "url": page_of(row.key),
    }


def of_ticket(ticket: Ticket, comments: Comments, links: list[Linked], *, works: bool) -> dict[str, Any]:
    """A ticket whole. Its description and the comments are Markdown, as people wrote them.

    Tags, due date and triage are told to who works on it, and to nobody else.
    """
    return {
        "key": ticket.key,
        "title": ticket.title,
        "description": ticket.description,
        "type": ticket.type.value,
        "priority": ticket.priority.value,
        "status": {"name": ticket.status.name, "category": ticket.status_category.value},
        "waiting_for": _value(ticket.waiting_for),
        "project": ticket.project.key,
        "category": ticket.category.stored_name if ticket.category else None,
        "organization": _name(ticket.organization),
        "team": _name(ticket.team),
        "requester": ticket.requester.name,
        "assignee": _name(ticket.assignee),
        "is_confidential": ticket.is_confidential,
        "tags": names_of(ticket) if works else [],
        "due_at": moment(ticket.due_at) if works else None,
        "triage": _triage(ticket) if works else None,
        "outcome": _value(ticket.outcome),
        "is_spam": ticket.is_spam,
        "version": ticket.version,
        "reply_count": ticket.reply_count,
        "created_at": moment(ticket.created_at),
        "updated_at": moment(ticket.updated_at),
        "closed_at": moment(ticket.closed_at),
        "url": page_of(ticket.key),
        "links": [of_link(linked) for linked in links],
        "comments": [of_comment(comment) for comment in comments.rows],
        "has_earlier_comments": comments.has_earlier,
    }


def _triage(ticket: Ticket) -> dict[str, Any] | None:
    """Since when it has waited for somebody to decide what becomes of it, and whether that is put off."""
    if not ticket.is_undecided:
        return None
    until = ticket.snoozed_until if ticket.is_snoozed else None
    return {
        "since": moment(ticket.inbox_since),
        "is_snoozed": ticket.is_snoozed,
        "snoozed_until": moment(until),
    }


def of_link(linked: Linked) -> dict[str, Any]:
    """What the ticket that was asked for is to the other one, which is named here."""
    return {
        "id": linked.id,
        "relation": linked.relation.value,
        "key": linked.key,
        "title": linked.title,
        "status": {"name": linked.status.name, "category": linked.status.category.value},
        "url": page_of(linked.key),
    }


def of_comment(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.public_id,
        "author": comment.author.name,
        "body": comment.body,
        "is_internal": comment.is_internal,
        "mentions": [user.name for user in comment.mentioned],
        "created_at": moment(comment.created_at),
    }


def moment(at: datetime | None) -> str | None:
    """RFC 3339, with its zone."""
    return at.isoformat(timespec="seconds") if at else None


def page_of(key: str) -> str:
    """Where people see the ticket; from PUBLIC_URL, as everything that leaves the desk."""
    return current_app.config["DESK"].public_url + url_for("tickets.show", key=key)


def _name(thing: Any) -> str | None:
    return thing.name if thing else None


def _value(member: Any) -> str | None:
    return member.value if member else None
