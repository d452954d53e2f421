"""Two-step login, another mail address, and who stands in for whom.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(length=40), server_default="", nullable=False))
    op.add_column("users", sa.Column("absent_from", sa.Date(), nullable=True))
    op.add_column("users", sa.Column("absent_until", sa.Date(), nullable=True))
    op.add_column("users", sa.Column("deputy_id", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("two_step_since", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_users_deputy_id"), "users", "users", ["deputy_id"], ["id"], ondelete="SET NULL"
    )
    op.create_check_constraint(
        op.f("ck_users_absence"),
        "users",
        "(absent_from IS NULL) = (absent_until IS NULL) AND absent_from <= absent_until",
    )
    op.create_table(
        "two_step_keys",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_secret", sa.String(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_two_step_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_two_step_keys")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "code_digest", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "half_logins",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_remembered", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_half_logins_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_half_logins")),
    )
    op.create_index(op.f("ix_half_logins_user_id"), "half_logins", ["user_id"], unique=False)
    op.create_table(
        "address_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("old_email", sa.String(length=254), nullable=False),
        sa.Column("new_email", sa.String(length=254), nullable=False),
        sa.Column("old_digest", sa.String(length=64), nullable=False),
        sa.Column("new_digest", sa.String(length=64), nullable=False),
        sa.Column("old_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_address_changes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("new_digest", name=op.f("uq_address_changes_new_digest")),
        sa.UniqueConstraint("old_digest", name=op.f("uq_address_changes_old_digest")),
    )
    op.create_index(op.f("ix_address_changes_user_id"), "address_changes", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_address_changes_user_id"), table_name="address_changes")
    op.drop_table("address_changes")
    op.drop_index(op.f("ix_half_logins_user_id"), table_name="half_logins")
    op.drop_table("half_logins")
    op.drop_table("recovery_codes")
    op.drop_table("two_step_keys")
    op.drop_constraint(op.f("ck_users_absence"), "users", type_="check")
    op.drop_constraint(op.f("fk_users_deputy_id"), "users", type_="foreignkey")
    for column in ("two_step_since", "deputy_id", "absent_until", "absent_from", "phone"):
        op.drop_column("users", column)
