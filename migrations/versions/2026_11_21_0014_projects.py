"""Who leads a project and who works in it; agents who work only in projects they are members of.

The indexes of open tickets know the project, so that what is shut to a reader is left out
of their counts without reading the tickets themselves.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("status_category <> 'done'")
FACTS = ["team_id", "status_id", "priority_rank", "assignee_id", "is_confidential"]


def upgrade() -> None:
    op.add_column("users", sa.Column("is_limited", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("projects", sa.Column("lead_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "projects", sa.Column("members_only", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_foreign_key(
        op.f("fk_projects_lead_id"), "projects", "users", ["lead_id"], ["id"], ondelete="SET NULL"
    )
    op.create_table(
        "project_members",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_members_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_project_members_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "project_id", name=op.f("pk_project_members")),
    )
    op.create_index(op.f("ix_project_members_project_id"), "project_members", ["project_id"], unique=False)
    _index_open_by([*FACTS, "project_id"])


def _index_open_by(facts: list[str]) -> None:
    op.drop_index("ix_tickets_open_facts", table_name="tickets")
    op.drop_index("ix_tickets_open_id", table_name="tickets")
    op.create_index("ix_tickets_open_facts", "tickets", facts, postgresql_where=OPEN)
    op.create_index("ix_tickets_open_id", "tickets", ["id"], postgresql_where=OPEN, postgresql_include=facts)


def downgrade() -> None:
    _index_open_by(FACTS)
    op.drop_index(op.f("ix_project_members_project_id"), table_name="project_members")
    op.drop_table("project_members")
    op.drop_constraint(op.f("fk_projects_lead_id"), "projects", type_="foreignkey")
    op.drop_column("projects", "members_only")
    op.drop_column("projects", "lead_id")
    op.drop_column("users", "is_limited")
