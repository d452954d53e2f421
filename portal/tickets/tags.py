"""Tags: words that the desk puts on tickets, and what may be one."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Identity, String
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import Model
from portal.web.forms import tidy

LONGEST = 40  # characters of a name
MOST = 20  # tags of one ticket
RESERVED = frozenset({"none"})  # a filter means by it that there is none
QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»‹›")


class Tag(Model):
    """A word on tickets (`tickets.tag_ids`). Requesters neither see nor set any.

    `merged_into_id` is the tag that has taken its place. Its row stays: tickets and
    events of before still name it, and whoever types its name means the other one.
    """

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST), unique=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: an import
    created_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class NoTag(ValueError):
    """This is no name of a tag; the message says why, fit to show at its field."""


def tag_name(typed: str) -> str:
    """The name as it is kept: NFC, small letters, nothing unseen, no blanks around it. Raises NoTag."""
    name = plain(typed)
    if not name:
        raise NoTag(_("A tag needs a letter, a digit or a sign."))
    if len(name) > LONGEST:
        raise NoTag(_("“%(name)s…” is too long: a tag has at most %(max)d characters.",
                      name=name[:20], max=LONGEST))  # fmt: skip
    if "," in name or QUOTES & set(name) or any(unicodedata.category(sign) in {"Cs", "Cc"} for sign in name):
        raise NoTag(_("“%(name)s” cannot be a tag: leave out commas, quotation marks and control characters.",
                      name=name))  # fmt: skip
    if name in RESERVED:
        raise NoTag(_("“%(name)s” cannot be a tag: filters mean by it that there is none.", name=name))
    return name


def plain(typed: str) -> str:
    """The same letters, however they were typed."""
    small = unicodedata.normalize("NFC", typed).lower()
    return unicodedata.normalize("NFC", tidy(small) or "")


def tag_names(typed: str) -> list[str]:
    """The names between the commas, each once. Raises NoTag."""
    return unique(part for part in typed.split(",") if part.strip())


def unique(parts) -> list[str]:
    """Raises NoTag for one that is none, and for too many."""
    names = list(dict.fromkeys(tag_name(part) for part in parts))
    refuse_too_many(names)
    return names


def refuse_too_many(names: list) -> None:
    if len(names) > MOST:
        raise NoTag(_("A ticket has at most %(max)d tags; these are %(count)d.", max=MOST, count=len(names)))
