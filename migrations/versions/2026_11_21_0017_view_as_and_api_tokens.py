"""Whom an admin sees the desk as, and the tokens by which programs act for a person.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("viewing_as_id", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("viewing_until", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_sessions_viewing_as_id"), "sessions", "users", ["viewing_as_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_sessions_viewing"), "sessions", "(viewing_as_id IS NULL) = (viewing_until IS NULL)"
    )
    op.create_index(
        "ix_sessions_viewing_as_id",
        "sessions",
        ["viewing_as_id"],
        postgresql_where=sa.text("viewing_as_id IS NOT NULL"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_address", sa.String(length=64), nullable=False),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f("ck_api_tokens_scopes")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_tokens_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_api_tokens_token_digest")),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])


def downgrade() -> None:
    op.drop_table("api_tokens")
    op.drop_index("ix_sessions_viewing_as_id", table_name="sessions")
    op.drop_constraint(op.f("ck_sessions_viewing"), "sessions", type_="check")
    op.drop_constraint(op.f("fk_sessions_viewing_as_id"), "sessions", type_="foreignkey")
    op.drop_column("sessions", "viewing_until")
    op.drop_column("sessions", "viewing_as_id")
