"""Passkeys, and the admins who may use a password where nobody else may.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ASKED_FOR = sa.Enum(
    "login", "second_step", "new", name="askedfor", native_enum=False, create_constraint=True, length=40
)


def upgrade() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("transports", sa.String(length=100), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkeys_public_id")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"], unique=False)
    op.create_table(
        "passkey_challenges",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_for", ASKED_FOR, nullable=False),
        sa.Column("held_by", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_passkey_challenges")),
    )
    op.create_index(
        op.f("ix_passkey_challenges_expires_at"), "passkey_challenges", ["expires_at"], unique=False
    )
    for table, column in (("users", "is_break_glass"), ("half_logins", "is_emergency")):
        op.add_column(table, sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Who had passkeys and no app would have no second step left to show: theirs is switched off."""
    op.execute(
        "UPDATE users SET two_step_since = NULL WHERE two_step_since IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM two_step_keys WHERE two_step_keys.user_id = users.id)"
    )
    op.execute(
        "DELETE FROM recovery_codes USING users"
        " WHERE users.id = recovery_codes.user_id AND users.two_step_since IS NULL"
    )
    op.drop_column("half_logins", "is_emergency")
    op.drop_column("users", "is_break_glass")
    op.drop_table("passkey_challenges")
    op.drop_table("passkeys")
