"""Saved views of the queue, and what people have chosen for others.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.String(), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("shared_with", sa.String(length=40), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("shared_with IN ('nobody', 'team', 'everyone')", name=op.f("ck_views_sharing")),
        sa.CheckConstraint("(shared_with = 'team') = (team_id IS NOT NULL)", name=op.f("ck_views_team")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_views_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_views_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_views")),
        sa.UniqueConstraint("public_id", name=op.f("uq_views_public_id")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_views_owner_id_name")),
    )
    op.create_index("ix_views_shared", "views", ["shared_with", "team_id"])
    op.create_index("ix_views_team_id", "views", ["team_id"])
    op.create_table(
        "view_choices",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("view", sa.String(length=24), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=True),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_view_choices_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "view", name=op.f("pk_view_choices")),
    )


def downgrade() -> None:
    op.drop_table("view_choices")
    op.drop_table("views")
