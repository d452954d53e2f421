"""The words that occur, by which a mistyped one is corrected: collected, and forgotten once they are gone."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from portal.extensions import db
from portal.search.models import LONGEST, SearchProgress, SearchWord

BATCH = 500  # texts or words of one transaction
RARE = 100  # texts; a word that was seen in more stands somewhere for sure

# Words as they are written, with their accents; no stems, which nobody writes.
_COLLECT = text(r"""
    WITH batch AS (
        SELECT id, kind, source_id FROM search_texts WHERE id > :after ORDER BY id LIMIT :size
    ), said AS (
        SELECT coalesce(t.title || ' ' || t.description, c.body, a.original_filename) words FROM batch
        LEFT JOIN tickets t ON batch.kind = 'ticket' AND t.id = batch.source_id
        LEFT JOIN comments c ON batch.kind = 'comment' AND c.id = batch.source_id
        LEFT JOIN attachments a ON batch.kind = 'file' AND a.id = batch.source_id
    ), counted AS (
        SELECT lexeme, count(*) texts
        FROM said, unnest(to_tsvector('simple', translate(left(words, 60000), '/\<>', '    ')))
        WHERE length(lexeme) BETWEEN 4 AND :longest AND lexeme !~ '[^[\:alpha\:]]' GROUP BY lexeme
    ), kept AS (
        INSERT INTO search_words (word, folded, texts)
        SELECT lexeme, unaccent(lexeme), texts FROM counted ORDER BY lexeme
        ON CONFLICT (word) DO UPDATE SET texts = search_words.texts + excluded.texts
    )
    SELECT max(id) FROM batch
""")


_IS_NOWHERE = text(
    "NOT EXISTS (SELECT 1 FROM search_texts"
    " WHERE search_texts.words @@ phraseto_tsquery('desk_simple', search_words.word))"
)


def collect() -> bool:
    """The words of the next texts; False where there are no more, or another is at it."""
    progress = _held()
    if progress is None:
        return False
    last = db.session.scalar(_COLLECT, {"after": progress.text_id, "size": BATCH, "longest": LONGEST})
    if last is None:
        return False
    progress.text_id = last
    db.session.flush()
    return True


def forget() -> bool:
    """Of the next words, those that stand in no text any more: what was erased leaves no word of it.

    False at the end of them all, from where it begins anew, or where another is at it.
    """
    progress = _held()
    if progress is None:
        return False
    following = select(SearchWord.word).where(SearchWord.word > progress.word).order_by(SearchWord.word)
    words = list(db.session.scalars(following.limit(BATCH)))
    db.session.execute(text("SET LOCAL enable_seqscan = off"))  # one look into the index for each
    gone = delete(SearchWord).where(SearchWord.word.in_(words), SearchWord.texts <= RARE, _IS_NOWHERE)
    db.session.execute(gone, execution_options={"synchronize_session": False})
    progress.word = words[-1] if len(words) == BATCH else ""
    db.session.flush()
    return len(words) == BATCH


def hold_words(connection: Connection) -> None:
    """Nobody collects words until this transaction ends."""
    connection.execute(select(SearchProgress.id).with_for_update())


def words_of_ticket(connection: Connection, ticket_id: int) -> list[str]:
    """Those that may have been collected of its texts, as they are or were."""
    return list(connection.scalars(_OF_TICKET, {"ticket_id": ticket_id, "longest": LONGEST}))


_OF_TICKET = text(r"""
    WITH said AS (
        SELECT to_tsvector('simple', translate(left(words, 60000), '/\<>', '    ')) said FROM (
            SELECT title || ' ' || description words FROM tickets WHERE id = :ticket_id
            UNION ALL SELECT body FROM comments WHERE ticket_id = :ticket_id
            UNION ALL SELECT original_filename FROM attachments WHERE ticket_id = :ticket_id
        ) texts
        UNION ALL
        SELECT jsonb_to_tsvector('simple', data, '["string"]') FROM events WHERE ticket_id = :ticket_id
    )
    SELECT DISTINCT lexeme FROM said, unnest(said.said) WHERE length(lexeme) <= :longest
""")


def forget_words(connection: Connection, words: Sequence[str]) -> None:
    """Of these, what stands in no text any more."""
    connection.execute(text("SET LOCAL enable_seqscan = off"))  # one look into the index for each
    for begin in range(0, len(words), BATCH):
        some = SearchWord.word.in_(words[begin : begin + BATCH])
        connection.execute(delete(SearchWord).where(some, _IS_NOWHERE))
    connection.execute(text("SET LOCAL enable_seqscan = on"))


def _held() -> SearchProgress | None:
    """How far it has come, ours until the commit."""
    first = insert(SearchProgress).values(id=1, text_id=0, word="")
    db.session.execute(first.on_conflict_do_nothing())
    free = select(SearchProgress).with_for_update(skip_locked=True)
    return db.session.scalar(free.execution_options(populate_existing=True))
