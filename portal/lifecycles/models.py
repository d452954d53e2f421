"""Lifecycles: which statuses a ticket can take, and which may follow which."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model


class Category(StrEnum):
    """What a status means, whatever it is called: pages, clocks and reports go by this."""

    NEW = "new"
    ACTIVE = "active"
    WAITING = "waiting"
    DONE = "done"


class Colour(StrEnum):
    """Of a status, from the palette of the style sheet. It says nothing alone: the label stands in it."""

    BLUE = "blue"
    VIOLET = "violet"
    AMBER = "amber"
    GREEN = "green"
    GREY = "grey"
    RED = "red"
    ORANGE = "orange"
    SLATE = "slate"


USUAL_COLOUR = {
    Category.NEW: Colour.BLUE,
    Category.ACTIVE: Colour.VIOLET,
    Category.WAITING: Colour.AMBER,
    Category.DONE: Colour.GREY,
}


class Lifecycle(Model):
    """What is published stands in its statuses and their transitions; `number` is that of the version."""

    __tablename__ = "lifecycles"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(String(500), default="", server_default="")
    number: Mapped[int] = mapped_column(default=1, server_default="1")

    statuses: Mapped[list[Status]] = relationship(
        back_populates="lifecycle", order_by="Status.position", passive_deletes="all"
    )


class LifecycleVersion(Model):
    """What was published, for ever: `content` as `plan.Plan` writes it, and `targets`, in which status the
    tickets were put that stood in one which went."""

    __tablename__ = "lifecycle_versions"
    __table_args__ = (UniqueConstraint("lifecycle_id", "number"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    lifecycle_id: Mapped[int] = mapped_column(ForeignKey("lifecycles.id", ondelete="CASCADE"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    targets: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    published_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    published_by: Mapped[User | None] = relationship()


class StatusMove(Model):
    """Tickets that stand in one status and are to get another: the first is no more, or not of the lifecycle
    that their project has now. Where both are the same, it means something else than it did.

    Of one `project`, else of all. `tickets` is how many there were when it began, `reached` the id of the
    last one that was looked at, and `event_id` the history's entry that it follows from.
    """

    __tablename__ = "status_moves"
    __table_args__ = (Index("ix_status_moves_from_status_id", "from_status_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    from_status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"))
    to_status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id", ondelete="CASCADE"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))
    tickets: Mapped[int]
    moved: Mapped[int] = mapped_column(default=0, server_default="0")
    reached: Mapped[int] = mapped_column(default=0, server_default="0")
    begun_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    done_at: Mapped[datetime | None]

    start: Mapped[Status] = relationship(foreign_keys=from_status_id)
    end: Mapped[Status] = relationship(foreign_keys=to_status_id)


class LifecycleDraft(Model):
    """What is to become the next version, edited by any admin; `version` guards against lost edits.

    `based_on` is the number of the version it began from.
    """

    __tablename__ = "lifecycle_drafts"

    lifecycle_id: Mapped[int] = mapped_column(
        ForeignKey("lifecycles.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    targets: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    based_on: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class Status(Model):
    """`name` is what filters and the API say (`in_progress`), `label` what people read."""

    __tablename__ = "statuses"
    __table_args__ = (UniqueConstraint("lifecycle_id", "name"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    lifecycle_id: Mapped[int] = mapped_column(ForeignKey("lifecycles.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    stored_label: Mapped[str] = mapped_column("label", String(60))
    category: Mapped[Category]
    colour: Mapped[Colour] = mapped_column(default=lambda given: _usual(given.get_current_parameters()))
    position: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None]  # history still names it; `StatusMove` says what its tickets get

    lifecycle: Mapped[Lifecycle] = relationship(back_populates="statuses")
    # The steps that a ticket of this status may take.
    steps: Mapped[list[Transition]] = relationship(
        foreign_keys="Transition.from_status_id", viewonly=True, lazy="select"
    )

    @property
    def next(self) -> list[Status]:
        """Where its tickets may go, in the lifecycle's order."""
        return sorted((step.end for step in self.steps), key=lambda status: (status.position, status.id))

    @property
    def label(self) -> str:
        """The label in the reader's language, where it is one of the seeded ones."""
        return gettext(self.stored_label)


class Transition(Model):
    """A step that is allowed. What is no row here is refused everywhere.

    `label` is what its button says, else the label of the status. It may be taken by whoever works on the
    ticket in one of the `roles` or of the teams, and by the requester where `by_requester`; `needs` are what
    it asks for: see `plan.PlannedStep`.
    """

    __tablename__ = "transitions"

    from_status_id: Mapped[int] = mapped_column(
        ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True
    )
    to_status_id: Mapped[int] = mapped_column(
        ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    label: Mapped[str] = mapped_column(String(60), default="", server_default="")
    roles: Mapped[list[str]] = mapped_column(
        ARRAY(String(20)),
        default=lambda: ["agent", "manager", "admin"],
        server_default=text("'{agent,manager,admin}'"),
    )
    team_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    by_requester: Mapped[bool] = mapped_column(default=False, server_default=false())
    needs: Mapped[list[str]] = mapped_column(ARRAY(String(20)), default=list, server_default=text("'{}'"))

    end: Mapped[Status] = relationship(
        foreign_keys=to_status_id, viewonly=True, lazy="joined", innerjoin=True
    )


def _usual(given: dict[str, Any]) -> Colour:
    return USUAL_COLOUR[given["category"]]


# The labels that are seeded, named here so that translators find them.
SEEDED_LABELS = (_l("Open"), _l("In progress"), _l("Blocked"), _l("Closed"))
