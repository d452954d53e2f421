"""What happens on tickets and can wake a rule. What other features know of, they register themselves."""

from flask_babel import lazy_gettext as _l

from portal.events.kinds import CHANGES, Kind
from portal.events.models import Event
from portal.rules.inputs import Several
from portal.rules.registry import Trigger, Values

FIELDS = {  # as events name them
    "status": _l("Status"),
    "waiting_for": _l("Waits for"),
    "priority": _l("Priority"),
    "type": _l("Type"),
    "category": _l("Category"),
    "project": _l("Project"),
    "team": _l("Team"),
    "assignee": _l("Assignee"),
    "tags": _l("Tags"),
    "due_at": _l("Due"),
    "title": _l("Subject"),
    "description": _l("Description"),
    "is_confidential": _l("Confidential"),
    "rating": _l("Satisfaction"),
    "spent": _l("Time spent"),
}


class Happening(Trigger):
    """That events of these kinds happen is all there is to it."""

    def __init__(self, name: str, label: object, *kinds: Kind) -> None:
        self.name, self.label, self.kinds = name, label, frozenset(kinds)


class Changed(Trigger):
    name, label = "changed", _l("Fields are changed")
    kinds = frozenset(CHANGES)
    inputs = (Several("fields", _l("Which fields"), FIELDS.items, hint=_l("None ticked: any of them.")),)

    def fires(self, event: Event, values: Values) -> bool:
        wanted = values.get("fields")
        return not wanted or not {*wanted}.isdisjoint(event.data.get("changes", {}))


class Replied(Trigger):
    """By a person of that side, as the event tells it: what a rule writes is nobody's answer."""

    kinds = frozenset({Kind.COMMENT_ADDED})

    def __init__(self, name: str, label: object, side: str) -> None:
        self.name, self.label, self.side = name, label, side

    def fires(self, event: Event, values: Values) -> bool:
        return event.actor_id is not None and event.data.get("side") == self.side


REPLIED_BY_REQUESTER = Replied("reply_by_requester", _l("The requester replies"), "requester")


TRIGGERS = (
    Happening("created", _l("A ticket is created"), Kind.TICKET_SUBMITTED),
    Changed(),
    REPLIED_BY_REQUESTER,
    Replied("reply_by_staff", _l("The desk replies"), "desk"),
    Happening("note", _l("An internal note is added"), Kind.NOTE_ADDED),
    Happening("file_checked", _l("A file was checked and is attached"), Kind.FILE_ATTACHED),
    Happening("sla_warned", _l("What was promised is due soon"), Kind.SLA_WARNED),
    Happening("sla_breached", _l("What was promised is late"), Kind.SLA_BREACHED),
    Happening("file_infected", _l("A file with a virus was blocked"), Kind.FILE_BLOCKED),
)
