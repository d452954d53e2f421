"""The lives of tickets, as lines for COPY: each with its people, comments, events and what followed.

All is drawn from one seed, and so is the same every time. It is a desk as they
are: one ticket in twenty is open, and that is mostly a young one; few people
ask much and most ask little.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from bench.texts import Texts

DAY = 86_400.0  # seconds
HISTORY = 1_000 * DAY
KEPT_DELIVERIES = 7 * DAY
KEPT_NOTIFICATIONS = 30 * DAY
NULL = "\\N"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PRIORITIES = ("low", "medium", "medium", "medium", "medium", "high", "high", "critical")
TYPES = ("incident", "incident", "incident", "request", "request", "question", "task", "change", "problem")
OPEN = ("open", "open", "in_progress", "in_progress", "blocked")
REASONS = ("requester", "requester", "supplier", "approval", "other")
MEANS = {"open": "new", "in_progress": "active", "blocked": "waiting", "closed": "done"}
REPLIES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 9)  # 3 on average
MUCH = 333  # one ticket in so many is of one person: 3,003 of a million
LITTLE = (20, 50, 80)  # all tickets of another
UNDECIDED = DAY / 2  # so long nobody has decided on a new ticket

COLUMNS = {
    "tickets": "id key project_id number title description description_html type priority status_id"
    " status_category waiting_for category_id organization_id team_id requester_id assignee_id"
    " is_confidential reply_count version created_at updated_at closed_at inbox_since",
    "ticket_people": "user_id ticket_id part",
    "comments": "id public_id ticket_id author_id is_internal body body_html created_at",
    "events": "id kind ticket_id actor_id depth is_public data created_at",
    "deliveries": "event_id reaction ticket_id state attempts available_at",
    "notifications": "recipient_id event_id ticket_id created_at read_at",
}
Lines = dict[str, list[str]]


@dataclass
class House:
    """The rows that tickets refer to: their ids, and what events call them."""

    employees: list[int]
    asks_much: int
    asks_little: int
    agents: dict[int, list[int]]  # of each team
    projects: list[tuple[int, str]]
    categories: dict[int, list[tuple[int, int]]]  # of each project: a category and its team
    statuses: dict[str, tuple[int, str]]  # by name: id and label
    organization: int
    names: dict[tuple[str, int], str]  # ("team", 3) -> "Team 3"
    reactions: list[str]
    last_event: int


@dataclass(slots=True)
class Life:
    id: int
    created: float
    project: tuple[int, str]
    number: int
    category: int
    team: int
    requester: int
    assignee: int | None
    status: str
    updated: float
    replies: int = 0
    version: int = 1


class Lives:
    def __init__(self, house: House, *, now: float, seed: int) -> None:
        self.house, self.now, self.rng = house, now, Random(seed)
        self.texts = Texts(self.rng)
        self.last = {"tickets": 0, "comments": 0, "events": house.last_event}  # ids that are given
        self.numbers: defaultdict[int, int] = defaultdict(int)  # the last number of each project
        self.named = {key: json.dumps({"id": key[1], "label": name}) for key, name in house.names.items()}
        self.statuses = {
            name: json.dumps({"id": status_id, "label": label, "name": name, "category": MEANS[name]})
            for name, (status_id, label) in house.statuses.items()
        }

    def blocks(self, tickets: int, *, size: int = 10_000) -> Iterator[Lines]:
        """The lines of so many tickets, by table; the oldest tickets first."""
        for first in range(0, tickets, size):
            lines: Lines = {table: [] for table in COLUMNS}
            for place in range(first, min(first + size, tickets)):
                self._live(place / tickets, lines)
            yield lines

    def _live(self, age: float, lines: Lines) -> None:
        life = self._born(age)
        title, priority, kind = self.texts.title(), self.rng.choice(PRIORITIES), self.rng.choice(TYPES)
        self._submit(life, title, priority, kind, lines)
        self._work(life, lines)
        self._write_people(life, lines)
        self._write_ticket(life, title, priority, kind, lines)

    def _born(self, age: float) -> Life:
        """`age` is 0 for the oldest ticket and 1 for the youngest."""
        rng, house = self.rng, self.house
        self.last["tickets"] += 1
        created = self.now - HISTORY * (1 - age) - 60 + rng.random() * 30
        project = house.projects[min(int(rng.paretovariate(1.2)), len(house.projects)) - 1]
        self.numbers[project[0]] += 1
        category, team = rng.choice(house.categories[project[0]])
        status = rng.choice(OPEN) if rng.random() < 0.65 * age**12 else "closed"
        has_assignee = status != "open" or rng.random() < 0.3
        return Life(
            id=self.last["tickets"],
            created=created,
            project=project,
            number=self.numbers[project[0]],
            category=category,
            team=team,
            requester=self._asks(self.last["tickets"]),
            assignee=rng.choice(house.agents[team]) if has_assignee else None,
            status=status,
            updated=created,
        )

    def _asks(self, ticket: int) -> int:
        if ticket % MUCH == 0:
            return self.house.asks_much
        if ticket in LITTLE:
            return self.house.asks_little
        return self.house.employees[int(len(self.house.employees) * self.rng.random() ** 1.3)]

    def _submit(self, life: Life, title: str, priority: str, kind: str, lines: Lines) -> None:
        values = (
            f'{{"values": {{"title": {{"id": "{title}", "label": "{title}"}},'
            f' "project": {{"id": {life.project[0]}, "label": "{life.project[1]}"}},'
            f' "status": {self.statuses["open"]},'
            f' "priority": {{"id": "{priority}", "label": "{priority}"}},'
            f' "type": {{"id": "{kind}", "label": "{kind}"}},'
            f' "category": {self.named["category", life.category]}, "team": {self.named["team", life.team]},'
            f' "assignee": {{"id": null, "label": null}},'
            f' "requester": {self.named["person", life.requester]},'
            f' "organization": {self.named["organization", self.house.organization]}}}}}'
        )
        self._event(life, "ticket.submitted", life.requester, values, lines)

    def _work(self, life: Life, lines: Lines) -> None:
        """What was said and done, one after the other, until now or until it was closed."""
        if life.assignee:
            self._pass(life, 0.3)
            new = self.named["person", life.assignee]
            change = f'"assignee": {{"old": {{"id": null, "label": null}}, "new": {new}}}'
            self._change(life, "ticket.assigned", change, lines)
        way = self._way(life.status)
        begun = way[:1] if way[:1] == ["in_progress"] else []
        self._walk(life, ["open", *begun], lines)
        for _ in range(self.rng.choice(REPLIES)):
            self._pass(life, 1.5)
            self._say(life, lines)
        self._walk(life, [(begun or ["open"])[-1], *way[len(begun) :]], lines)

    def _way(self, status: str) -> list[str]:
        """The statuses a ticket took after it was open, until this one."""
        if status == "closed":
            return ["closed"] if self.rng.random() < 0.3 else ["in_progress", "closed"]
        return {"open": [], "in_progress": ["in_progress"], "blocked": ["in_progress", "blocked"]}[status]

    def _walk(self, life: Life, statuses: list[str], lines: Lines) -> None:
        for old, new in pairwise(statuses):
            self._pass(life, 0.5)
            change = f'"status": {{"old": {self.statuses[old]}, "new": {self.statuses[new]}}}'
            self._change(life, "ticket.status_changed", change, lines)

    def _pass(self, life: Life, days: float) -> None:
        """Let some time go by, never beyond now."""
        later = life.updated + self.rng.expovariate(1 / (days * DAY))
        life.updated = min(later, (life.updated + self.now) / 2)

    def _change(self, life: Life, kind: str, change: str, lines: Lines) -> None:
        life.version += 1
        data = f'{{"changes": {{{change}}}, "version": {life.version}}}'
        self._event(life, kind, life.assignee or life.requester, data, lines)

    def _say(self, life: Life, lines: Lines) -> None:
        rng = self.rng
        is_internal = life.assignee is not None and rng.random() < 0.2
        author = life.assignee if life.assignee and (is_internal or rng.random() < 0.6) else life.requester
        life.replies += not is_internal
        self.last["comments"] += 1
        comment = self.last["comments"]
        body, html = self.texts.reply()
        lines["comments"].append(
            f"{comment}\t{rng.getrandbits(96):024x}\t{life.id}\t{author}\t{'t' if is_internal else 'f'}"
            f"\t{body}\t{html}\t{_moment(life.updated)}"
        )
        kind = "note.added" if is_internal else "comment.added"
        self._event(life, kind, author, f'{{"comment_id": {comment}}}', lines, public=not is_internal)

    def _event(
        self, life: Life, kind: str, actor: int, data: str, lines: Lines, *, public: bool = True
    ) -> None:
        self.last["events"] += 1
        event, moment = self.last["events"], _moment(life.updated)
        lines["events"].append(
            f"{event}\t{kind}\t{life.id}\t{actor}\t0\t{'t' if public else 'f'}\t{data}\t{moment}"
        )
        age = self.now - life.updated
        if age < KEPT_DELIVERIES:
            lines["deliveries"] += [
                f"{event}\t{name}\t{life.id}\tdone\t0\t{moment}" for name in self.house.reactions
            ]
        if age < KEPT_NOTIFICATIONS and (public or life.assignee):
            told = life.assignee if actor == life.requester else life.requester if public else None
            if told:
                read = moment if age > 2 * DAY else NULL
                lines["notifications"].append(f"{told}\t{event}\t{life.id}\t{moment}\t{read}")

    def _write_people(self, life: Life, lines: Lines) -> None:
        people = lines["ticket_people"]
        people.append(f"{life.requester}\t{life.id}\trequester")
        if life.assignee:
            people.append(f"{life.assignee}\t{life.id}\tassignee")
        if self.rng.random() < 0.1:
            people.append(f"{self.rng.choice(self.house.employees)}\t{life.id}\twatcher")

    def _write_ticket(self, life: Life, title: str, priority: str, kind: str, lines: Lines) -> None:
        body, html = self.texts.description()
        updated = _moment(life.updated)
        waits = life.status == "open" and not life.assignee and life.created > self.now - UNDECIDED
        lines["tickets"].append(
            f"{life.id}\t{life.project[1]}-{life.number}\t{life.project[0]}\t{life.number}\t{title}\t{body}\t{html}"
            f"\t{kind}\t{priority}\t{self.house.statuses[life.status][0]}\t{MEANS[life.status]}"
            f"\t{self.rng.choice(REASONS) if life.status == 'blocked' else NULL}\t{life.category}"
            f"\t{self.house.organization}\t{life.team}\t{life.requester}\t{life.assignee or NULL}"
            f"\t{'t' if self.rng.random() < 0.005 else 'f'}\t{life.replies}\t{life.version}"
            f"\t{_moment(life.created)}\t{updated}\t{updated if life.status == 'closed' else NULL}"
            f"\t{_moment(life.created) if waits else NULL}"
        )


def _moment(seconds: float) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat()
