"""What is searched: a row for each text of a ticket."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Identity, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model


class TextKind(StrEnum):
    TICKET = "ticket"  # its key, subject, tags and description
    COMMENT = "comment"
    FILE = "file"  # the name of one that is clean


class SearchText(Model):
    """The words of a ticket, a comment or the name of a file, in its own form and with their stems.

    Triggers of the database write these rows, in the transaction of the change (see the
    migration); nothing else does. `home_id` is the ticket in which `ticket_id` goes on, if
    that was merged, and otherwise the same. A row gets a new id whenever its text changes.
    """

    __tablename__ = "search_texts"
    __table_args__ = (
        Index("ix_search_texts_home_id", "home_id"),
        Index("ix_search_texts_words", "words", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[TextKind]
    source_id: Mapped[int]
    ticket_id: Mapped[int]
    home_id: Mapped[int]
    is_internal: Mapped[bool]
    words: Mapped[str] = mapped_column(TSVECTOR, deferred=True)
