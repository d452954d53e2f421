"""An operation in words: what it does, how far it is, and what came of it."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.bulk.acts import What, status_called
from portal.bulk.models import BulkOperation, State
from portal.tickets.models import Priority

LEAST = 10  # tickets, before anybody can tell how long the rest will take


def title(operation: BulkOperation) -> str:
    """As it is listed: "Priority: High"."""
    return _TITLES[operation.act](operation.what)


def _assigned(what: What) -> str:
    return _("Assign to %(name)s", name=what["label"]) if what["label"] else _("Take from its assignee")


def _of_team(what: What) -> str:
    return _("Team: %(name)s", name=what["label"]) if what["label"] else _("Take from its team")


_TITLES: dict[str, Callable[[What], str]] = {
    "assign": _assigned,
    "team": _of_team,
    "status": lambda what: _("Status: %(status)s", status=status_called(what["status"])),
    "priority": lambda what: _("Priority: %(priority)s", priority=Priority(what["priority"]).label),
    "tags": lambda what: _("Tags: %(tags)s", tags=what["label"]),
    "note": lambda _what: _("Internal note"),
    "macro": lambda what: _("Macro: %(name)s", name=what["label"]),
    "merge": lambda what: _("Merge into %(key)s", key=what["label"]),
    "close": lambda _what: _("Close"),
    "spam": lambda _what: _("Spam"),
    "not_spam": lambda _what: _("Not spam"),
}


def said(operation: BulkOperation) -> str:
    """What came of it, for a message: as short as it can be said."""
    if operation.state is State.UNDONE:
        return ngettext("Undone: %(num)s ticket", "Undone: %(num)s tickets", operation.undone)
    changed = ngettext("%(num)s ticket changed", "%(num)s tickets changed", operation.changed)
    return _("%(changed)s: %(title)s", changed=changed, title=title(operation))


def standing(operation: BulkOperation) -> str:
    """How far it is, beside its bar."""
    words = {"reached": operation.reached, "total": operation.to_reach}
    if operation.state is State.UNDOING:
        return _("Undoing: %(reached)s of %(total)s tickets", **words)
    return _("%(reached)s of %(total)s tickets", **words)


def minutes_left(operation: BulkOperation, now: datetime) -> int | None:
    """How long the rest takes if it goes on so; None as long as that is anybody's guess."""
    if operation.state is not State.RUNNING or operation.reached < LEAST:
        return None
    each = (now - operation.created_at).total_seconds() / operation.reached
    return max(1, round(each * (operation.total - operation.reached) / 60))


def minutes_to_undo(operation: BulkOperation, now: datetime) -> int:
    """For how long it can be undone still; the minute that has begun counts."""
    if not operation.can_be_undone(now) or operation.undo_until is None:
        return 0
    return int((operation.undo_until - now).total_seconds() // 60) + 1
