"""Rules that are tried on what has happened, and an index by which the events of some days are found.

Revision ID: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OUTCOMES = "'ran', 'no', 'unseen', 'stopped', 'twice', 'deep', 'failed', 'broken'"


def upgrade() -> None:
    op.create_table(
        "rule_trials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("reader_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("told", JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('trigger', 'scheduled', 'macro')", name=op.f("ck_rule_trials_rulekind")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_rule_trials_trialstate"),
        ),
        sa.CheckConstraint("step IN ('looking', 'playing')", name=op.f("ck_rule_trials_trialstep")),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["users.id"], name=op.f("fk_rule_trials_reader_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rules.id"], name=op.f("fk_rule_trials_rule_id_rules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_trials")),
        sa.UniqueConstraint("public_id", name=op.f("uq_rule_trials_public_id")),
    )
    op.create_index(op.f("ix_rule_trials_reader_id"), "rule_trials", ["reader_id"])
    op.create_index(op.f("ix_rule_trials_rule_id"), "rule_trials", ["rule_id"])
    op.create_index(
        "ix_rule_trials_due", "rule_trials", ["id"], postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.create_index("ix_rule_trials_created_at", "rule_trials", ["created_at"])
    _cases()
    op.create_index("ix_events_created_at", "events", ["created_at"], postgresql_using="brin")


def _cases() -> None:
    op.create_table(
        "rule_trial_cases",
        sa.Column("trial_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("came_back", sa.Boolean(), nullable=False),
        sa.Column("deeds", JSONB(), nullable=False),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f("ck_rule_trial_cases_outcome")),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["rule_trials.id"],
            name=op.f("fk_rule_trial_cases_trial_id_rule_trials"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_rule_trial_cases_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("trial_id", "position", name=op.f("pk_rule_trial_cases")),
    )
    op.create_index(op.f("ix_rule_trial_cases_ticket_id"), "rule_trial_cases", ["ticket_id"])


def downgrade() -> None:
    op.drop_index("ix_events_created_at", table_name="events")
    op.drop_table("rule_trial_cases")
    op.drop_table("rule_trials")
