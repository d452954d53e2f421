"""Tickets as they were: of the row of today each event since is taken back, for events tell old and new.

What events tell only of the new, such as for whom a ticket waited, is followed from its beginning on.
Knows no table: rows are columns by name, as the driver gives them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from portal.events.kinds import Kind
from portal.lifecycles.models import Category
from portal.tickets.hiding import Hidden
from portal.tickets.models import Part
from portal.tickets.triage import DECISIONS, WORK

# What one click does is recorded within that time, and shown to rules when all of it is done.
TOGETHER = timedelta(seconds=1)
Row = dict[str, Any]
Parts = frozenset[tuple[int, str]]  # who takes part, as what


class Happened(NamedTuple):
    """An event, without its row."""

    id: int
    ticket_id: int
    kind: str
    actor_id: int | None
    cause_id: int | None
    depth: int
    is_public: bool
    created_at: datetime
    data: Mapping[str, Any]

    @property
    def changes(self) -> Mapping[str, Any]:
        return self.data.get("changes") or {}


@dataclass(frozen=True)
class Was:
    """A ticket as it was then, and who took part in it."""

    row: Row
    parts: Parts


@dataclass(frozen=True)
class _Track:
    """What is followed from the beginning on."""

    waiting_for: str | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    inbox_since: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_for_answer: bool = False


TRACKED = tuple(_Track.__dataclass_fields__)


@dataclass(frozen=True)
class History:
    """A ticket of today, who takes part in it, and all that has happened on it, in its order."""

    row: Row
    parts: Parts
    events: Sequence[Happened]

    def after(self, places: Collection[int], staff: Collection[int]) -> dict[int, Was]:
        """The ticket as it was after the event at each of these places; `staff` are the desk's people."""
        if not places:
            return {}
        tracks = _tracked(self.row, self.events, staff)
        found, wanted = {}, set(places)
        state, people = dict(self.row), set(self.parts)
        for place in range(len(self.events) - 1, min(wanted) - 1, -1):
            if place in wanted:
                tracked = {name: getattr(tracks[place], name) for name in TRACKED}
                touched = {"updated_at": self.events[place].created_at}
                found[place] = Was(state | tracked | touched, frozenset(people))
            _take_back(self.events[place], state, people)
        return found

    def place_at(self, moment: datetime) -> int:
        """The place of the last event by then; -1 where there is none."""
        return sum(event.created_at <= moment for event in self.events) - 1


def when_all_was_done(events: Sequence[Happened], place: int) -> int:
    """The place of the last event of what the click did that the event at `place` belongs to. What a rule
    did to it came later."""
    first, last = events[place], place
    for later in range(place + 1, len(events)):
        event = events[later]
        is_same = event.actor_id in {first.actor_id, None} and event.created_at - first.created_at <= TOGETHER
        if not is_same or event.data.get("rule") != first.data.get("rule"):
            break
        last = later
    return last


def _take_back(event: Happened, state: Row, people: set[tuple[int, str]]) -> None:
    for name, both in event.changes.items():
        _put_back(name, both["old"], state)
    if "assignee" in event.changes:
        _take_back_assignee(event, people)
    if event.kind == Kind.COMMENT_ADDED:
        state["reply_count"] -= 1
    elif event.kind == Kind.TICKET_MERGED:
        state["merged_into_id"] = None
    elif event.kind == Kind.TICKET_UNMERGED:
        state["merged_into_id"] = event.data["into"]["id"]
    elif event.kind in _JOINED:
        people.discard((event.data["user_id"], _JOINED[Kind(event.kind)]))
    elif event.kind in _LEFT:
        people.add((event.data["user_id"], _LEFT[Kind(event.kind)]))


def _put_back(name: str, old: Mapping[str, Any], state: Row) -> None:
    if name in _COLUMNS:
        state[_COLUMNS[name]] = old["id"]
    elif name == "status":
        state["status_id"] = old["id"]
        state["status_category"] = old.get("category") or state["status_category"]
    elif name == "tags":
        state["tag_ids"] = list(old["id"] or ())
    elif name == "due_at":
        state["due_at"] = _moment(old["id"])
    elif name == "is_spam":
        state["hidden_as"] = Hidden.SPAM.value if old["id"] else None


