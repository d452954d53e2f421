"""Participants of a ticket, and the keys that moved tickets had before.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PART = "ck_ticket_people_part"
OF_THE_DESK = "ticket_id IS NULL"
AUDITED = (
    "(ticket_id IS NULL OR kind IN ('ticket.participant_added', 'ticket.participant_removed',"
    " 'ticket.confidentiality_changed', 'ticket.moved'))"
)


def upgrade() -> None:
    op.drop_constraint(op.f(PART), "ticket_people", type_="check")
    op.create_check_constraint(
        op.f(PART), "ticket_people", "part IN ('requester', 'participant', 'assignee', 'watcher')"
    )
    op.create_table(
        "ticket_keys",
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_keys_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ticket_keys")),
    )
    op.create_index(op.f("ix_ticket_keys_ticket_id"), "ticket_keys", ["ticket_id"], unique=False)
    _audit_by(AUDITED)


def _audit_by(condition: str) -> None:
    op.drop_index("ix_events_audit", table_name="events")
    op.create_index("ix_events_audit", "events", ["id"], postgresql_where=sa.text(condition))


def downgrade() -> None:
    _audit_by(OF_THE_DESK)
    op.drop_index(op.f("ix_ticket_keys_ticket_id"), table_name="ticket_keys")
    op.drop_table("ticket_keys")
    op.execute("DELETE FROM ticket_people WHERE part = 'participant'")
    op.drop_constraint(op.f(PART), "ticket_people", type_="check")
    op.create_check_constraint(op.f(PART), "ticket_people", "part IN ('requester', 'assignee', 'watcher')")
