"""Versions and drafts of lifecycles; colours of statuses; who may take a step, and what it asks for.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

COLOURS = ("blue", "violet", "amber", "green", "grey", "red", "orange", "slate")


def upgrade() -> None:
    op.add_column(
        "lifecycles", sa.Column("description", sa.String(length=500), server_default="", nullable=False)
    )
    op.add_column("lifecycles", sa.Column("number", sa.BigInteger(), server_default="1", nullable=False))
    colour = sa.Enum(*COLOURS, name="colour", native_enum=False, create_constraint=True, length=40)
    op.add_column("statuses", sa.Column("colour", colour, nullable=True))
    op.execute(
        "UPDATE statuses SET colour = CASE category WHEN 'new' THEN 'blue' WHEN 'active' THEN 'violet'"
        " WHEN 'waiting' THEN 'amber' ELSE 'grey' END"
    )
    op.alter_column("statuses", "colour", nullable=False)
    op.add_column("statuses", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    for column in (
        sa.Column("label", sa.String(length=60), server_default="", nullable=False),
        sa.Column(
            "roles",
            postgresql.ARRAY(sa.String(length=20)),
            server_default=sa.text("'{agent,manager,admin}'"),
            nullable=False,
        ),
        sa.Column(
            "team_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("by_requester", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "needs", postgresql.ARRAY(sa.String(length=20)), server_default=sa.text("'{}'"), nullable=False
        ),
    ):
        op.add_column("transitions", column)
    _create_versions()
    _create_drafts()
    _create_moves()
    _keep_what_stands()


def _create_versions() -> None:
    op.create_table(
        "lifecycle_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lifecycle_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("published_by_id", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["lifecycle_id"],
            ["lifecycles.id"],
            name=op.f("fk_lifecycle_versions_lifecycle_id_lifecycles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["users.id"],
            name=op.f("fk_lifecycle_versions_published_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_versions")),
        sa.UniqueConstraint("lifecycle_id", "number", name=op.f("uq_lifecycle_versions_lifecycle_id_number")),
    )


def _create_drafts() -> None:
    op.create_table(
        "lifecycle_drafts",
        sa.Column("lifecycle_id", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("based_on", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["lifecycle_id"],
            ["lifecycles.id"],
            name=op.f("fk_lifecycle_drafts_lifecycle_id_lifecycles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["users.id"],
            name=op.f("fk_lifecycle_drafts_changed_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("lifecycle_id", name=op.f("pk_lifecycle_drafts")),
    )


def _create_moves() -> None:
    op.create_table(
        "status_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("from_status_id", sa.BigInteger(), nullable=False),
        sa.Column("to_status_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_status_moves_{column}_{table}"), ondelete=ends
            )
            for column, table, ends in (
                ("project_id", "projects", "CASCADE"),
                ("from_status_id", "statuses", "CASCADE"),
                ("to_status_id", "statuses", "CASCADE"),
                ("event_id", "events", "SET NULL"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_moves")),
    )
    op.create_index("ix_status_moves_from_status_id", "status_moves", ["from_status_id", "id"])
    for column in ("project_id", "to_status_id"):
        op.create_index(f"ix_status_moves_{column}", "status_moves", [column])


def _keep_what_stands() -> None:
    """As the first version of each lifecycle, in the form in which `portal.lifecycles.plan` writes it."""
    op.execute("""
        INSERT INTO lifecycle_versions (lifecycle_id, number, content, published_at)
        SELECT lifecycles.id, 1, jsonb_build_object(
            'statuses', coalesce((
                SELECT jsonb_agg(
                    jsonb_build_object('name', name, 'label', label, 'category', category, 'colour', colour)
                    ORDER BY position, id
                ) FROM statuses WHERE lifecycle_id = lifecycles.id
            ), '[]'),
            'steps', coalesce((
                SELECT jsonb_agg(
                    jsonb_build_object('from', start.name, 'to', goal.name)
                    ORDER BY start.position, start.id, goal.position, goal.id
                )
                FROM transitions
                JOIN statuses start ON start.id = from_status_id
                JOIN statuses goal ON goal.id = to_status_id
                WHERE start.lifecycle_id = lifecycles.id
            ), '[]')
        ), now()
        FROM lifecycles
    """)


def downgrade() -> None:
    op.drop_table("status_moves")
    op.drop_table("lifecycle_drafts")
    op.drop_table("lifecycle_versions")
    for name in ("needs", "by_requester", "team_ids", "roles", "label"):
        op.drop_column("transitions", name)
    op.drop_column("statuses", "removed_at")
    op.drop_column("statuses", "colour")
    op.drop_column("lifecycles", "number")
    op.drop_column("lifecycles", "description")
