"""Pictures of people, and what rings their bell.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("picture_digest", sa.String(length=32), nullable=True))
    op.add_column(
        "users",
        sa.Column(
            "quiet_about",
            postgresql.ARRAY(sa.String(length=40)),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_table(
        "pictures",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "ready",
                "infected",
                "unreadable",
                name="picturestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sent", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=True),
        sa.CheckConstraint("(sent IS NOT NULL) = (state = 'waiting')", name=op.f("ck_pictures_sent")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_pictures_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_pictures")),
    )
    op.create_index("ix_pictures_digest", "pictures", ["digest"])
    op.create_index(
        "ix_pictures_waiting", "pictures", ["sent_at"], postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    op.drop_table("pictures")
    op.drop_column("users", "quiet_about")
    op.drop_column("users", "picture_digest")
