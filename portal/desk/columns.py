"""The columns that a list of tickets can have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.tickets.lists import CLOCKS


@dataclass(frozen=True)
class Column:
    """`sort` is the order its head leads to, from the end `first` says; `kind` is the class of its cells."""

    name: str
    label: Any
    kind: str = "of-col"
    sort: str = ""
    first: str = "-"


COLUMNS = {
    column.name: column
    for column in (
        Column("priority", _l("Priority"), "of-check", "priority"),
        Column("key", _l("Key"), "of-key", "id"),
        Column("title", _l("Subject"), "of-title"),
        Column("requester", _l("Requester")),
        Column("organization", _l("Organization")),
        Column("project", _l("Project")),
        Column("type", _l("Type")),
        Column("team", _l("Team"), "of-group"),
        Column("category", _l("Topic")),
        Column("tags", _l("Tags")),
        Column("status", _l("Status"), "of-status", "status", ""),
        Column("assignee", _l("Assignee"), "of-person"),
        Column("replies", _l("Replies")),
        Column("due", _l("Due"), "of-due", "due", ""),
        Column("sla", _l("SLA"), "of-sla", "sla", ""),
        Column("updated", _l("Changed"), "of-clock", "updated"),
        Column("created", _l("Created"), "of-time", "created"),
    )
}
ORDERS = (
    ("-updated", _l("Changed last first")),
    ("updated", _l("Changed long ago first")),
    ("-created", _l("Newest first")),
    ("created", _l("Oldest first")),
    ("-priority", _l("Most urgent first")),
    ("priority", _l("Least urgent first")),
    ("due", _l("Due first")),
    ("-due", _l("Due last, and without a day, first")),
    ("sla", _l("SLA due first")),
    ("-sla", _l("SLA due last, and without one, first")),
    ("status", _l("New before closed")),
    ("-status", _l("Closed before new")),
    ("-id", _l("Latest key first")),
    ("id", _l("First key first")),
)
OF_CLOSED = (("-closed", _l("Closed last first")), ("closed", _l("Closed long ago first")))
USUAL = ("priority", "key", "title", "team", "status", "assignee", "due", "updated", "created")
ALWAYS = "title"  # it leads to the ticket


def known_columns(names: Iterable[str] | None) -> tuple[str, ...]:
    """Those of them that there are, each once, in their order; the usual ones where nothing was chosen.

    The subject is always among them, and the priority, which is a mark at the edge, is the first.
    """
    if names is None:
        return USUAL
    chosen = [name for name in dict.fromkeys(names) if name in COLUMNS]
    if ALWAYS not in chosen:
        chosen.insert(0, ALWAYS)
    return tuple(sorted(chosen, key=lambda name: name != "priority"))


def read_for(columns: Iterable[str]) -> frozenset[str]:
    """What the rows of such a list need: the topic stands beneath the team, and what was promised with the
    due date, where they have no column."""
    named = frozenset(columns)
    beneath = {"category"} if "team" in named else set()
    return named | beneath | ({CLOCKS} if named & {"due", "sla"} else set())


def orders(*, closed: bool) -> tuple[tuple[str, Any], ...]:
    """How a list can be sorted, each as it is typed and in words; `closed` where all in it are."""
    return (*OF_CLOSED, *ORDERS) if closed else ORDERS
