"""Files that people send: where they are on their way to being served, and what is still to be removed."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import User
from portal.extensions import Model
from portal.tickets.models import Comment, Ticket

PART_SIZE = 16 * 1024 * 1024  # bytes of each part of a large file but the last
IN_PARTS = PART_SIZE  # a file above that comes in parts: each has its time, and proxies let it through
SLOW_TO_SCAN = 64 * 1024 * 1024  # bytes; files above that wait behind each other


class State(StrEnum):
    """Where a file is. Only what is CLEAN is ever served."""

    PENDING = "PENDING"  # announced; it may be on its way
    UPLOADED = "UPLOADED"  # it is in the quarantine, and waits for the scanner
    SCANNING = "SCANNING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    UNSCANNABLE = "UNSCANNABLE"  # the scanner could not look at all of it, or it is not what its name says
    FAILED = "FAILED"  # it made the scan itself fail, again and again
    EXPIRED = "EXPIRED"  # it never came, or not whole

    @property
    def label(self) -> str:
        return str(_LABELS[self])

    @property
    def is_on_its_way(self) -> bool:
        return self in {State.PENDING, State.UPLOADED, State.SCANNING}

    @property
    def waits_for_scan(self) -> bool:
        return self in {State.UPLOADED, State.SCANNING}


_LABELS = {
    State.PENDING: _l("Waiting for the file"),
    State.UPLOADED: _l("Checking for viruses"),
    State.SCANNING: _l("Checking for viruses"),
    State.CLEAN: _l("Ready"),
    State.INFECTED: _l("Blocked"),
    State.UNSCANNABLE: _l("Could not be checked"),
    State.FAILED: _l("The check failed"),
    State.EXPIRED: _l("Did not arrive"),
}


class Reason(StrEnum):
    """Why a file is not served, where its state does not say it all."""

    ENCRYPTED = "encrypted"
    LIMITS = "limits"  # too large, too deep or too many for the scanner
    MISMATCH = "mismatch"  # its content is not what its name and its sender say
    DAMAGED = "damaged"  # what arrived is not what was sent
    CHANGED = "changed"  # what the store has now is not what was checked


class Attachment(Model):
    """A file of a ticket, or of what somebody has half written (`draft`, which only they see).

    `comment_id` is the reply or note that it came with. `object_key` is where the browser
    put it, in the quarantine; `clean_key`, where what was scanned is served from: no browser
    can write there. `sha256` and `size` are of exactly the bytes that were scanned.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint("num_nonnulls(ticket_id, draft) <= 1", name="owner"),
        CheckConstraint("comment_id IS NULL OR ticket_id IS NOT NULL", name="comment"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(scanned_status = 'CLEAN') = (clean_key IS NOT NULL)", name="clean"),
        CheckConstraint("scanned_status <> 'CLEAN' OR sha256 IS NOT NULL", name="hashed"),
        Index("ix_attachments_ticket_id", "ticket_id", "id"),
        Index("ix_attachments_draft", "uploader_id", "draft", postgresql_where=text("draft IS NOT NULL")),
        Index("ix_attachments_scanned_status", "scanned_status", "id"),
        Index("ix_attachments_uploader_id", "uploader_id", "created_at"),
        Index("ix_attachments_scanned_at", "scanned_at", postgresql_where=text("scanned_status = 'CLEAN'")),
        *(
            Index(f"ix_attachments_{key}", key, postgresql_where=text(f"{key} IS NOT NULL"))
            for key in ("thumbnail_key", "preview_key")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True, default=lambda: secrets.token_urlsafe(16))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    draft: Mapped[str | None] = mapped_column(String(40))  # "new", "7:reply", "7:note": the ticket's id
    is_internal: Mapped[bool] = mapped_column(default=False)
    uploader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    original_filename: Mapped[str] = mapped_column(String(255))
    mime: Mapped[str] = mapped_column(String(120))  # as the sender says
    size: Mapped[int]  # bytes
    scanned_status: Mapped[State] = mapped_column(default=State.PENDING)
    reason: Mapped[Reason | None]
    object_key: Mapped[str] = mapped_column(
        String(80), unique=True, default=lambda: f"q/{secrets.token_urlsafe(24)}"
    )
    upload_id: Mapped[str | None] = mapped_column(String(400))  # of the store, while it comes in parts
    # Of each part, by the sender; while it comes, as far as it is known.
    announced_sha256: Mapped[list[str | None] | None] = mapped_column(ARRAY(String(64)))
    arrived: Mapped[int] = mapped_column(default=0, server_default="0")  # bytes of parts, as last seen
    clean_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    sniffed: Mapped[str | None] = mapped_column(String(120))  # what its content is
    found: Mapped[str | None] = mapped_column(String(200))  # by the scanner
    engine: Mapped[str | None] = mapped_column(String(80))
    signatures: Mapped[str | None] = mapped_column(String(80))  # None: those for tests alone
    thumbnail_key: Mapped[str | None] = mapped_column(String(80))
    preview_key: Mapped[str | None] = mapped_column(String(80))
    has_excerpt: Mapped[bool] = mapped_column(default=False)
    excerpt: Mapped[str | None] = mapped_column(deferred=True)  # the beginning of a text
    attempts: Mapped[int] = mapped_column(default=0)  # to scan it
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
    expires_at: Mapped[datetime]  # until when it may arrive
    uploaded_at: Mapped[datetime | None]  # since when it waits for the scanner
    scanned_at: Mapped[datetime | None]
    release_asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    release_reason: Mapped[str | None] = mapped_column(String(500))

    ticket: Mapped[Ticket | None] = relationship()
    comment: Mapped[Comment | None] = relationship()
    uploader: Mapped[User] = relationship(foreign_keys=[uploader_id])
    release_asked_by: Mapped[User | None] = relationship(foreign_keys=[release_asked_by_id])
    released_by: Mapped[User | None] = relationship(foreign_keys=[released_by_id])

    @property
    def state(self) -> State:
        return self.scanned_status

    @property
    def is_in_parts(self) -> bool:
        return self.size > IN_PARTS

    @property
    def parts_known(self) -> set[int]:
        """The numbers of those whose SHA-256 its sender has said."""
        return {number for number, known in enumerate(self.announced_sha256 or [], 1) if known}

    @property
    def goes_on(self) -> bool:
        """Whether its sender, who sees it, may go on with what has arrived of it."""
        return self.state is State.PENDING and self.is_in_parts and self.draft is not None

    @property
    def seen_as(self) -> str:
        """What a row shows is another once this is another."""
        return f"{self.state.value}:{self.arrived}" if self.goes_on else self.state.value

    @property
    def is_slow_to_scan(self) -> bool:
        return self.size > SLOW_TO_SCAN

    @property
    def part_sizes(self) -> list[int]:
        """In bytes, of each part in order; of a small file there is one."""
        if not self.is_in_parts:
            return [self.size]
        whole, rest = divmod(self.size, PART_SIZE)
        return [PART_SIZE] * whole + ([rest] if rest else [])


class Discarded(Model):
    """An object of the store that nothing refers to any more: removed by a job, tried until it is gone.

    With an `upload_id` not the object, but the parts of that upload.
    """

    __tablename__ = "discarded_objects"
    __table_args__ = (Index("ix_discarded_objects_available_at", "available_at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    area: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(80))
    upload_id: Mapped[str | None] = mapped_column(String(400))
    available_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())
