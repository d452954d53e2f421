"""Lifecycles: statuses and the transitions between them.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lifecycles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycles")),
        sa.UniqueConstraint("name", name=op.f("uq_lifecycles_name")),
    )
    op.create_table(
        "statuses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lifecycle_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "new",
                "active",
                "waiting",
                "done",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lifecycle_id"], ["lifecycles.id"], name=op.f("fk_statuses_lifecycle_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statuses")),
        sa.UniqueConstraint("lifecycle_id", "name", name=op.f("uq_statuses_lifecycle_id_name")),
    )
    op.create_table(
        "transitions",
        sa.Column("from_status_id", sa.BigInteger(), nullable=False),
        sa.Column("to_status_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_status_id"],
            ["statuses.id"],
            name=op.f("fk_transitions_from_status_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_status_id"], ["statuses.id"], name=op.f("fk_transitions_to_status_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("from_status_id", "to_status_id", name=op.f("pk_transitions")),
    )
    op.create_index(op.f("ix_transitions_to_status_id"), "transitions", ["to_status_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_transitions_to_status_id"), table_name="transitions")
    op.drop_table("transitions")
    op.drop_table("statuses")
    op.drop_table("lifecycles")
