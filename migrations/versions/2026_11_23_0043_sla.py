"""Service levels: calendars, policies, their versions, and the clocks of tickets.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

DUE = sa.text("COALESCE(sla_due_at, '9999-12-31 00:00:00+00'::timestamp with time zone)")
OPEN = sa.text("status_category <> 'done' AND hidden_as IS NULL")
PARENTS = {"sla_calendars": "calendar_id", "sla_policies": "policy_id"}


def upgrade() -> None:
    op.create_table("sla_calendars", *_named("sla_calendars"))
    op.create_table(
        "sla_policies",
        *_named("sla_policies"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
    )
    op.create_table("sla_calendar_versions", *_version("sla_calendar_versions", "sla_calendars"))
    op.create_table(
        "sla_policy_versions",
        *_version("sla_policy_versions", "sla_policies"),
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        _refers("sla_policy_versions", "calendar_id", "sla_calendars"),
    )
    for name, column in (
        ("sla_calendar_versions", "changed_by_id"),
        ("sla_policy_versions", "changed_by_id"),
        ("sla_policy_versions", "calendar_id"),
    ):
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])
    _create_clocks()
    _create_notices()
    op.create_table(
        "sla_recounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("after_id", "checked", "changed")),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("changed <= checked", name=op.f("ck_sla_recounts_changed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_recounts")),
    )
    op.create_index(
        "ix_sla_recounts_open", "sla_recounts", ["id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.add_column("tickets", sa.Column("sla_state", sa.String(length=40), nullable=True))
    op.add_column("tickets", sa.Column("sla_target", sa.String(length=20), nullable=True))
    op.add_column("tickets", sa.Column("sla_warn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tickets", sa.Column("sla_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_tickets_slastate"), "tickets", "sla_state IN ('running', 'paused', 'kept', 'missed')"
    )
    op.create_index("ix_tickets_open_sla", "tickets", [DUE, "id"], postgresql_where=OPEN)
    op.create_index("ix_tickets_sla", "tickets", [DUE, "id"])


def downgrade() -> None:
    op.drop_index("ix_tickets_sla", table_name="tickets")
    op.drop_index("ix_tickets_open_sla", table_name="tickets")
    op.drop_constraint(op.f("ck_tickets_slastate"), "tickets")
    for column in ("sla_due_at", "sla_warn_at", "sla_target", "sla_state"):
        op.drop_column("tickets", column)
    for table in (
        "sla_recounts",
        "sla_notices",
        "sla_clocks",
        "sla_policy_versions",
        "sla_calendar_versions",
        "sla_policies",
        "sla_calendars",
    ):
        op.drop_table(table)


def _named(table: str) -> list:
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("name", name=op.f(f"uq_{table}_name")),
    ]


def _version(table: str, parent: str) -> list:
    column = PARENTS[parent]
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(column, sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("definition", JSONB(), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(column, "number", name=op.f(f"uq_{table}_{column}_number")),
        _refers(table, column, parent, ondelete="CASCADE"),
        _refers(table, "changed_by_id", "users"),
    ]


def _refers(table: str, column: str, to: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _create_clocks() -> None:
    op.create_table(
        "sla_clocks",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_version_id", sa.BigInteger(), nullable=False),
        sa.Column("calendar_version_id", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("readings", JSONB(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_sla_clocks")),
        _refers("sla_clocks", "ticket_id", "tickets", ondelete="CASCADE"),
        _refers("sla_clocks", "policy_version_id", "sla_policy_versions"),
        _refers("sla_clocks", "calendar_version_id", "sla_calendar_versions"),
    )
    op.create_index(
        "ix_sla_clocks_next_at", "sla_clocks", ["next_at"], postgresql_where=sa.text("next_at IS NOT NULL")
    )
    for column in ("policy_version_id", "calendar_version_id"):
        op.create_index(op.f(f"ix_sla_clocks_{column}"), "sla_clocks", [column])


def _create_notices() -> None:
    targets = "target IN ('first_response', 'next_response', 'resolution')"
    op.create_table(
        "sla_notices",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_version_id", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("notice", sa.String(length=40), nullable=False),
        sa.Column("began_with", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(targets, name=op.f("ck_sla_notices_target")),
        sa.CheckConstraint("notice IN ('warning', 'breach')", name=op.f("ck_sla_notices_notice")),
        sa.PrimaryKeyConstraint(
            "ticket_id", "policy_version_id", "target", "notice", "began_with", name=op.f("pk_sla_notices")
        ),
        _refers("sla_notices", "ticket_id", "tickets", ondelete="CASCADE"),
        _refers("sla_notices", "policy_version_id", "sla_policy_versions", ondelete="CASCADE"),
    )
    op.create_index(op.f("ix_sla_notices_policy_version_id"), "sla_notices", ["policy_version_id"])
