"""Why a ticket is in no list, and how indexes say that it is in them. Knows no table."""

from enum import StrEnum

from sqlalchemy import text


class Hidden(StrEnum):
    """What somebody has taken out of everybody's sight."""

    SPAM = "spam"  # the desk finds it where it asks for it, and brings it back
    DELETED = "deleted"  # for good: all of it is about to be erased


# With literals, so that PostgreSQL sees that they fit: `policy.visible_to` says the second of them.
OPEN = text("status_category <> 'done' AND hidden_as IS NULL")
UNASSIGNED = text("assignee_id IS NULL AND status_category <> 'done' AND hidden_as IS NULL")
UNDECIDED = text("inbox_since IS NOT NULL AND status_category <> 'done' AND hidden_as IS NULL")
HIDDEN = text("hidden_as IS NOT NULL")
