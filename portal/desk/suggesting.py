"""How what somebody types into a field of the filter may go on."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from portal.accounts.models import User
from portal.desk.controls import items
from portal.extensions import db
from portal.filters.grammar import quoted_value
from portal.organizations.models import Department, Organization
from portal.organizations.queries import people_like
from portal.tickets.tag_lists import names_like

FEW = 10
Suggestion = tuple[str, str]  # what the field would hold, and what else is said of it


def suggestions(name: str, typed: str, *, reader: User) -> list[Suggestion]:
    """For the last of what is typed with commas between, behind all before it."""
    before, _comma, last = typed.rpartition(",")
    begun = "".join(f"{_written(item)}, " for item in items(before))
    return [(begun + _written(value), also) for value, also in _KNOWN[name](" ".join(last.split()), reader)]


def _written(value: str) -> str:
    return quoted_value(value) if "," in value else value


def _people(typed: str, reader: User) -> list[Suggestion]:
    return [(row.email, row.name) for row in people_like(typed, by=reader)]


def _tags(typed: str, reader: User) -> list[Suggestion]:
    return [(name, "") for name in names_like(typed)]


def _named(model: Any) -> Callable[[str, User], list[Suggestion]]:
    def like(typed: str, reader: User) -> list[Suggestion]:
        if not typed:
            return []
        names = select(model.name).where(model.name.icontains(typed, autoescape=True)).distinct()
        return [(name, "") for name in db.session.scalars(names.order_by(model.name).limit(FEW))]

    return like


_KNOWN: dict[str, Callable[[str, User], list[Suggestion]]] = {
    "tag": _tags,
    "requester": _people,
    "participant": _people,
    "watcher": _people,
    "mentions": _people,
    "organization": _named(Organization),
    "department": _named(Department),
}
