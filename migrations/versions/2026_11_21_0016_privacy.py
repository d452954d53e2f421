"""Exports of what is known of somebody, anonymizing, and what that leaves to decide.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.add_column("users", sa.Column("anonymized_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "person_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", _enum("personjobkind", "export", "anonymize"), nullable=False),
        sa.Column(
            "state",
            _enum("personjobstate", "queued", "running", "done", "failed", "cancelled"),
            nullable=False,
        ),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("started_by_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sought", postgresql.JSONB(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("result_key", sa.String(length=200), nullable=True),
        sa.Column("result_size", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=2000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("done >= 0 AND total >= 0", name=op.f("ck_person_jobs_progress")),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_person_jobs_person_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["users.id"], name=op.f("fk_person_jobs_started_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_jobs")),
    )
    op.create_index("uq_person_jobs_open", "person_jobs", ["person_id"], unique=True, postgresql_where=OPEN)
    op.create_index("ix_person_jobs_person_id_id", "person_jobs", ["person_id", "id"])
    op.create_index("ix_person_jobs_open", "person_jobs", ["id"], postgresql_where=OPEN)
    op.create_index(
        "ix_person_jobs_kept",
        "person_jobs",
        ["expires_at"],
        postgresql_where=sa.text("result_key IS NOT NULL"),
    )
    op.create_table(
        "mentions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("place", _enum("place", "title", "description", "comment"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("spans", postgresql.JSONB(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("decision", _enum("decision", "kept", "replaced"), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["person_jobs.id"], name=op.f("fk_mentions_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_mentions_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_mentions_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name=op.f("fk_mentions_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
    )
    op.create_index("ix_mentions_job_id_id", "mentions", ["job_id", "id"])
    op.create_index(
        "ix_mentions_undecided", "mentions", ["job_id", "id"], postgresql_where=sa.text("decision IS NULL")
    )
    op.create_index("ix_mentions_ticket_id", "mentions", ["ticket_id"])
    op.create_index("ix_mentions_comment_id", "mentions", ["comment_id"])


def downgrade() -> None:
    op.drop_table("mentions")
    op.drop_table("person_jobs")
    op.drop_column("users", "anonymized_at")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
