"""What wakes rules and what rules do: each a small class, registered by the feature that it belongs to.

`create_app` hands them over, so that this package need not import what is to its right. The form of a
rule is built from what is registered here; a rule keeps the names, so rename none.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.accounts.models import User
from portal.events.models import Event
from portal.rules.inputs import Input
from portal.tickets.models import Ticket

Values = Mapping[str, Any]  # of each input by its name, plain enough to be kept as JSON


class Part(ABC):
    """A line of a rule: its stored name, what it is called in the form, and what has to be said for it."""

    name: str
    label: Any
    inputs: tuple[Input, ...] = ()
    hint: Any = ""

    def said(self, values: Values) -> str:
        """What is chosen, in words, with the labels of now."""
        told = (each.said(values.get(each.name)) for each in self.inputs)
        return ", ".join(words for words in told if words)


class Trigger(Part):
    """Something that happens on a ticket; `kinds` are the events it is looked for in."""

    kinds: frozenset[str] = frozenset()

    def fires(self, event: Event, values: Values) -> bool:
        """Whether this event is meant. It is asked of each event of these kinds, and asks no database."""
        return True


class Clock(Part):
    """A time at which a rule comes due: counted from an event of `kinds`, or a time of the day."""

    kinds: frozenset[str] = frozenset()

    def due_after(self, event: Event, values: Values) -> datetime | None:
        """When it is due that is counted from this event; None for an event that is not meant."""
        return None

    def due_from(self, counted_from: datetime, values: Values) -> datetime | None:
        """When it is due that was counted from that moment; None for never, and where nothing is counted."""
        return None

    def last_due(self, values: Values, now: datetime) -> datetime | None:
        """The latest moment it was due on all tickets; None where it is counted for each of them."""
        return None

    def is_meant_still(self, ticket: Ticket, counted_from: datetime, values: Values) -> bool:
        """Whether nothing has happened since it was counted that makes it needless."""
        return True


class Effect(Part):
    """What a rule does to a ticket that is held, by the same actions as a person's clicks."""

    @abstractmethod
    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        """Do it with the rights of `actor`; what is so already changes nothing. Raises DomainError."""


@dataclass
class Registered:
    triggers: dict[str, Trigger] = field(default_factory=dict)
    clocks: dict[str, Clock] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)


registered = Registered()


def offer(
    *, triggers: Iterable[Trigger] = (), clocks: Iterable[Clock] = (), effects: Iterable[Effect] = ()
) -> None:
    """Let rules be made of these, too, in the order of the form."""
    registered.triggers |= {each.name: each for each in triggers}
    registered.clocks |= {each.name: each for each in clocks}
    registered.effects |= {each.name: each for each in effects}