def _take_back_assignee(event: Happened, people: set[tuple[int, str]]) -> None:
    for each in [each for each in people if each[1] == Part.ASSIGNEE]:
        people.discard(each)
    if old_id := event.changes["assignee"]["old"]["id"]:
        people.add((old_id, Part.ASSIGNEE.value))


_COLUMNS = {  # by the name that events have for them
    "title": "title",
    "description": "description",
    "type": "type",
    "priority": "priority",
    "category": "category_id",
    "team": "team_id",
    "assignee": "assignee_id",
    "project": "project_id",
    "key": "key",
    "is_confidential": "is_confidential",
    "rating": "rating",
    "spent": "minutes_spent",
}
_JOINED = {
    Kind.PARTICIPANT_ADDED: Part.PARTICIPANT.value,
    Kind.TICKET_WATCHED: Part.WATCHER.value,
}
_LEFT = {
    Kind.PARTICIPANT_REMOVED: Part.PARTICIPANT.value,
    Kind.TICKET_UNWATCHED: Part.WATCHER.value,
}


def _tracked(row: Row, events: Sequence[Happened], staff: Collection[int]) -> list[_Track]:
    """After each event. Since it was last changed each is what the row of today says: who undid a change of
    status has given it back the time it was closed, and what came from elsewhere has been so ever since."""
    tracks: list[_Track] = []
    track, assignee_id = _Track(inbox_since=row["created_at"]), None
    for event in events:
        if "assignee" in event.changes:
            assignee_id = event.changes["assignee"]["new"]["id"]
        track = _in_inbox(_along(track, event), event, assignee_id, row["requester_id"], staff)
        tracks.append(track)
    for name in TRACKED:
        now = row[name]
        for place in range(len(tracks) - 1, -1, -1):
            was = getattr(tracks[place], name)
            if was != now:
                tracks[place] = replace(tracks[place], **{name: now})
            if place and getattr(tracks[place - 1], name) != was:
                break
    return tracks


def _along(track: _Track, event: Happened) -> _Track:
    """Its way through statuses."""
    changes = event.changes
    if "status" not in changes:
        if "waiting_for" in changes:
            return replace(track, waiting_for=changes["waiting_for"]["new"]["id"])
        return track
    category, was = changes["status"]["new"].get("category"), changes["status"]["old"].get("category")
    is_done, was_done = category == Category.DONE, was == Category.DONE
    is_waiting = category == Category.WAITING
    waits_for = event.data.get("waiting_for") or track.waiting_for or "other"
    outcome = event.data.get("outcome") or (track.outcome if was_done else None)
    return replace(
        track,
        waiting_for=waits_for if is_waiting else None,
        closed_at=((track.closed_at if was_done else None) or event.created_at) if is_done else None,
        outcome=outcome if is_done else None,
    )


def _in_inbox(
    track: _Track, event: Happened, assignee_id: int | None, requester_id: int, staff: Collection[int]
) -> _Track:
    """Whether it waits for a decision, as `triage.keep_inbox` keeps it."""
    if event.kind == Kind.TICKET_SNOOZED:
        until = event.data["until"]
        return replace(track, snoozed_until=_moment(until), snoozed_for_answer=until is None)
    status = event.changes.get("status")
    is_taken_up = status and (status["old"].get("category"), status["new"].get("category")) == ("done", "new")
    if is_taken_up and event.kind == Kind.STATUS_CHANGED and assignee_id is None:
        return replace(track, inbox_since=event.created_at, snoozed_until=None, snoozed_for_answer=False)
    if track.inbox_since is None:
        return track
    if _decides(event, assignee_id, requester_id, staff):
        return replace(track, inbox_since=None, snoozed_until=None, snoozed_for_answer=False)
    if event.kind == Kind.TICKET_WOKEN or track.closed_at is not None:
        return replace(track, snoozed_until=None, snoozed_for_answer=False)
    return track


def _decides(event: Happened, assignee_id: int | None, requester_id: int, staff: Collection[int]) -> bool:
    if event.kind in DECISIONS or assignee_id is not None:
        return True
    if event.kind not in WORK:
        return False
    if event.actor_id is None:
        return event.kind == Kind.STATUS_CHANGED
    is_own_word = event.kind == Kind.COMMENT_ADDED and event.actor_id == requester_id
    return event.actor_id in staff and not is_own_word


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
