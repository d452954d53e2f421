"""Names of files that may still name somebody are left to decide, too.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PLACES = "ck_mentions_place"


def upgrade() -> None:
    op.add_column("mentions", sa.Column("attachment_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_mentions_attachment_id"),
        "mentions",
        "attachments",
        ["attachment_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index("ix_mentions_attachment_id", "mentions", ["attachment_id"])
    op.drop_constraint(op.f(PLACES), "mentions", type_="check")
    op.create_check_constraint(
        op.f(PLACES), "mentions", "place IN ('title', 'description', 'comment', 'file')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM mentions WHERE place = 'file'")
    op.drop_constraint(op.f(PLACES), "mentions", type_="check")
    op.create_check_constraint(op.f(PLACES), "mentions", "place IN ('title', 'description', 'comment')")
    op.drop_column("mentions", "attachment_id")
