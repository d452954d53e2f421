"""The only place that asks the time. Say `clock.now()`, so that a test can patch it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, with its zone: UTC."""
    return datetime.now(UTC)
