"""Files that the store has changed, and whose pictures are whose.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BEFORE = ("encrypted", "limits", "mismatch", "damaged")
PICTURES = ("thumbnail_key", "preview_key")


def upgrade() -> None:
    _allow((*BEFORE, "changed"))
    for column in PICTURES:
        op.create_index(
            f"ix_attachments_{column}",
            "attachments",
            [column],
            unique=False,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    for column in PICTURES:
        op.drop_index(f"ix_attachments_{column}", table_name="attachments")
    op.execute("UPDATE attachments SET reason = 'damaged' WHERE reason = 'changed'")
    _allow(BEFORE)


def _allow(reasons: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_attachments_reason"), "attachments", type_="check")
    listed = ", ".join(f"'{reason}'" for reason in reasons)
    op.create_check_constraint(op.f("ck_attachments_reason"), "attachments", f"reason IN ({listed})")
