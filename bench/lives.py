"""The lives of tickets, a block at a time, as lines for COPY: tickets, people, comments, events, …

Everything is drawn from one seed. What is drawn is a desk as they are: one
ticket in twenty is open, a few people ask much and most ask little, and what
is open is mostly young.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bench.texts import Texts

DAYS = 1_000  # that the desk is old
DAY = 86_400.0
OPEN_SHARE = 0.05
KEPT_DELIVERIES = 7 * DAY
KEPT_NOTIFICATIONS = 30 * DAY
PRIORITIES = ("low", "medium", "medium", "medium", "medium", "high", "high", "critical")
TYPES = ("incident", "incident", "incident", "request", "request", "question", "task", "change", "problem")
REASONS = ("requester", "requester", "supplier", "approval", "other")
NULL = "\\N"

COLUMNS = {
    "tickets": "id key project_id number title description description_html type priority status_id"
    " status_category waiting_for category_id organization_id team_id requester_id assignee_id"
    " is_confidential reply_count version created_at updated_at closed_at",
    "ticket_people": "user_id ticket_id part",
    "comments": "id public_id ticket_id author_id is_internal body body_html created_at",
    "events": "id kind ticket_id actor_id cause_id depth is_public data created_at",
    "deliveries": "event_id reaction ticket_id state attempts available_at lease_until last_error",
    "notifications": "id recipient_id event_id ticket_id created_at read_at",
}


@dataclass
class House:
    """The rows that tickets refer to: ids, and what events call them."""

    employees: list[int]
    agents: dict[int, list[int]]  # of each team
    projects: list[tuple[int, str]]
    categories: dict[int, list[tuple[int, int]]]  # of each project: category and its team
    organizations: dict[int, int]  # of each person
    statuses: dict[str, tuple[int, str]]  # by name: id and label
    names: dict[int, str]
    teams: dict[int, str]
    reactions: list[str]


@dataclass
class Lives:
    house: House
    now: float
    rng: Random
    texts: Texts = field(init=False)
    numbers: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    last: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.texts = Texts(self.rng)
        self.categories = {"open": "new", "in_progress": "active", "blocked": "waiting", "closed": "done"}

    def blocks(self, tickets: int, size: int) -> Iterator[dict[str, list[str]]]:
        """The lines of so many tickets after each other, by table; the oldest tickets first."""
        for first in range(0, tickets, size):
            lines: dict[str, list[str]] = {table: [] for table in COLUMNS}
            for place in range(first, min(first + size, tickets)):
                self._live(place / tickets, lines)
            yield lines

    def _live(self, age: float, lines: dict[str, list[str]]) -> None:
        """One ticket; `age` is 0 for the oldest and 1 for the youngest."""
        rng, house = self.rng, self.house
        created = self.now - DAYS * DAY * (1 - age) + rng.random() * 60
        created = min(created, self.now - 60)
        project_id, project_key = house.projects[min(int(rng.paretovariate(1.2)) - 1, len(house.projects) - 1)]
        category_id, team_id = rng.choice(house.categories[project_id])
        requester = house.employees[int(len(house.employees) * rng.random() ** 2)]
        # Open are mostly the young ones: all of the last days, hardly any of years ago.
        is_open = rng.random() < OPEN_SHARE * 4 * age**6.0 if age < 0.98 else rng.random() < 0.9
        status = rng.choice(("open", "open", "in_progress", "in_progress", "blocked")) if is_open else "closed"
        assignee = rng.choice(house.agents[team_id]) if status != "open" or rng.random() < 0.3 else None
        self._write(locals() | {"project": (project_id, project_key)}, lines)

    def _write(self, drawn: dict, lines: dict[str, list[str]]) -> None:
        raise NotImplementedError
