"""The rows of an exported list, as the lists of the desk read them: nobody exports what they do not see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Row

from portal.accounts.models import User
from portal.desk.queues import Desk, selection
from portal.filters import And
from portal.tickets.filtering import zone_of
from portal.tickets.lists import Sort
from portal.tickets.selections import Slice, count_of, page_of

BATCH = 2_000  # tickets that are read at once
MOST = 1_000_000  # tickets; a sheet of Excel has 1,048,576 rows
SHOWN = frozenset({"assignee", "team", "category", "project", "organization", "type"})
STABLE = Sort.typed("-id")  # an order in which no change of a ticket moves it, while others are read

Cell = str | int | datetime | None


def header(reader: User) -> list[str]:
    """The names of the columns, in the reader's language; times are those of their zone."""
    zone = zone_of(reader).key
    return [
        _("Key"),
        _("Subject"),
        _("Status"),
        _("Priority"),
        _("Type"),
        _("Project"),
        _("Topic"),
        _("Team"),
        _("Assignee"),
        _("Requester"),
        _("Organization"),
        _("Tags"),
        _("Replies"),
        _("Confidential"),
        _("Created (%(zone)s)", zone=zone),
        _("Changed (%(zone)s)", zone=zone),
        _("Closed (%(zone)s)", zone=zone),
        _("Due (%(zone)s)", zone=zone),
    ]


def rows(desk: Desk, tree: And, sort: Sort) -> Iterator[list[Cell]]:
    """One list of cells for each ticket, in that order; only `BATCH` tickets are held at a time."""
    wanted, zone = selection(desk, tree), zone_of(desk.reader)
    cursor = None
    while True:
        page = page_of(wanted, Slice(sort, cursor, BATCH, SHOWN))
        for row in page.rows[:BATCH]:
            yield cells(row, zone)
        if page.older is None:
            return
        cursor = page.older


def number(desk: Desk, tree: And, most: int) -> int:
    """How many tickets there are, counted no further than `most`."""
    return count_of(selection(desk, tree), most)


def cells(row: Row[Any], zone: ZoneInfo) -> list[Cell]:
    return [
        row.key,
        row.title,
        _(row.status_label),
        row.priority.label,
        row.kind.label,
        row.project_name,
        _(row.category_name) if row.category_name else None,
        row.team_name,
        row.assignee_name,
        row.requester_name,
        row.organization_name,
        row.tags.replace(",", ", "),
        row.reply_count,
        _("yes") if row.is_confidential else None,
        *(_local(moment, zone) for moment in (row.created_at, row.updated_at, row.closed_at, row.due_at)),
    ]


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Without its zone, which spreadsheets do not know: the head of the column names it."""
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0) if moment else None
