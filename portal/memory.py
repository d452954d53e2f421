"""What most pages ask for and few people ever change: read at most once in a few seconds by each process."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Generic, TypeVar

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.extensions import db

LIFE = 3.0  # seconds; another process learns of a change this late
Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The answers of `read`, at most `life` seconds old; it takes nothing but its arguments into account.

    In the process that changes one of the `models` they are forgotten at once. What
    is remembered must not be changed, nor be rows of a session.
    """

    def __init__(self, read: Callable[..., Answer], *, models: tuple[type, ...], life: float = LIFE) -> None:
        self.read, self.models, self.life = read, models, life
        event.listen(db.session, "after_flush", self._look_at)
        event.listen(db.session, "after_commit", self._forget_what_was_seen)

    def __call__(self, *arguments: Hashable) -> Answer:
        kept = self._kept()
        answer, until = kept.get(arguments, (None, 0.0))
        if until < monotonic():
            answer = self.read(*arguments)
            kept[arguments] = (answer, monotonic() + self.life)
        return answer

    def forget(self) -> None:
        self._kept().clear()

    def _kept(self) -> dict[tuple, tuple[Any, float]]:
        return current_app.extensions.setdefault("remembered", {}).setdefault(id(self), {})

    def _look_at(self, session: Session, context: object) -> None:
        rows = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(row, self.models) for row in rows):
            session.info.setdefault("changed", set()).add(self)
            self.forget()

    def _forget_what_was_seen(self, session: Session) -> None:
        """Again after the commit: another thread may have read the old state before it."""
        if self in session.info.get("changed", ()):
            session.info["changed"].discard(self)
            self.forget()


@contextmanager
def apart() -> Iterator[None]:
    """Inside, nothing is known from before; and nothing that is read there is known outside."""
    known = current_app.extensions.pop("remembered", None)
    try:
        yield
    finally:
        forget_all()
        if known is not None:
            current_app.extensions["remembered"] = known


def forget_all() -> None:
    """Read everything anew: said by whoever changes rows without loading them."""
    current_app.extensions.pop("remembered", None)
