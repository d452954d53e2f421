"""Where audited events came from, and the indexes by which the audit log is searched and shortened.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AUDITED = sa.text(
    "(ticket_id IS NULL OR kind IN ('ticket.participant_added', 'ticket.participant_removed',"
    " 'ticket.confidentiality_changed', 'ticket.moved'))"
)
WORDS = "jsonb_to_tsvector('simple', data, '[\"string\", \"numeric\"]')"


def upgrade() -> None:
    op.add_column("events", sa.Column("address", sa.String(length=64), nullable=True))
    op.execute(
        "UPDATE events SET address = left(data ->> 'address', 64), data = data - 'address'"
        " WHERE ticket_id IS NULL AND data ? 'address'"
    )
    op.drop_index("ix_events_audit", table_name="events")
    op.drop_index("ix_events_actor_id_id", table_name="events")
    op.create_index("ix_events_audit", "events", ["created_at", "id"], postgresql_where=AUDITED)
    op.create_index(
        "ix_events_audit_kind", "events", ["kind", "created_at", "id"], postgresql_where=AUDITED
    )
    op.create_index("ix_events_audit_actor", "events", ["actor_id", "created_at", "id"], postgresql_where=AUDITED)
    op.create_index(
        "ix_events_audit_address",
        "events",
        ["address", "created_at", "id"],
        postgresql_where=AUDITED,
        postgresql_ops={"address": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_events_audit_words", "events", [sa.text(WORDS)], postgresql_using="gin", postgresql_where=AUDITED
    )
    op.create_index(
        "ix_events_cause_id", "events", ["cause_id"], postgresql_where=sa.text("cause_id IS NOT NULL")
    )


def downgrade() -> None:
    """From where people asked for what is a ticket's history was not kept before, nor is it afterwards."""
    for name in ("cause_id", "audit_words", "audit_address", "audit_actor", "audit_kind", "audit"):
        op.drop_index(f"ix_events_{name}", table_name="events")
    op.create_index("ix_events_audit", "events", ["id"], postgresql_where=AUDITED)
    op.create_index(
        "ix_events_actor_id_id", "events", ["actor_id", "id"], postgresql_where=sa.text("ticket_id IS NULL")
    )
    op.execute(
        "UPDATE events SET data = data || jsonb_build_object('address', address)"
        " WHERE ticket_id IS NULL AND address IS NOT NULL"
    )
    op.drop_column("events", "address")
