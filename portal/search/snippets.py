"""Where in a ticket the words stand: a few lines of its best text, the words marked.

What PostgreSQL gives back is what people wrote, with signs around the words that nobody types;
it becomes HTML here, and all that stands in it is escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, any_, bindparam, case, func, select, true

from portal.accounts.models import User
from portal.accounts.reader import Reader
from portal.attachments.models import Attachment
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, constant
from portal.search.ranking import texts_of
from portal.tickets.finding import rank_of, says, wanted_by
from portal.tickets.models import Comment, Ticket
from portal.tickets.texts import TextKind
from portal.tickets.vocabulary import shut_projects, vocabulary
from portal.tickets.wording import ENGLISH, GERMAN, SIMPLE, WantedLater

FIRST, LAST = "\ue000", "\ue001"  # around a word; of the range for private use
# In place of what the parser would take for the name of a file, or for a script that is passed over.
SIGNS, INSTEAD = "/\\<>", "\ue002\ue003\ue004\ue005"
BACK = str.maketrans(INSTEAD, SIGNS)
READ = 20_000  # characters of a text that are looked through
_MARKDOWN = re.compile(r"\*\*|~~|`+|^#{1,6} |\]\([^)\s]*\)|!?\[", re.MULTILINE)
_HOW = f'StartSel="{FIRST}", StopSel="{LAST}"'
LINES = f'{_HOW}, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" … "'
WHOLE = f"{_HOW}, HighlightAll=true"


@dataclass(frozen=True)
class Snippet:
    """`kind` is of the text in which the words stand."""

    kind: TextKind
    is_internal: bool
    title: Markup
    said: Markup


def snippets(reader: User, words: Sequence[str], ticket_ids: Sequence[int]) -> dict[int, Snippet]:
    """By ticket, of those that were found for the reader, who sees them."""
    if not ticket_ids:
        return {}
    wanted = wanted_by(reader, words, goes_on=True)
    shut = shut_projects(vocabulary(), reader)
    found = db.session.execute(
        _best_texts(Reader.of(reader), shut, wanted.has_tags),
        wanted.given | {"ids": list(ticket_ids)},
        execution_options=KEEPS_PLAN,
    )
    return {
        row.id: Snippet(TextKind(row.kind), row.is_internal, as_html(row.title), as_html(_plain(row.said)))
        for row in found
    }


@lru_cache(maxsize=256)
def _best_texts(reader: Reader, _shut: frozenset[int], has_tags: bool) -> Select:
    """Made once for a reader while the same projects are shut to them: putting it together takes longer
    than PostgreSQL needs for it. Its parameters are `Wanted.given` and the `ids` of tickets."""
    wanted, its = WantedLater(has_tags), texts_of(Ticket.id)
    best = (
        select(its.c.kind, its.c.is_internal, its.c.source_id)
        .where(says(wanted, reader, its.c))
        .order_by(rank_of(wanted, reader, its.c.words).desc(), its.c.id.desc())
        .limit(constant(1))
        .lateral("best")
    )
    marks = wanted.any_query
    return (
        select(
            Ticket.id,
            best.c.kind,
            best.c.is_internal,
            _marked(Ticket.title, marks, WHOLE).label("title"),
            _marked(_text_of(best.c), marks, LINES).label("said"),
        )
        .join(best, true())
        .where(Ticket.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    )


def as_html(marked: str) -> Markup:
    """With <mark> around the words; whatever else stands there is text."""
    safe = escape(marked.translate(BACK))
    return Markup(str(safe).replace(FIRST, "<mark>").replace(LAST, "</mark>"))  # noqa: S704, escaped above


def _plain(said: str) -> str:
    """Without the signs of Markdown, in one line."""
    return " ".join(_MARKDOWN.sub("", said).split())


def _text_of(best: Any) -> ColumnElement[str]:
    source = Ticket.__table__.alias("source")
    description = select(source.c.description).where(source.c.id == best.source_id)
    body = select(Comment.body).where(Comment.id == best.source_id)
    name = select(Attachment.original_filename).where(Attachment.id == best.source_id)
    return case(
        (best.kind == TextKind.TICKET, description.scalar_subquery()),
        (best.kind == TextKind.COMMENT, body.scalar_subquery()),
        else_=name.scalar_subquery(),
    )


def _marked(text: Any, marks: ColumnElement[Any], how: str) -> ColumnElement[str]:
    """In the language in which there is something to be marked: words are marked by their stems."""
    said = func.translate(func.left(text, READ), SIGNS + FIRST + LAST + INSTEAD, INSTEAD)
    holds = [
        (func.to_tsvector(language, said).op("@@", is_comparison=True)(marks), language)
        for language in (ENGLISH, GERMAN)
    ]
    return case(
        *((found, func.ts_headline(language, said, marks, how)) for found, language in holds),
        else_=func.ts_headline(SIMPLE, said, marks, how),
    )
