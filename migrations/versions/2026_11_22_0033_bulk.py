"""What is done to many tickets at once, and what became of each.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

COUNTS = ("total", "changed", "unchanged", "refused", "undone", "kept", "attempts")


def upgrade() -> None:
    op.create_table(
        "bulk_operations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("what", postgresql.JSONB(), nullable=False),
        sa.Column("filter", sa.String(), nullable=True),
        sa.Column("place", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("undo_event_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'cancelled', 'undoing', 'undone')",
            name=op.f("ck_bulk_operations_state"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_bulk_operations_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_bulk_operations_event_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["undo_event_id"],
            ["events.id"],
            name=op.f("fk_bulk_operations_undo_event_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_operations")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bulk_operations_public_id")),
    )
    op.create_index("ix_bulk_operations_owner_id", "bulk_operations", ["owner_id", "id"])
    op.create_index(
        "ix_bulk_operations_due",
        "bulk_operations",
        ["id"],
        postgresql_where=sa.text("state IN ('running', 'undoing')"),
    )
    op.create_index("ix_bulk_operations_event_id", "bulk_operations", ["event_id"])
    op.create_index("ix_bulk_operations_undo_event_id", "bulk_operations", ["undo_event_id"])
    op.create_table(
        "bulk_items",
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("version_after", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('pending', 'changed', 'unchanged', 'refused', 'undone', 'kept')",
            name=op.f("ck_bulk_items_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"],
            ["bulk_operations.id"],
            name=op.f("fk_bulk_items_operation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_bulk_items_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation_id", "ticket_id", name=op.f("pk_bulk_items")),
    )
    op.create_index("ix_bulk_items_position", "bulk_items", ["operation_id", "position"])
    op.create_index("ix_bulk_items_outcome", "bulk_items", ["operation_id", "outcome", "position"])
    op.create_index("ix_bulk_items_ticket_id", "bulk_items", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("bulk_items")
    op.drop_table("bulk_operations")
