"""Where a file is to go, as an address or a form names it. Knows the web, as views do."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import abort

from portal.accounts.models import User
from portal.tickets.models import Ticket
from portal.tickets.policy import Verb, refuse_readers, refuse_spam
from portal.tickets.queries import Moved, get_ticket_or_404, get_work_or_404

NEW = "new"  # a request that is about to be sent
_SCOPE = re.compile(r"([A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,17}):(reply|note)\Z")


@dataclass(frozen=True)
class Place:
    """For `actions.announce`: the draft, or the ticket itself; and the ticket that is spoken of, if any."""

    draft: str | None
    ticket: Ticket | None
    is_internal: bool = False


def place_of(scope: str, *, user: User) -> Place:
    """What a form calls its draft: `ticket:new`, `IT-7:reply`, `IT-7:note`.

    A ticket is named by its id from then on, for it may get another key. Aborts with 404 for
    what this user does not see; raises NotAllowed where they only read.
    """
    if scope == "ticket:new":
        return Place(NEW, None)
    if not (named := _SCOPE.match(scope)):
        abort(404)
    key, kind = named.groups()
    if kind == "note":
        return Place(draft_of(_by_any_key(get_work_or_404, key, user), kind), None, is_internal=True)
    return Place(draft_of(_ticket_to_write_on(key, user), kind), None)


def place_on(key: str, *, user: User) -> Place:
    """The ticket itself."""
    return Place(None, _ticket_to_write_on(key, user))


def draft_of(ticket: Ticket, kind: str) -> str:
    """How files are called that somebody is about to send with a `reply` or a `note` on this ticket."""
    return f"{ticket.id}:{kind}"


def _ticket_to_write_on(key: str, user: User) -> Ticket:
    ticket = _by_any_key(get_ticket_or_404, key, user)
    refuse_readers(user, Verb.REPLY, ticket)
    return ticket


def _by_any_key(load: Callable[..., Ticket], key: str, user: User) -> Ticket:
    """A page that stood open while its ticket was moved names it by the key that it had then. Nothing is
    sent to spam: raises DomainError."""
    try:
        ticket = load(key, seen_by=user)
    except Moved as moved:
        ticket = load(moved.key, seen_by=user)
    refuse_spam(ticket)
    return ticket
