"""The words that really occur, and how far they have been collected."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model

LONGEST = 40  # letters of a word; what is longer is nobody's typing


class SearchWord(Model):
    """A word that stood in a text: it may be what somebody meant who has mistyped.

    Whether it stands in a text that they may see is asked when it is needed. `folded` is the
    word without accents; `texts`, in how many it was seen.
    """

    __tablename__ = "search_words"
    __table_args__ = (
        Index(
            "ix_search_words_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    folded: Mapped[str] = mapped_column(String(2 * LONGEST))
    texts: Mapped[int]


class SearchProgress(Model):
    """One row: up to which text the words were collected, and up to which word those that are gone
    were forgotten."""

    __tablename__ = "search_progress"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text_id: Mapped[int]
    word: Mapped[str] = mapped_column(String(LONGEST))
