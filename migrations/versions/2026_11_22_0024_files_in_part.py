"""How much of a file has arrived, so that its sender sees it and goes on.

Revision ID: 0024
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachments", sa.Column("arrived", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("attachments", "arrived")
