"""A lifecycle as it is written down: what a draft holds, a version keeps and a bundle exports.

It knows no database. A status goes by its name, which is the same in every
version and in every filter; its label is what people read, and may change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from portal.lifecycles.models import USUAL_COLOUR, Category, Colour
from portal.permissions import STAFF, Role


class Need(StrEnum):
    """What a step asks for where the ticket does not have it yet; a comment it asks for each time."""

    COMMENT = "comment"
    ASSIGNEE = "assignee"
    TEAM = "team"
    CATEGORY = "category"
    DUE = "due"
    TIME = "time"


@dataclass(frozen=True)
class PlannedStatus:
    name: str
    label: str
    category: Category
    colour: Colour

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        category = Category(written["category"])
        colour = Colour(written.get("colour") or USUAL_COLOUR[category])
        return cls(str(written["name"]), str(written["label"]), category, colour)

    def written(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "category": self.category.value,
            "colour": self.colour.value,
        }


@dataclass(frozen=True)
class PlannedStep:
    """From one status to another, by their names. `label` is what its button says, else the status' own.

    It may be taken by whoever works on the ticket in one of the `roles`, or in one of the
    `teams` (by their names) whatever their role there, and by its requester where `by_requester`.
    """

    start: str
    end: str
    label: str = ""
    roles: frozenset[Role] = STAFF
    teams: frozenset[str] = frozenset()
    by_requester: bool = False
    needs: frozenset[Need] = frozenset()

    @property
    def ends(self) -> tuple[str, str]:
        return self.start, self.end

    @property
    def is_for_nobody(self) -> bool:
        return not (self.roles or self.teams or self.by_requester)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        roles = written.get("roles")
        return cls(
            start=str(written["from"]),
            end=str(written["to"]),
            label=str(written.get("label") or ""),
            roles=STAFF if roles is None else frozenset(Role(role) for role in roles),
            teams=frozenset(str(team) for team in written.get("teams") or ()),
            by_requester=bool(written.get("requester")),
            needs=frozenset(Need(need) for need in written.get("needs") or ()),
        )

    def written(self) -> dict[str, Any]:
        """What is as usual is left out, so that a bundle can be read."""
        told: dict[str, Any] = {"from": self.start, "to": self.end}
        if self.label:
            told["label"] = self.label
        if self.roles != STAFF:
            told["roles"] = [role.value for role in Role if role in self.roles]
        if self.teams:
            told["teams"] = sorted(self.teams)
        if self.by_requester:
            told["requester"] = True
        if self.needs:
            told["needs"] = [need.value for need in Need if need in self.needs]
        return told


@dataclass(frozen=True)
class Plan:
    """Statuses in the order in which people see them, the first of the category `new` being where tickets
    begin; and the steps between them."""

    statuses: tuple[PlannedStatus, ...] = ()
    steps: tuple[PlannedStep, ...] = field(default=())

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what is no plan; what is a bad one, `checks` says."""
        return cls(
            tuple(PlannedStatus.read(each) for each in written["statuses"]),
            tuple(PlannedStep.read(each) for each in written["steps"]),
        )

    def written(self) -> dict[str, Any]:
        return {
            "statuses": [status.written() for status in self.statuses],
            "steps": [step.written() for step in self.steps],
        }

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(status.name for status in self.statuses)

    @property
    def start(self) -> PlannedStatus | None:
        """Where a new ticket begins."""
        return next((each for each in self.statuses if each.category == Category.NEW), None)

    def status(self, name: str) -> PlannedStatus | None:
        return next((each for each in self.statuses if each.name == name), None)

    def label_of(self, name: str) -> str:
        """What people read; of a status that is gone, its name."""
        status = self.status(name)
        return status.label if status else name

    def steps_from(self, name: str) -> tuple[PlannedStep, ...]:
        """In the order of the statuses they lead to."""
        order = {status: place for place, status in enumerate(self.names)}
        own = [step for step in self.steps if step.start == name]
        return tuple(sorted(own, key=lambda step: order.get(step.end, len(order))))

    def without(self, name: str) -> Self:
        """The plan without that status and all steps from and to it."""
        statuses = tuple(status for status in self.statuses if status.name != name)
        steps = tuple(step for step in self.steps if name not in (step.start, step.end))
        return replace(self, statuses=statuses, steps=steps)


def new_name(label: str, taken: Iterable[str]) -> str:
    """A name for a status of that label, such as `waiting_for_vendor`, that none of the others has."""
    letters = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in _plain(label))
    stem = "_".join(part for part in letters.split("_") if part)[:LONGEST_NAME] or "status"
    known, name, number = set(taken), stem, 2
    while name in known:
        end = f"_{number}"
        name, number = stem[: LONGEST_NAME - len(end)] + end, number + 1
    return name


LONGEST_NAME = 40  # as statuses keep it
_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _plain(label: str) -> str:
    return label.lower().translate(_PLAIN)


def moved(names: Sequence[str], name: str, *, up: bool) -> list[str]:
    """The names with that one a place earlier or later; at an end it stays."""
    order = list(names)
    place = order.index(name)
    other = place - 1 if up else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order
