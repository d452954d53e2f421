"""What rules make of whatever happens on a ticket."""

from portal.events.models import Event
from portal.rules import engine, schedule


def apply_rules(event: Event) -> None:
    """Afterwards: those that it wakes run, and those that are counted from it know when they come due."""
    engine.apply_rules(event)
    schedule.note_moments(event)
