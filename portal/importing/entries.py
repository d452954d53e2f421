"""From a row to what a ticket is made of, without asking the database anything."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256

from portal.importing.reading import Row
from portal.importing.words import category_of, moment_of, priority_by, priority_of, type_of
from portal.lifecycles.models import Category
from portal.markdown import MAX_LENGTH
from portal.tickets.models import Priority, TicketType
from portal.tickets.tags import MOST, NoTag, tag_name
from portal.web.forms import tidy

TITLE = 200  # characters, as the column has
SHORT = 100  # of a title that is made from the description
ID = 200
INSTEAD = {  # of a date that cannot be meant
    "created": "the moment of this import is used",
    "closed": "the date it was created is used",
}


class Unusable(Exception):
    """Nothing can be made of this row; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One ticket to be made. `remarks` are what somebody should know of it."""

    line: int
    external_id: str
    title: str
    description: str
    category: str
    priority: Priority
    type: TicketType
    status: str  # as written; "" for none
    means: Category | None  # what that status means, where its word is known
    requester: str
    assignee: str
    team: str
    created: datetime
    closed: datetime | None
    resolution: str
    tags: tuple[str, ...] = ()
    due: datetime | None = None
    remarks: tuple[str, ...] = ()


@dataclass
class Reader:
    """Turns rows into entries, and remembers which it has seen."""

    columns: Mapping[str, str]
    zone: tzinfo
    now: datetime
    _seen: Counter = field(default_factory=Counter)
    _lines: dict[str, int] = field(default_factory=dict)

    def entry(self, row: Row) -> Entry:
        """Raises Unusable for a row without any text, and for one whose id another row has."""
        cells = {thing: row.cells[column].strip() for thing, column in self.columns.items()}
        external_id = self._external_id(row, cells.get("id", ""))
        remarks: list[str] = []
        title, description = _texts(cells, remarks)
        created = self._moment(cells, "created", remarks) or self.now
        return Entry(
            line=row.line,
            external_id=external_id,
            title=title,
            description=description,
            category=_category(cells, remarks),
            priority=_priority(cells, remarks),
            type=_type(cells, remarks),
            status=cells.get("status", ""),
            means=_meaning(cells),
            requester=cells.get("requester", "").lower(),
            assignee=cells.get("assignee", "").lower(),
            team=cells.get("team", ""),
            created=created,
            closed=self._moment(cells, "closed", remarks),
            resolution=_shortened(cells.get("resolution", ""), "resolution", remarks),
            tags=_tags(cells, remarks),
            due=self._due(cells, remarks),
            remarks=tuple(remarks),
        )

    def _external_id(self, row: Row, given: str) -> str:
        """The id the row has; else its content, and how many times that has come before."""
        if not given:
            content = sha256("\0".join(row.cells.values()).encode()).hexdigest()
            self._seen[content] += 1
            return f"row:{content[:40]}:{self._seen[content]}"
        external_id = given if len(given) <= ID else f"id:{sha256(given.encode()).hexdigest()}"
        if external_id in self._lines:
            raise Unusable(f"Its id {given[:40]} is that of line {self._lines[external_id]}.")
        self._lines[external_id] = row.line
        return external_id

    def _due(self, cells: Mapping[str, str], remarks: list[str]) -> datetime | None:
        text = cells.get("due", "")
        due = moment_of(text, self.zone) if text else None
        if text and (due is None or not 1970 <= due.year < 2200):
            remarks.append(f"“{text[:40]}” is no date that can be meant: it has no due date.")
            return None
        return due

    def _moment(self, cells: Mapping[str, str], thing: str, remarks: list[str]) -> datetime | None:
        text = cells.get(thing, "")
        if not text:
            return None
        moment = moment_of(text, self.zone)
        if moment is None or moment > self.now or moment.year < 1970:
            remarks.append(f"“{text[:40]}” is no date that can be meant: {INSTEAD[thing]}.")
            return None
        return moment


def _tags(cells: Mapping[str, str], remarks: list[str]) -> tuple[str, ...]:
    """What stands between commas or semicolons; what cannot be a tag is left out."""
    names: dict[str, None] = {}
    for part in re.split("[,;]", cells.get("tags", "")):
        try:
            names |= {tag_name(part): None} if part.strip() else {}
        except NoTag:
            remarks.append(f"“{part.strip()[:40]}” cannot be a tag: it is left out.")
    if len(names) > MOST:
        remarks.append(f"It has more than {MOST} tags: the others are left out.")
    return tuple(names)[:MOST]


def _texts(cells: Mapping[str, str], remarks: list[str]) -> tuple[str, str]:
    """Title and description; each stands in for the other, and a title that is cut begins the description."""
    title = tidy(cells.get("title", "")) or ""
    description = _shortened(cells.get("description", ""), "description", remarks)
    if not title and not description:
        raise Unusable("It has neither a title nor a description.")
    if not title:
        remarks.append(_why_untitled(cells))
        return _cut(tidy(description) or "…", SHORT), description
    if len(title) <= TITLE:
        return title, description
    remarks.append("Its title was too long; the whole of it begins the description.")
    return _cut(title, TITLE), f"{title}\n\n{description}".strip()


def _why_untitled(cells: Mapping[str, str]) -> str:
    if "title" in cells:
        return "It has no title; the description gives it one."
    return "No column holds its title; the description gives it one (--map title=… names the column)."


def _cut(text: str, length: int) -> str:
    """At a blank where there is one near enough."""
    if len(text) <= length:
        return text
    start = text[: length - 1]
    return f"{start[: start.rfind(' ')] if ' ' in start[length // 2 :] else start}…"


def _shortened(text: str, what: str, remarks: list[str]) -> str:
    if len(text) <= MAX_LENGTH:
        return text
    remarks.append(f"Its {what} was cut after {MAX_LENGTH:,} of {len(text):,} characters.")
    return text[:MAX_LENGTH]


def _category(cells: Mapping[str, str], remarks: list[str]) -> str:
    name = (tidy(cells.get("category", "")) or "")[:80]
    if not name and "category" in cells:
        remarks.append("It has no category.")
    return name


def _priority(cells: Mapping[str, str], remarks: list[str]) -> Priority:
    said = cells.get("priority", "")
    both = (cells.get("urgency", ""), cells.get("impact", ""))
    priority = priority_of(said) if said else priority_by(*both)
    if priority is None and (said or any(both)):
        remarks.append(f"“{said or ' and '.join(both)}” is no known priority: medium.")
    return priority or Priority.MEDIUM


def _type(cells: Mapping[str, str], remarks: list[str]) -> TicketType:
    said = cells.get("type", "")
    if said and type_of(said) is None:
        remarks.append(f"“{said[:40]}” is no known type: request.")
    return (said and type_of(said)) or TicketType.REQUEST


def _meaning(cells: Mapping[str, str]) -> Category | None:
    """A ticket with a resolution is done, unless its status says otherwise."""
    if said := cells.get("status", ""):
        return category_of(said)
    return Category.DONE if cells.get("resolution") else Category.NEW
