"""Tickets that belong together: links, and tickets that go on in another one.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KINDS = "kind IN ('relates_to', 'blocks', 'duplicates', 'caused_by', 'child_of')"
WAITS = "waiting_for IN ('requester', 'supplier', 'approval', 'other')"


def upgrade() -> None:
    _add_links()
    _add_merges()


def _add_links() -> None:
    op.create_table(
        "ticket_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_ticket_links_itself")),
        sa.CheckConstraint(KINDS, name=op.f("ck_ticket_links_linkkind")),
        sa.ForeignKeyConstraint(
            ["from_id"], ["tickets.id"], name=op.f("fk_ticket_links_from_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_id"], ["tickets.id"], name=op.f("fk_ticket_links_to_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name=op.f("fk_ticket_links_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_links")),
        sa.UniqueConstraint("from_id", "to_id", "kind", name=op.f("uq_ticket_links_from_id_to_id_kind")),
    )
    op.create_index(op.f("ix_ticket_links_to_id"), "ticket_links", ["to_id"])


def _add_merges() -> None:
    op.add_column("tickets", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_tickets_merged_into_id"), "tickets", "tickets", ["merged_into_id"], ["id"])
    op.create_index(
        "ix_tickets_merged_into_id",
        "tickets",
        ["merged_into_id"],
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_tickets_merged"),
        "tickets",
        "merged_into_id IS NULL OR (status_category = 'done' AND merged_into_id <> id)",
    )
    op.add_column("ticket_people", sa.Column("merged_from_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ticket_people_merged_from_id"), "ticket_people", "tickets", ["merged_from_id"], ["id"]
    )
    op.create_table(
        "ticket_merges",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("status_id", sa.BigInteger(), nullable=False),
        sa.Column("waiting_for", sa.String(length=40), nullable=True),
        sa.Column("merged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(WAITS, name=op.f("ck_ticket_merges_waitingfor")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_merges_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["into_id"], ["tickets.id"], name=op.f("fk_ticket_merges_into_id")),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name=op.f("fk_ticket_merges_status_id")),
        sa.ForeignKeyConstraint(["merged_by_id"], ["users.id"], name=op.f("fk_ticket_merges_merged_by_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_merges")),
    )
    op.create_index(op.f("ix_ticket_merges_into_id"), "ticket_merges", ["into_id"])


def downgrade() -> None:
    op.drop_table("ticket_merges")
    op.execute("DELETE FROM ticket_people WHERE merged_from_id IS NOT NULL")
    op.drop_column("ticket_people", "merged_from_id")
    op.drop_column("tickets", "merged_into_id")
    op.drop_table("ticket_links")
