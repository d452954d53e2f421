"""The inbox of tickets on which nobody has decided yet, and how tickets end that are not solved.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# What somebody has decided, and what nobody has touched. What is done has no row written anew.
UNTOUCHED = """
    UPDATE tickets SET inbox_since = created_at
    WHERE status_category = 'new' AND assignee_id IS NULL AND merged_into_id IS NULL
        AND NOT EXISTS (
            SELECT FROM events JOIN users ON users.id = actor_id
            WHERE ticket_id = tickets.id AND actor_id <> requester_id AND users.role <> 'employee'
                AND kind IN ('ticket.assigned', 'ticket.status_changed', 'comment.added')
        )
"""


def upgrade() -> None:
    op.add_column("tickets", sa.Column("inbox_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "tickets",
        sa.Column("snoozed_for_answer", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("tickets", sa.Column("outcome", sa.String(length=40), nullable=True))
    op.execute(UNTOUCHED)
    op.create_index(
        "ix_tickets_inbox",
        "tickets",
        ["created_at", "id"],
        postgresql_where=sa.text("inbox_since IS NOT NULL AND status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_snoozed",
        "tickets",
        ["snoozed_until"],
        postgresql_where=sa.text("snoozed_until IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_tickets_snoozed"),
        "tickets",
        "inbox_since IS NOT NULL OR (snoozed_until IS NULL AND NOT snoozed_for_answer)",
    )
    op.create_check_constraint(op.f("ck_tickets_outcome"), "tickets", "outcome IN ('declined', 'withdrawn')")
    op.create_check_constraint(
        op.f("ck_tickets_ended"), "tickets", "outcome IS NULL OR status_category = 'done'"
    )


def downgrade() -> None:
    for name in ("outcome", "snoozed_for_answer", "snoozed_until", "inbox_since"):
        op.drop_column("tickets", name)
