"""Automation rules: their versions, where they have run, what they have answered, and whose turn it is.

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("project_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("triggers", JSONB(), nullable=False),
        sa.Column("filter", sa.String(), nullable=False),
        sa.Column("actions", JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("last_run_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("armed_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_rules_version")),
        sa.CheckConstraint("kind IN ('trigger', 'scheduled', 'macro')", name=op.f("ck_rules_rulekind")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_rules_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
    )
    op.create_index("uq_rules_name", "rules", [sa.text("lower(name)")], unique=True)
    op.create_index("ix_rules_position", "rules", ["position", "id"])
    op.create_index(op.f("ix_rules_owner_id"), "rules", ["owner_id"])
    _versions()
    _runs()
    _moments()
    _turns()


def _versions() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_rule_versions_changed_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rules.id"], name=op.f("fk_rule_versions_rule_id_rules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_rule_versions")),
    )


def _runs() -> None:
    op.create_table(
        "rule_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_rule_runs_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rules.id"], name=op.f("fk_rule_runs_rule_id_rules"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rule_runs_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_runs")),
    )
    op.create_index("uq_rule_runs_chain", "rule_runs", ["ticket_id", "root_id", "rule_id"], unique=True)
    op.create_index("ix_rule_runs_event_id", "rule_runs", ["event_id"])
    op.create_index(op.f("ix_rule_runs_rule_id"), "rule_runs", ["rule_id"])
    op.create_index("ix_rule_runs_created_at", "rule_runs", ["created_at"])
    op.create_table(
        "rule_traces",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("answers", JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_rule_traces_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rule_traces_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_traces")),
    )
    op.create_index("uq_rule_traces_event_id", "rule_traces", ["event_id"], unique=True)
    op.create_index("ix_rule_traces_ticket_id", "rule_traces", ["ticket_id", "event_id"])
    op.create_index("ix_rule_traces_created_at", "rule_traces", ["created_at"])


def _moments() -> None:
    op.create_table(
        "rule_moments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("counted_from", MOMENT, nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state IN ('due', 'done')", name=op.f("ck_rule_moments_momentstate")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rules.id"], name=op.f("fk_rule_moments_rule_id_rules"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rule_moments_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_moments")),
    )
    op.create_index("uq_rule_moments_due", "rule_moments", ["ticket_id", "rule_id", "due_at"], unique=True)
    op.create_index(op.f("ix_rule_moments_rule_id"), "rule_moments", ["rule_id"])
    op.create_index(
        "ix_rule_moments_waiting", "rule_moments", ["due_at", "id"], postgresql_where=sa.text("state = 'due'")
    )
    op.create_index(
        "ix_rule_moments_over", "rule_moments", ["due_at"], postgresql_where=sa.text("state = 'done'")
    )


def _turns() -> None:
    op.create_table(
        "rule_turns",
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_rule_turns_team_id_teams"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rule_turns_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_rule_turns")),
    )
    op.create_index(op.f("ix_rule_turns_user_id"), "rule_turns", ["user_id"])


def downgrade() -> None:
    for table in ("rule_turns", "rule_moments", "rule_traces", "rule_runs", "rule_versions", "rules"):
        op.drop_table(table)
