"""Tags of tickets, and by when a ticket is to be done.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DUE = sa.text("COALESCE(due_at, '9999-12-31 00:00:00+00'::timestamp with time zone)")
OPEN = sa.text("status_category <> 'done'")


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_tags_created_by_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["tags.id"], name=op.f("fk_tags_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
    )
    op.create_index("ix_tags_merged_into_id", "tags", ["merged_into_id"])
    # Constants, so that no row is written anew.
    op.add_column(
        "tickets",
        sa.Column("tag_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("tickets", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_tickets_tags", "tickets", ["tag_ids"], postgresql_using="gin")
    op.create_index("ix_tickets_due", "tickets", [DUE, "id"])
    op.create_index("ix_tickets_open_due", "tickets", [DUE, "id"], postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_tickets_open_due", table_name="tickets")
    op.drop_index("ix_tickets_due", table_name="tickets")
    op.drop_index("ix_tickets_tags", table_name="tickets")
    op.drop_column("tickets", "due_at")
    op.drop_column("tickets", "tag_ids")
    op.drop_table("tags")
