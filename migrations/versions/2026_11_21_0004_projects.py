"""Projects, the counters of their keys, and categories.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("lifecycle_id", sa.BigInteger(), nullable=False),
        sa.Column("default_team_id", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("key ~ '^[A-Z][A-Z0-9]{1,9}$'", name=op.f("ck_projects_key")),
        sa.ForeignKeyConstraint(["default_team_id"], ["teams.id"], name=op.f("fk_projects_default_team_id")),
        sa.ForeignKeyConstraint(["lifecycle_id"], ["lifecycles.id"], name=op.f("fk_projects_lifecycle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("key", name=op.f("uq_projects_key")),
    )
    op.create_table(
        "project_counters",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_counters_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_counters")),
    )
    op.create_table(
        "ticket_categories",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ticket_categories_project_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_ticket_categories_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_categories")),
    )
    op.create_index(
        op.f("ix_ticket_categories_project_id"), "ticket_categories", ["project_id"], unique=False
    )
    op.create_index(
        "uq_ticket_categories_name",
        "ticket_categories",
        [sa.literal_column("lower(name)"), sa.literal_column("coalesce(project_id, 0)")],
        unique=True,
    )


def downgrade() -> None:
    op.drop_index("uq_ticket_categories_name", table_name="ticket_categories")
    op.drop_index(op.f("ix_ticket_categories_project_id"), table_name="ticket_categories")
    op.drop_table("ticket_categories")
    op.drop_table("project_counters")
    op.drop_table("projects")
