"""How long promises took: what forecasts are made of.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sla_pasts",
        sa.Column("sample", sa.String(length=120), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("began_with", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("is_met", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sample", "ticket_id", "began_with", name=op.f("pk_sla_pasts")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_sla_pasts_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_sla_pasts_ticket_id"), "sla_pasts", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("sla_pasts")
