"""Two people edit one ticket: what does not overlap is merged, what does is shown to the second."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.accounts.models import User
from portal.tickets.models import Ticket
from portal.tickets.queries import changed_since


@dataclass(frozen=True)
class Clash:
    """A field that both changed: what the person wants, and what another made of it."""

    field: str
    yours: Any
    theirs: Any
    actor: User | None
    at: datetime


@dataclass(frozen=True)
class Merge:
    values: dict[str, Any]  # what is to be set now
    clashes: list[Clash]  # what the person must decide first


def merge(ticket: Ticket, wanted: dict[str, Any], *, seen: int) -> Merge:
    """What the person changed in the ticket as they saw it, put on top of what it is now.

    `seen` is the version they saw. A field they did not touch keeps what others
    have set since; a field they and others set differently is a clash.
    """
    since = changed_since(ticket, seen) if seen < ticket.version else {}
    values, clashes = {}, []
    for name, value in wanted.items():
        if name not in since:
            values[name] = value
            continue
        change = since[name]
        if _plain(value) in (change.old["id"], change.new["id"]):
            continue  # not touched, or the same as theirs
        clashes.append(Clash(name, value, getattr(ticket, name), change.actor, change.at))
    return Merge(values, clashes)


def overtaken(ticket: Ticket, wanted: dict[str, Any], *, seen: int, by: User) -> list[Clash]:
    """What others have made of these fields since the person saw the ticket: to be shown before it is undone.

    What they wanted and others did meanwhile is no clash, and nor is what they did themselves.
    """
    if seen >= ticket.version:
        return []
    since = changed_since(ticket, seen)
    return [
        Clash(name, value, getattr(ticket, name), since[name].actor, since[name].at)
        for name, value in wanted.items()
        if name in since and since[name].actor != by and _plain(value) != since[name].new["id"]
    ]


def _plain(value: Any) -> Any:
    """A value as events keep it: a row by its id, a moment as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return getattr(value, "id", value)
