"""Tickets that are hidden, as spam or to be deleted, who has sent spam, and mails that wait as long.

Indexes of open tickets leave out what is hidden, as all lists do: read by them alone, a count looks at
no ticket's row.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

FACTS = ["team_id", "status_id", "priority_rank", "assignee_id", "is_confidential", "project_id"]
DUE = sa.text("COALESCE(due_at, '9999-12-31 00:00:00+00'::timestamp with time zone)")
OPEN = "status_category <> 'done'"
SHOWN = " AND hidden_as IS NULL"
OF_OPEN = {
    "id": ["id"],
    "updated": ["updated_at", "id"],
    "created": ["created_at", "id"],
    "priority": ["priority_rank", "id"],
    "status": ["status_rank", "id"],
    "due": [DUE, "id"],
    "requester": ["requester_id", "waiting_for"],
    "of_status": ["status_id", "updated_at", "id"],
    "project": ["project_id", "updated_at", "id"],
    "facts": FACTS,
    "organization": ["organization_id", "updated_at", "id"],
}


def upgrade() -> None:
    op.add_column("tickets", sa.Column("hidden_as", sa.String(length=40), nullable=True))
    op.add_column("tickets", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("hidden_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_tickets_hidden_by_id_users"), "tickets", "users", ["hidden_by_id"], ["id"]
    )
    op.create_check_constraint(op.f("ck_tickets_hidden"), "tickets", "hidden_as IN ('spam', 'deleted')")
    op.create_check_constraint(
        op.f("ck_tickets_hiding"),
        "tickets",
        "(hidden_as IS NULL) = (hidden_at IS NULL) AND (hidden_as IS NULL OR merged_into_id IS NULL)",
    )
    _index_open(SHOWN)
    op.create_index(
        "ix_tickets_hidden",
        "tickets",
        ["updated_at", "id"],
        postgresql_where=sa.text("hidden_as IS NOT NULL"),
    )
    # Of a column that it knows nothing of, PostgreSQL expects that hardly a row has none.
    op.execute("ANALYZE tickets (hidden_as)")
    op.create_table(
        "spam_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("noted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["noted_by_id"], ["users.id"], name=op.f("fk_spam_notes_noted_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_spam_notes_ticket_id_tickets"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spam_notes")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_spam_notes_ticket_id")),
    )
    op.create_index("ix_spam_notes_address", "spam_notes", ["address", "noted_at"])
    op.add_column("mails", sa.Column("ticket_id", sa.BigInteger(), nullable=True))
    op.add_column("mails", sa.Column("withheld_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_mails_ticket_id_tickets"), "mails", "tickets", ["ticket_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(
        "ix_mails_ticket_id", "mails", ["ticket_id"], postgresql_where=sa.text("ticket_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_mails_ticket_id", table_name="mails")
    op.drop_column("mails", "withheld_at")
    op.drop_column("mails", "ticket_id")
    op.drop_table("spam_notes")
    op.drop_index("ix_tickets_hidden", table_name="tickets")
    _index_open("")
    for name in ("hidden_by_id", "hidden_at", "hidden_as"):
        op.drop_column("tickets", name)


def _index_open(shown: str) -> None:
    for name, columns in OF_OPEN.items():
        _index(f"ix_tickets_open_{name}", columns, OPEN + shown, include=FACTS if name == "id" else None)
    _index("ix_tickets_unassigned", ["updated_at", "id"], f"assignee_id IS NULL AND {OPEN}{shown}")
    _index("ix_tickets_inbox", ["created_at", "id"], f"inbox_since IS NOT NULL AND {OPEN}{shown}")


def _index(name: str, columns: list, which: str, *, include: list[str] | None = None) -> None:
    op.drop_index(name, table_name="tickets")
    more = {"postgresql_include": include} if include else {}
    op.create_index(name, "tickets", columns, postgresql_where=sa.text(which), **more)
