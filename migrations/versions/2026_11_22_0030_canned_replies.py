"""Texts that answer often, kept by one person or shared with a team or everyone.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sort_name", sa.String(length=120), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(owner_id, team_id) <= 1", name=op.f("ck_canned_replies_place")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_canned_replies_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_canned_replies_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_canned_replies_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_canned_replies_changed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("public_id", name=op.f("uq_canned_replies_public_id")),
    )
    for place, columns, where in (
        ("owner", ["owner_id"], "owner_id IS NOT NULL"),
        ("team", ["team_id"], "team_id IS NOT NULL"),
        ("everyone", [], "owner_id IS NULL AND team_id IS NULL"),
    ):
        op.create_index(
            f"uq_canned_replies_{place}",
            "canned_replies",
            [*columns, sa.text("lower(name)")],
            unique=True,
            postgresql_where=sa.text(where),
        )
    op.create_index("ix_canned_replies_sort_name", "canned_replies", ["sort_name", "id"])
    op.create_index(op.f("ix_canned_replies_project_id"), "canned_replies", ["project_id"])


def downgrade() -> None:
    op.drop_table("canned_replies")
