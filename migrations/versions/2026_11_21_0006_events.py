"""Events, and their deliveries to what follows.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("cause_id", sa.BigInteger(), nullable=True),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_events_actor_id")),
        sa.ForeignKeyConstraint(["cause_id"], ["events.id"], name=op.f("fk_events_cause_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_events_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(
        "ix_events_actor_id_id",
        "events",
        ["actor_id", "id"],
        unique=False,
        postgresql_where=sa.text("ticket_id IS NULL"),
    )
    op.create_index(
        "ix_events_audit", "events", ["id"], unique=False, postgresql_where=sa.text("ticket_id IS NULL")
    )
    op.create_index("ix_events_ticket_id_id", "events", ["ticket_id", "id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("reaction", sa.String(length=60), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "done",
                "failed",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_deliveries_event_id")),
        sa.PrimaryKeyConstraint("event_id", "reaction", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["event_id", "reaction"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_deliveries_due_ticket",
        "deliveries",
        ["ticket_id", "reaction", "event_id"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_deliveries_failed",
        "deliveries",
        ["reaction", "event_id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_deliveries_failed", table_name="deliveries", postgresql_where=sa.text("state = 'failed'")
    )
    op.drop_index(
        "ix_deliveries_due_ticket", table_name="deliveries", postgresql_where=sa.text("state = 'due'")
    )
    op.drop_index("ix_deliveries_due", table_name="deliveries", postgresql_where=sa.text("state = 'due'"))
    op.drop_table("deliveries")
    op.drop_index("ix_events_ticket_id_id", table_name="events")
    op.drop_index("ix_events_audit", table_name="events", postgresql_where=sa.text("ticket_id IS NULL"))
    op.drop_index("ix_events_actor_id_id", table_name="events", postgresql_where=sa.text("ticket_id IS NULL"))
    op.drop_table("events")
