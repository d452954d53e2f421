"""Tickets that are deleted for good: the trace that remains of each, and the keys that nothing gets again.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_deletions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("comments", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["users.id"], name=op.f("fk_ticket_deletions_deleted_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ticket_deletions_project_id_projects")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_ticket_deletions_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_deletions")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_ticket_deletions_ticket_id")),
    )
    op.create_index(
        "ix_ticket_deletions_due",
        "ticket_deletions",
        ["id"],
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_table(
        "deleted_keys",
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("deletion_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deletion_id"],
            ["ticket_deletions.id"],
            name=op.f("fk_deleted_keys_deletion_id_ticket_deletions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deleted_keys")),
    )
    op.create_index(op.f("ix_deleted_keys_deletion_id"), "deleted_keys", ["deletion_id"])
    # What was written by an operation that is over stands on its tickets alone.
    op.execute("UPDATE bulk_operations SET what = what - 'body' WHERE what ? 'body' AND state <> 'running'")


def downgrade() -> None:
    op.drop_table("deleted_keys")
    op.drop_table("ticket_deletions")
