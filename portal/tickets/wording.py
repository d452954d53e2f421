"""What words ask of a text, as PostgreSQL reads it: in which forms they may stand there.

A word by itself is looked for as it is written, and by its English and its German
stem. Several words in quotation marks stand there just so, side by side. Accents and
large letters make no difference.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import TSQUERY

from portal.extensions import db
from portal.memory import Remembered
from portal.tickets.tags import Tag, plain

SHORTEST = 3  # letters that a word begins with; of fewer, too many begin so
SIMPLE: ColumnElement[str] = literal_column("'desk_simple'::regconfig")
ENGLISH: ColumnElement[str] = literal_column("'desk_en'::regconfig")
GERMAN: ColumnElement[str] = literal_column("'desk_de'::regconfig")
_BLANKS = str.maketrans(dict.fromkeys("/\\<>", " "))
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True)
class Wanted:
    """Words that all stand in one text, and for each the ids of the tags that are called so.

    The ids are empty where the tags of a ticket must tell nothing. With `goes_on`, the last
    word may be the beginning of one.
    """

    words: tuple[str, ...]
    tags: tuple[tuple[int, ...], ...]
    goes_on: bool = False

    @classmethod
    def of(cls, words: Sequence[str], *, with_tags: bool = False, goes_on: bool = False) -> "Wanted":
        tags = tuple(tags_with(word) if with_tags else () for word in words)
        return cls(tuple(words), tags, goes_on)

    @property
    def untagged(self) -> "Wanted":
        return replace(self, tags=tuple(() for _ in self.words))

    @property
    def has_tags(self) -> bool:
        return any(self.tags)

    @property
    def query(self) -> ColumnElement[Any]:
        """As `@@` takes it: a constant, so that PostgreSQL knows how many texts to expect."""
        return _constant(self.all_of)

    @property
    def any_query(self) -> ColumnElement[Any]:
        """Each of the words by itself: what is marked where they stand."""
        return _constant(self.any_of)

    @property
    def given(self) -> dict[str, str]:
        """For a statement that was made with `WantedLater`."""
        return {"wanted": self.all_of, "untagged": self.untagged.all_of, "marks": self.any_of}

    @property
    def all_of(self) -> str:
        return " & ".join(self.forms())

    @property
    def any_of(self) -> str:
        return " | ".join(self.untagged.forms())

    def forms(self) -> Iterable[str]:
        last = len(self.words) - 1
        for at, (word, tags) in enumerate(zip(self.words, self.tags, strict=True)):
            forms = [*_forms_of(_parted(word), _bare(word)), *(f"'#{tag_id}'" for tag_id in tags)]
            if not forms:  # nothing of it is a word to PostgreSQL
                continue
            if self.goes_on and at == last and can_go_on(word):
                forms[0] += ":*"
            yield "({})".format(" | ".join(forms))


@dataclass(frozen=True)
class WantedLater:
    """Takes the place of `Wanted` in a statement that is made once and executed for many words, which
    `Wanted.given` are then."""

    has_tags: bool
    name: str = "wanted"

    @property
    def untagged(self) -> "WantedLater":
        return WantedLater(has_tags=False, name="untagged")

    @property
    def query(self) -> ColumnElement[Any]:
        return cast(bindparam(self.name, type_=Text), TSQUERY)

    @property
    def any_query(self) -> ColumnElement[Any]:
        return cast(bindparam("marks", type_=Text), TSQUERY)


def exactly(text: str) -> ColumnElement[Any]:
    """All its words side by side, as they are written."""
    return func.phraseto_tsquery(SIMPLE, _parted(text))


def can_go_on(word: str) -> bool:
    """Whether it may be the beginning of a word."""
    bare = _bare(word)
    return bare.isalnum() and len(bare) >= SHORTEST


def _read_forms(parted: str, bare: str) -> tuple[str, ...]:
    """Each once, as PostgreSQL writes them: a form twice costs twice with every text."""
    asked = [cast(func.phraseto_tsquery(SIMPLE, parted), Text)]
    if bare.isalnum():
        asked += [cast(func.plainto_tsquery(stems, bare), Text) for stems in (ENGLISH, GERMAN)]
    forms = db.session.execute(select(*asked)).one()
    return tuple(form if "&" not in form else f"({form})" for form in dict.fromkeys(forms) if form)


_forms_of = Remembered(_read_forms, models=(), life=300.0)


def _constant(query: str) -> ColumnElement[Any]:
    return cast(literal(query, Text), TSQUERY)


def _bare(word: str) -> str:
    return _EDGES.sub("", word)


def _parted(text: str) -> str:
    """With blanks for the signs that are blanks in the texts that are searched, too."""
    return text.translate(_BLANKS)


def tags_with(word: str) -> tuple[int, ...]:
    """The ids that mean a tag in whose name the word stands, of those merged into it or out of it too."""
    called, known = plain(word), _known()
    meant = {into or tag_id for tag_id, name, into in known if f" {called} " in f" {name} "}
    return tuple(tag_id for tag_id, _, into in known if (into or tag_id) in meant)


def _read_tags() -> tuple[tuple[int, str, int | None], ...]:
    rows = db.session.execute(select(Tag.id, Tag.name, Tag.merged_into_id).order_by(Tag.id))
    return tuple((row.id, row.name, row.merged_into_id) for row in rows)


_known = Remembered(_read_tags, models=(Tag,))
