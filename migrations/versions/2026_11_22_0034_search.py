"""What is searched: a row for each text, with its words as they stand, their English and their German stems.

Triggers keep the rows, so that nothing that writes a text can forget to. Needs the extensions
unaccent and pg_trgm, which belong to PostgreSQL; the owner of a database may create them.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

LANGUAGES = {"desk_simple": "simple", "desk_en": "english_stem", "desk_de": "german_stem"}
TABLES = {  # what a trigger looks at, and which columns of it
    "tickets": "key, title, description, tag_ids, merged_into_id",
    "comments": "body, is_internal, ticket_id",
    "attachments": "original_filename, scanned_status, is_internal, ticket_id",
}

# Of one text of at most 256 kB. What a text holds beyond what PostgreSQL can keep is left out: a text
# too long to be found must not be too long to be sent. A slash parts words, or the parser would take
# them for the name of a file; without angle brackets it does not pass over what it takes for scripts.
VECTOR = """
CREATE FUNCTION search_vector(said text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_catalog AS $$
DECLARE
    plain tsvector;
BEGIN
    IF octet_length(said) > 262144 THEN
        said := left(said, (262144 * length(said)::bigint / octet_length(said))::integer);
    END IF;
    said := translate(said, '/\\<>', '    ');
    plain := to_tsvector('desk_simple', said);
    RETURN setweight(
        plain || ts_delete(
            to_tsvector('desk_en', said) || to_tsvector('desk_de', said), tsvector_to_array(plain)
        ),
        weight
    );
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN search_vector(left(said, length(said) / 2), weight);
END
$$
"""
# Tags stand there by their ids, so that one that is renamed or merged is found at once.
OF_TICKET = """
CREATE FUNCTION search_of_ticket(key text, title text, tag_ids bigint[], description text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_catalog AS $$
DECLARE
    tags text;
BEGIN
    SELECT string_agg(format('''#%s''\\:1B', id), ' ') INTO tags FROM unnest(tag_ids) id;
    RETURN search_vector(key || ' ' || title, 'A') || coalesce(tags, '')::tsvector
        || search_vector(description, 'C');
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN search_of_ticket(key, title, tag_ids, left(description, length(description) / 2));
END
$$
"""
OF_FILE = """
CREATE FUNCTION search_of_file(name text) RETURNS tsvector
LANGUAGE sql IMMUTABLE SET search_path = public, pg_catalog AS $$
    SELECT search_vector(name || ' ' || translate(name, '._-', '   '), 'D')
$$
"""
FILL = """
CREATE FUNCTION search_fill() RETURNS void
LANGUAGE sql SET search_path = public, pg_catalog AS $$
    INSERT INTO search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
    SELECT 'ticket', id, id, coalesce(merged_into_id, id), false,
        search_of_ticket(key, title, tag_ids, description)
    FROM tickets;
    INSERT INTO search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
    SELECT 'comment', c.id, c.ticket_id, coalesce(t.merged_into_id, t.id), c.is_internal,
        search_vector(c.body, 'D')
    FROM comments c JOIN tickets t ON t.id = c.ticket_id;
    INSERT INTO search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
    SELECT 'file', a.id, a.ticket_id, coalesce(t.merged_into_id, t.id), a.is_internal,
        search_of_file(a.original_filename)
    FROM attachments a JOIN tickets t ON t.id = a.ticket_id WHERE a.scanned_status = 'CLEAN'
$$
"""
FORGET = """
CREATE FUNCTION search_forget(what text, source bigint, of_ticket bigint) RETURNS void
LANGUAGE sql SET search_path = public, pg_catalog AS $$
    DELETE FROM search_texts s USING tickets t
    WHERE t.id = of_ticket AND s.home_id = coalesce(t.merged_into_id, t.id)
        AND s.ticket_id = of_ticket AND s.kind = what AND s.source_id = source
$$
"""
KEEP = """
CREATE FUNCTION search_keep(what text, source bigint, of_ticket bigint, internal boolean, said tsvector)
RETURNS void
LANGUAGE sql SET search_path = public, pg_catalog AS $$
    INSERT INTO search_texts (kind, source_id, ticket_id, home_id, is_internal, words)
    SELECT what, source, t.id, coalesce(t.merged_into_id, t.id), internal, said
    FROM tickets t WHERE t.id = of_ticket
$$
"""
KEEP_TICKETS = """
CREATE FUNCTION search_keep_tickets() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM search_texts WHERE home_id IN (OLD.id, OLD.merged_into_id) AND ticket_id = OLD.id;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id THEN
            UPDATE search_texts SET home_id = coalesce(NEW.merged_into_id, NEW.id)
            WHERE home_id = coalesce(OLD.merged_into_id, OLD.id) AND ticket_id = NEW.id;
        END IF;
        IF (NEW.key, NEW.title, NEW.tag_ids, NEW.description)
            IS NOT DISTINCT FROM (OLD.key, OLD.title, OLD.tag_ids, OLD.description) THEN
            RETURN NULL;
        END IF;
        PERFORM search_forget('ticket', NEW.id, NEW.id);
    END IF;
    PERFORM search_keep('ticket', NEW.id, NEW.id, false,
        search_of_ticket(NEW.key, NEW.title, NEW.tag_ids, NEW.description));
    RETURN NULL;
END
$$
"""
KEEP_COMMENTS = """
CREATE FUNCTION search_keep_comments() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM search_forget('comment', OLD.id, OLD.ticket_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM search_keep('comment', NEW.id, NEW.ticket_id, NEW.is_internal,
            search_vector(NEW.body, 'D'));
    END IF;
    RETURN NULL;
END
$$
"""
# Of a file that is checked and found clean; no other can be opened.
KEEP_ATTACHMENTS = """
CREATE FUNCTION search_keep_attachments() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.ticket_id IS NOT NULL THEN
        PERFORM search_forget('file', OLD.id, OLD.ticket_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.ticket_id IS NOT NULL AND NEW.scanned_status = 'CLEAN' THEN
        PERFORM search_keep('file', NEW.id, NEW.ticket_id, NEW.is_internal,
            search_of_file(NEW.original_filename));
    END IF;
    RETURN NULL;
END
$$
"""
FUNCTIONS = (VECTOR, OF_TICKET, OF_FILE, FILL, FORGET, KEEP, KEEP_TICKETS, KEEP_COMMENTS, KEEP_ATTACHMENTS)
NAMES = {  # of functions, the last made first
    "search_keep_attachments": "",
    "search_keep_comments": "",
    "search_keep_tickets": "",
    "search_keep": "text, bigint, bigint, boolean, tsvector",
    "search_forget": "text, bigint, bigint",
    "search_fill": "",
    "search_of_file": "text",
    "search_of_ticket": "text, text, bigint[], text",
    "search_vector": 'text, "char"',
}


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = 0")  # a large desk has millions of texts
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for name, stems in LANGUAGES.items():
        op.execute(f"CREATE TEXT SEARCH CONFIGURATION {name} (COPY = pg_catalog.simple)")
        change = f"ALTER TEXT SEARCH CONFIGURATION {name} ALTER MAPPING FOR"
        op.execute(f"{change} asciihword, asciiword, hword_asciipart WITH {stems}")
        op.execute(f"{change} hword, hword_part, word WITH unaccent, {stems}")
    op.create_table(
        "search_texts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.CheckConstraint("kind IN ('ticket', 'comment', 'file')", name=op.f("ck_search_texts_textkind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_texts")),
    )
    op.create_table(
        "search_words",
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("texts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_words")),
    )
    op.create_table(
        "search_progress",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text_id", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_search_progress_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_progress")),
    )
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("SELECT search_fill()")
    op.execute("SET LOCAL maintenance_work_mem = '256MB'")
    op.create_index("ix_search_texts_home_id", "search_texts", ["home_id"])
    op.create_index("ix_search_texts_words", "search_texts", ["words"], postgresql_using="gin")
    op.create_index(
        "ix_search_words_folded",
        "search_words",
        ["folded"],
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    for table, columns in TABLES.items():
        op.execute(
            f"CREATE TRIGGER search_keep AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION search_keep_{table}()"
        )
    op.execute("ANALYZE search_texts")
    for table in ("comments", "tickets"):
        op.drop_index(f"ix_{table}_search", table_name=table)
        op.drop_column(table, "search")


def downgrade() -> None:
    op.execute("SET LOCAL statement_timeout = 0")
    said = {
        "tickets": "key || ' ' || title || ' ' || left(description, 100000)",
        "comments": "left(body, 100000)",
    }
    for table, words in said.items():
        simple = sa.Computed(f"to_tsvector('simple', {words})", persisted=True)
        op.add_column(table, sa.Column("search", postgresql.TSVECTOR(), simple, nullable=False))
        op.create_index(f"ix_{table}_search", table, ["search"], postgresql_using="gin")
    for table in TABLES:
        op.execute(f"DROP TRIGGER search_keep ON {table}")
    for name, arguments in NAMES.items():
        op.execute(f"DROP FUNCTION {name}({arguments})")
    for table in ("search_progress", "search_words", "search_texts"):
        op.drop_table(table)
    for name in LANGUAGES:  # the extensions stay: others may use them
        op.execute(f"DROP TEXT SEARCH CONFIGURATION {name}")
