"""What is known of somebody, handed out or taken away: long work, and what it leaves to decide."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.attachments.models import Attachment
from portal.extensions import Model
from portal.tickets.models import Comment, Ticket


class PersonJobKind(StrEnum):
    EXPORT = "export"
    ANONYMIZE = "anonymize"


class PersonJobState(StrEnum):
    """queued -> running -> done; failed after its last try, cancelled by whoever wanted it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return str(_LABELS[self])


_LABELS = {
    PersonJobState.QUEUED: _l("Waiting"),
    PersonJobState.RUNNING: _l("Being done"),
    PersonJobState.DONE: _l("Done"),
    PersonJobState.FAILED: _l("Failed"),
    PersonJobState.CANCELLED: _l("Cancelled"),
}
OPEN = text("state IN ('queued', 'running')")


class PersonJob(Model):
    """An export of what is known of somebody, or their anonymizing: at most one open of each person.

    `step` and `after` say where to go on when a worker dies in the middle. `sought`
    holds what an anonymizing looks for, and is emptied when it has found all;
    nothing else keeps it.
    """

    __tablename__ = "person_jobs"
    __table_args__ = (
        Index("uq_person_jobs_open", "person_id", unique=True, postgresql_where=OPEN),
        Index("ix_person_jobs_person_id_id", "person_id", "id"),
        Index("ix_person_jobs_open", "id", postgresql_where=OPEN),
        Index("ix_person_jobs_kept", "expires_at", postgresql_where=text("result_key IS NOT NULL")),
        CheckConstraint("done >= 0 AND total >= 0", name="progress"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[PersonJobKind]
    state: Mapped[PersonJobState] = mapped_column(default=PersonJobState.QUEUED)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    step: Mapped[str] = mapped_column(String(80), default="")
    after: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    sought: Mapped[dict | None] = mapped_column(JSONB)
    counts: Mapped[dict] = mapped_column(JSONB, default=dict)  # what came of it, by table
    result_key: Mapped[str | None] = mapped_column(String(200))
    result_size: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]  # when the result is removed

    person: Mapped[User] = relationship(foreign_keys=[person_id])
    started_by: Mapped[User] = relationship(foreign_keys=[started_by_id])

    @property
    def is_open(self) -> bool:
        return self.state in {PersonJobState.QUEUED, PersonJobState.RUNNING}

    @property
    def is_export(self) -> bool:
        return self.kind is PersonJobKind.EXPORT

    @property
    def expected_at(self) -> datetime | None:
        """When it is done if it goes on as so far; None before that can be told."""
        if not self.is_open or not 0 < self.done < self.total:
            return None
        so_far = clock.now() - self.created_at
        return clock.now() + so_far * (self.total - self.done) / self.done

    @property
    def has_result(self) -> bool:
        return self.result_key is not None


class Place(StrEnum):
    TITLE = "title"
    DESCRIPTION = "description"
    COMMENT = "comment"
    FILE = "file"

    @property
    def label(self) -> str:
        return str(_PLACES[self])


_PLACES = {
    Place.TITLE: _l("Title"),
    Place.DESCRIPTION: _l("Description"),
    Place.COMMENT: _l("Reply or note"),
    Place.FILE: _l("Name of a file"),
}


class Decision(StrEnum):
    KEPT = "kept"
    REPLACED = "replaced"


class Mention(Model):
    """A text that may still name somebody who was anonymized, until a person has decided.

    Where in the text is kept, and what the text was then by its digest; never the name itself.
    """

    __tablename__ = "mentions"
    __table_args__ = (
        Index("ix_mentions_job_id_id", "job_id", "id"),
        Index("ix_mentions_undecided", "job_id", "id", postgresql_where=text("decision IS NULL")),
        Index("ix_mentions_ticket_id", "ticket_id"),
        Index("ix_mentions_comment_id", "comment_id"),
        Index("ix_mentions_attachment_id", "attachment_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("person_jobs.id", ondelete="CASCADE"))
    place: Mapped[Place]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id", ondelete="CASCADE"))
    spans: Mapped[list] = mapped_column(JSONB)  # pairs of first letter and the one behind the last
    text_digest: Mapped[str] = mapped_column(String(64))
    decision: Mapped[Decision | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]

    job: Mapped[PersonJob] = relationship()
    ticket: Mapped[Ticket] = relationship()
    comment: Mapped[Comment | None] = relationship()
    attachment: Mapped[Attachment | None] = relationship()
