"""What somebody meant who has mistyped: words that really stand in texts that they may read."""

from collections.abc import Sequence

from sqlalchemy import func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.filters import And, Node, Word, words
from portal.search.models import SearchWord
from portal.search.ranking import Search

SHORTEST = 4  # letters; of fewer, everything is like everything
LONG = 6  # letters from which on two mistakes are made
LIKE = 50  # words of the same letters that are compared
TRIES = 4  # of the nearest, until one stands in a text that the reader may read
MOST = 3  # words of one search


def corrected(reader: User, tree: And) -> And | None:
    """The filter with the words that were perhaps meant, if the reader finds something with it.

    Each word that stands in no text of theirs gives way to the nearest one that does. What
    they may not read tells nothing: neither a word of it, nor that there is one.
    """
    instead = {word: _nearest(reader, word) for word in _unknown(reader, words(tree))}
    if not any(instead.values()):
        return None
    meant = And(tuple(_put(part, instead) for part in tree.parts))
    return meant if Search(reader, meant).is_there() else None


def _unknown(reader: User, asked: Sequence[str]) -> list[str]:
    candidates = [word for word in dict.fromkeys(asked) if len(word) >= SHORTEST and word.isalpha()]
    return [word for word in candidates[:MOST] if not _stands(reader, word)]


def _nearest(reader: User, word: str) -> str | None:
    return next((like for like in _like(word)[:TRIES] if _stands(reader, like)), None)


def _stands(reader: User, word: str) -> bool:
    return Search(reader, And((Word(word),)), goes_on=False).is_there()


def _like(word: str) -> list[str]:
    """Known words with few letters changed, the nearest first, and of these the most frequent."""
    typed = func.unaccent(word.lower())
    alike = SearchWord.folded.op("%", is_comparison=True)(typed)
    found = (
        select(SearchWord.word, SearchWord.folded, SearchWord.texts, typed)
        .where(alike)
        .order_by(func.similarity(SearchWord.folded, typed).desc(), SearchWord.texts.desc())
        .limit(LIKE)
    )
    allowed = 2 if len(word) >= LONG else 1
    near = [
        (mistakes, -texts, like)
        for like, folded, texts, meant in db.session.execute(found)
        if 0 < (mistakes := distance(meant, folded)) <= allowed
    ]
    return [like for _, _, like in sorted(near)]


def distance(one: str, other: str) -> int:
    """How many letters are missing, too many, wrong, or have changed places with the next."""
    before, row = [0] * (len(other) + 1), [*range(len(other) + 1)]
    for at, letter in enumerate(one, 1):
        last, before, row = before, row, [at]
        for there, its in enumerate(other, 1):
            cost = min(row[-1] + 1, before[there] + 1, before[there - 1] + (letter != its))
            if at > 1 < there and letter == other[there - 2] and one[at - 2] == its:
                cost = min(cost, last[there - 2] + 1)
            row.append(cost)
    return row[-1]


def _put(part: Node, instead: dict[str, str | None]) -> Node:
    match part:
        case Word(text):
            return Word(instead.get(text) or text)
        case _:
            return part
