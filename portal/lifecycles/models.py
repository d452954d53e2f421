"""Lifecycles: which statuses a ticket can take, and which may follow which."""

from __future__ import annotations

from enum import StrEnum

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Model


class Category(StrEnum):
    """What a status means, whatever it is called: pages, clocks and reports go by this."""

    NEW = "new"
    ACTIVE = "active"
    WAITING = "waiting"
    DONE = "done"


class Lifecycle(Model):
    __tablename__ = "lifecycles"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)

    statuses: Mapped[list[Status]] = relationship(back_populates="lifecycle", order_by="Status.position")


class Status(Model):
    """`name` is what filters and the API say (`in_progress`), `label` what people read."""

    __tablename__ = "statuses"
    __table_args__ = (UniqueConstraint("lifecycle_id", "name"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    lifecycle_id: Mapped[int] = mapped_column(ForeignKey("lifecycles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    stored_label: Mapped[str] = mapped_column("label", String(60))
    category: Mapped[Category]
    position: Mapped[int] = mapped_column(default=0)

    lifecycle: Mapped[Lifecycle] = relationship(back_populates="statuses")
    # Where a ticket of this status may go, in the lifecycle's order.
    next: Mapped[list[Status]] = relationship(
        secondary="transitions",
        primaryjoin="Status.id == Transition.from_status_id",
        secondaryjoin="Status.id == Transition.to_status_id",
        order_by="(Status.position, Status.id)",
        viewonly=True,
    )

    @property
    def label(self) -> str:
        """The label in the reader's language, where it is one of the seeded ones."""
        return gettext(self.stored_label)


class Transition(Model):
    """A step that is allowed. What is no row here is refused everywhere."""

    __tablename__ = "transitions"

    from_status_id: Mapped[int] = mapped_column(
        ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True
    )
    to_status_id: Mapped[int] = mapped_column(
        ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, index=True
    )


# The labels that are seeded, named here so that translators find them.
SEEDED_LABELS = (_l("Open"), _l("In progress"), _l("Blocked"), _l("Closed"))
