"""A ticket may follow up on another that was closed long ago.

Going down, such links become plain ones.

Revision ID: 0035
Revises: 0034
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NAME = "ck_ticket_links_linkkind"
BEFORE = ("relates_to", "blocks", "duplicates", "caused_by", "child_of")


def upgrade() -> None:
    _allow(*BEFORE, "follows")


def downgrade() -> None:
    op.execute("""
        INSERT INTO ticket_links (from_id, to_id, kind, made_by_id, made_at)
        SELECT least(from_id, to_id), greatest(from_id, to_id), 'relates_to', made_by_id, made_at
        FROM ticket_links WHERE kind = 'follows'
        ON CONFLICT DO NOTHING
    """)
    op.execute("DELETE FROM ticket_links WHERE kind = 'follows'")
    _allow(*BEFORE)


def _allow(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f(NAME), "ticket_links", type_="check")
    op.create_check_constraint(op.f(NAME), "ticket_links", f"kind IN ({listed})")
