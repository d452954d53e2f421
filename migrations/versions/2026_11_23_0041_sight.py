"""An index that tells who sees a ticket, so that a search need not read the tickets that it passes.

Revision ID: 0041
Revises: 0040
"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_tickets_sight",
        "tickets",
        ["id"],
        postgresql_include=["team_id", "project_id", "is_confidential", "hidden_as", "merged_into_id"],
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_sight", table_name="tickets")
