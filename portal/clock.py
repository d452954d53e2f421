"""The only place that asks the time. Say `clock.now()`, so that a test can patch it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_elsewhen: ContextVar[datetime | None] = ContextVar("elsewhen", default=None)


def now() -> datetime:
    """The present moment, with its zone: UTC."""
    return _elsewhen.get() or datetime.now(UTC)


@contextmanager
def travelling_to(moment: datetime) -> Iterator[None]:
    """Let the clock stand at that moment for what is done inside, in this thread alone.

    For the demo world, the benchmark and tests, which want a past; nothing that
    serves people may call it.
    """
    token = _elsewhen.set(moment)
    try:
        yield
    finally:
        _elsewhen.reset(token)
