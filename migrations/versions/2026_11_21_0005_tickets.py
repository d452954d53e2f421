"""Tickets, who is concerned by them, comments and drafts.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_drafts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("user_id", "scope", name=op.f("uq_drafts_user_id_scope")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("made", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("description_html", sa.String(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "incident",
                "request",
                "question",
                "problem",
                "change",
                "task",
                name="tickettype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority_rank",
            sa.SmallInteger(),
            sa.Computed(
                "CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("status_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status_category",
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
        sa.Column(
            "status_rank",
            sa.SmallInteger(),
            sa.Computed(
                "CASE status_category WHEN 'new' THEN 1 WHEN 'active' THEN 2 WHEN 'waiting' THEN 3 ELSE 4 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "waiting_for",
            sa.Enum(
                "requester",
                "supplier",
                "approval",
                "other",
                name="waitingfor",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("reply_count", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple', key || ' ' || title || ' ' || left(description, 100000))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_tickets_number")),
        sa.CheckConstraint("version > 0", name=op.f("ck_tickets_version")),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_tickets_assignee_id")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["ticket_categories.id"], name=op.f("fk_tickets_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_tickets_organization_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tickets_project_id")),
        sa.ForeignKeyConstraint(["requester_id"], ["users.id"], name=op.f("fk_tickets_requester_id")),
        sa.ForeignKeyConstraint(["status_id"], ["statuses.id"], name=op.f("fk_tickets_status_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_tickets_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("key", name=op.f("uq_tickets_key")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_tickets_project_id_number")),
    )
    op.create_index("ix_tickets_assignee", "tickets", ["assignee_id", "updated_at", "id"], unique=False)
    op.create_index("ix_tickets_category", "tickets", ["category_id", "id"], unique=False)
    op.create_index(
        "ix_tickets_closed",
        "tickets",
        ["closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("ix_tickets_created", "tickets", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_tickets_open_created",
        "tickets",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_facts",
        "tickets",
        ["team_id", "status_id", "priority_rank", "assignee_id", "is_confidential"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_id",
        "tickets",
        ["id"],
        unique=False,
        postgresql_include=["team_id", "status_id", "priority_rank", "assignee_id", "is_confidential"],
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_priority",
        "tickets",
        ["priority_rank", "id"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_project",
        "tickets",
        ["project_id", "updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_status",
        "tickets",
        ["status_rank", "id"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index(
        "ix_tickets_open_updated",
        "tickets",
        ["updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.create_index("ix_tickets_priority", "tickets", ["priority_rank", "id"], unique=False)
    op.create_index("ix_tickets_project", "tickets", ["project_id", "updated_at", "id"], unique=False)
    op.create_index("ix_tickets_requester", "tickets", ["requester_id", "updated_at", "id"], unique=False)
    op.create_index("ix_tickets_search", "tickets", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_tickets_status", "tickets", ["status_rank", "id"], unique=False)
    op.create_index(
        "ix_tickets_team",
        "tickets",
        ["team_id", "updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("NOT is_confidential"),
    )
    op.create_index(
        "ix_tickets_unassigned",
        "tickets",
        ["updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("assignee_id IS NULL AND status_category <> 'done'"),
    )
    op.create_index("ix_tickets_updated", "tickets", ["updated_at", "id"], unique=False)
    # A status says its category: without knowing it, PostgreSQL takes "open and blocked" for rare.
    op.execute("CREATE STATISTICS st_tickets_status (mcv) ON status_id, status_category FROM tickets")
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple', left(body, 100000))", persisted=True),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_comments_author_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_comments_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comments_public_id")),
    )
    op.create_index("ix_comments_search", "comments", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_comments_ticket_id_id", "comments", ["ticket_id", "id"], unique=False)
    op.create_table(
        "external_tickets",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_external_tickets_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source", "external_id", name=op.f("pk_external_tickets")),
    )
    op.create_index(op.f("ix_external_tickets_ticket_id"), "external_tickets", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_people",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "part",
            sa.Enum(
                "requester",
                "assignee",
                "watcher",
                name="part",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_people_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ticket_people_user_id")),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", "part", name=op.f("pk_ticket_people")),
    )
    op.create_index("ix_ticket_people_ticket_id", "ticket_people", ["ticket_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_ticket_people_ticket_id", table_name="ticket_people")
    op.drop_table("ticket_people")
    op.drop_index(op.f("ix_external_tickets_ticket_id"), table_name="external_tickets")
    op.drop_table("external_tickets")
    op.drop_index("ix_comments_ticket_id_id", table_name="comments")
    op.drop_index("ix_comments_search", table_name="comments", postgresql_using="gin")
    op.drop_table("comments")
    op.execute("DROP STATISTICS st_tickets_status")
    op.drop_index("ix_tickets_updated", table_name="tickets")
    op.drop_index(
        "ix_tickets_unassigned",
        table_name="tickets",
        postgresql_where=sa.text("assignee_id IS NULL AND status_category <> 'done'"),
    )
    op.drop_index("ix_tickets_team", table_name="tickets", postgresql_where=sa.text("NOT is_confidential"))
    op.drop_index("ix_tickets_status", table_name="tickets")
    op.drop_index("ix_tickets_search", table_name="tickets", postgresql_using="gin")
    op.drop_index("ix_tickets_requester", table_name="tickets")
    op.drop_index("ix_tickets_project", table_name="tickets")
    op.drop_index("ix_tickets_priority", table_name="tickets")
    op.drop_index(
        "ix_tickets_open_updated", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index(
        "ix_tickets_open_status", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index(
        "ix_tickets_open_priority",
        table_name="tickets",
        postgresql_where=sa.text("status_category <> 'done'"),
    )
    op.drop_index(
        "ix_tickets_open_created", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index(
        "ix_tickets_open_project", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index(
        "ix_tickets_open_id", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index(
        "ix_tickets_open_facts", table_name="tickets", postgresql_where=sa.text("status_category <> 'done'")
    )
    op.drop_index("ix_tickets_created", table_name="tickets")
    op.drop_index(
        "ix_tickets_closed", table_name="tickets", postgresql_where=sa.text("closed_at IS NOT NULL")
    )
    op.drop_index("ix_tickets_category", table_name="tickets")
    op.drop_index("ix_tickets_assignee", table_name="tickets")
    op.drop_table("tickets")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("drafts")
