"""Indexes for the board's columns and for people who ask very much.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

OPEN = sa.text("status_category <> 'done'")


def upgrade() -> None:
    op.create_index(
        "ix_tickets_open_requester", "tickets", ["requester_id", "waiting_for"], postgresql_where=OPEN
    )
    op.create_index(
        "ix_tickets_open_of_status", "tickets", ["status_id", "updated_at", "id"], postgresql_where=OPEN
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_open_of_status", "tickets")
    op.drop_index("ix_tickets_open_requester", "tickets")
